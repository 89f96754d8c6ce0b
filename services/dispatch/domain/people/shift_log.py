"""The log of a shift change (交接班记录): what one shift of a team leaves to the next (ADR 0063). Pure.

A team's shift ends when a duty of somebody on it ends by the rota, whoever is on leave. The next shift is whoever of
the team is on duty at the first instant from then on at which anybody is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.roster import Roster
from services.dispatch.errors import AlreadyAcknowledged, NotOnShift, ShiftNotOver, TooManyNotes
from shared.events import Aggregate, Fact

#: So far ahead the next shift, or the end of this one, is looked for.
AHEAD = timedelta(days=14)
#: A shift is shorter.
LONGEST_SHIFT = timedelta(days=2)
MOST_NOTES = 200


class LogState(StrEnum):
    """Where a log stands."""

    OPEN = "open"  # its shift is not over: it takes notes
    WRITTEN = "written"  # the next shift has to acknowledge it
    ACKNOWLEDGED = "acknowledged"


class As(StrEnum):
    """By what right somebody acknowledges a log."""

    NEXT_SHIFT = "next_shift"
    LATER_SHIFT = "later_shift"  # none was ahead when the log was written: whoever of the team is on duty some day
    SUPERVISOR = "supervisor"  # the team's, where nobody else does


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wants the next shift to know."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of shifts: the codes of those that end, and of those that begin at `next_at` (None: none within AHEAD).

    `on` are the agents whose duty ends, leave left out.
    """

    shifts: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    next_shifts: tuple[str, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ShiftLog(Aggregate):
    """One log, of the team's shift that ends at `ended_at`.

    `counts` and `rows` are the open work as it was at `written_at`: how much there is of what, and at most so many rows
    as `work/left_open.py` says, the most urgent first.
    """

    log_id: str
    team: str
    ended_at: datetime
    state: LogState = LogState.OPEN
    change: Change = field(default_factory=Change)
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[Note, ...] = ()
    written_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_as: As | None = None
    acknowledgement: str | None = None


ShiftLogDecision = tuple[ShiftLog, list[Fact]]


def a_log(team: str, ended_at: datetime) -> ShiftLog:
    """The log of that shift before anything is in it."""
    at = ended_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return ShiftLog(log_id=f"{team}/{at}", team=team, ended_at=ended_at)


def ends(agents: Iterable[Agent], roster: Roster, since: datetime, until: datetime) -> list[datetime]:
    """When shifts of these agents' team end, after `since` and up to `until`, in order."""
    planned = (duty.until for agent in agents for duty in roster.planned(agent, since, until))
    return sorted({end for end in planned if since < end <= until})


def next_end(agents: Iterable[Agent], roster: Roster, at: datetime) -> datetime | None:
    """When the shift that goes on at `at`, or the next one, ends; None: there is none within AHEAD."""
    return next(iter(ends(agents, roster, at, at + AHEAD)), None)


def change_at(agents: Iterable[Agent], roster: Roster, end: datetime) -> Change:
    """Who goes, and who comes, at that end of a shift."""
    team = sorted(agents, key=lambda agent: agent.agent_id)
    before = end - LONGEST_SHIFT
    going = [(agent.agent_id, duty) for agent in team for duty in roster.duties(agent, before, end)]
    planned = {duty.shift for agent in team for duty in roster.planned(agent, before, end) if duty.until == end}
    ahead = [duty for agent in team for duty in roster.duties(agent, end, end + AHEAD)]
    next_at = min((max(end, duty.since) for duty in ahead), default=None)
    return Change(
        shifts=tuple(sorted(planned)),
        on=tuple(agent_id for agent_id, duty in going if duty.until == end),
        next_shifts=tuple(sorted({duty.shift for duty in ahead if next_at is not None and duty.holds(next_at)})),
        next_at=next_at,
    )


def add_note(log: ShiftLog, at: datetime, by: str, text: str) -> ShiftLogDecision:
    """One more note. Raises `TooManyNotes`, `AlreadyAcknowledged`."""
    _require_unread(log)
    if len(log.notes) >= MOST_NOTES:
        raise TooManyNotes(log.log_id, MOST_NOTES)
    note = Note(by=by, at=at, text=text)
    return replace(log, notes=(*log.notes, note)), [Fact("shift_note_added", at, {"by": by, "text": text})]


def write(
    log: ShiftLog, at: datetime, change: Change, counts: Mapping[str, int], rows: Iterable[Mapping[str, Any]]
) -> ShiftLogDecision:
    """The shift is over: this is what it leaves. No facts: it was written before, and stays as it was."""
    if log.state is not LogState.OPEN:
        return log, []
    written = replace(log, state=LogState.WRITTEN, change=change, counts=dict(counts), rows=tuple(rows), written_at=at)
    told = {"shifts": list(change.shifts), "to": list(change.next_shifts), "next_at": change.next_at}
    return written, [Fact("shift_log_written", at, {**told, "counts": dict(counts), "notes": len(log.notes)})]


def acknowledge(
    log: ShiftLog, at: datetime, agent: Agent, roster: Roster, note: str | None, supervisor: str | None = None
) -> ShiftLogDecision:
    """Somebody who takes over, or the team's `supervisor`, has read it, and the log has come to its end.

    Raises `ShiftNotOver`, `NotOnShift`, `AlreadyAcknowledged`.
    """
    if log.state is LogState.OPEN:
        raise ShiftNotOver(log.log_id)
    _require_unread(log)
    right = right_of(log, at, agent, roster, supervisor)
    if right is None:
        raise NotOnShift(agent.agent_id, log.log_id)
    read = replace(
        log,
        state=LogState.ACKNOWLEDGED,
        acknowledged_by=agent.agent_id,
        acknowledged_at=at,
        acknowledged_as=right,
        acknowledgement=note,
    )
    told = {"agent": agent.agent_id, "as": right.value, "note": note}
    return read, [Fact("shift_log_acknowledged", at, told)]


def right_of(log: ShiftLog, at: datetime, agent: Agent, roster: Roster, supervisor: str | None) -> As | None:
    """By what right the agent may acknowledge it at that time; None: it may not."""
    if is_next(log, agent, roster):
        return As.NEXT_SHIFT
    if agent.agent_id == supervisor:
        return As.SUPERVISOR
    none_ahead = log.change.next_at is None and log.team in agent.teams
    return As.LATER_SHIFT if none_ahead and roster.duty_at(agent, at) is not None else None


def is_next(log: ShiftLog, agent: Agent, roster: Roster) -> bool:
    """Whether the agent is of the next shift, by the roster as it is now: swaps and leave count."""
    next_at = log.change.next_at
    return log.team in agent.teams and next_at is not None and roster.duty_at(agent, next_at) is not None


def _require_unread(log: ShiftLog) -> None:
    if log.acknowledged_by is not None:
        raise AlreadyAcknowledged(log.log_id, log.acknowledged_by)
