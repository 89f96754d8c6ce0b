"""Who stands in for whom: one register of all hand-overs that are planned or under way (ADR 0063). Pure.

A hand-over is in force from `since` up to, and not at, `until`. What it means for work is in `work/standing_in.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from services.dispatch.errors import CycleOfStandIns, OverlappingHandOver, TooManyHandOvers
from shared.errors import NotFound, ValidationError
from shared.events import Aggregate, Fact

#: Hand-overs at once, so that the register stays small: whoever looks for an agent reads it.
AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """All work of `agent` is for `to`, from `since` up to `until`; `by` is who said so."""

    id: str
    agent: str
    to: str
    since: datetime
    until: datetime
    reason: str
    by: str

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at that instant."""
        return self.since <= at < self.until

    def overlaps(self, other: HandOver) -> bool:
        """Whether both are in force at some instant."""
        return self.since < other.until and other.since < self.until


@dataclass(frozen=True, kw_only=True)
class Register(Aggregate):
    """The hand-overs that have not ended, in order of their start; what has ended is in the history only."""

    hand_overs: tuple[HandOver, ...] = ()


RegisterDecision = tuple[Register, list[Fact]]


def resolve(register: Register, agent: str, at: datetime) -> str:
    """Who has the work of that agent at that instant: itself, or the last of the chain of its stand-ins."""
    return chain(register, agent, at)[-1]


def chain(register: Register, agent: str, at: datetime) -> tuple[str, ...]:
    """The agent, its stand-in, who stands in for that one, and so on.

    It ends, also in a register that no rule of ours has made: at the last agent before one that it has come by.
    """
    return _followed(_in_force(register, at), agent)


def away(register: Register, at: datetime) -> dict[str, str]:
    """Agent -> who has its work, for each agent who has handed over at that instant."""
    to = _in_force(register, at)
    return {agent: _followed(to, agent)[-1] for agent in to}


def hand_over(register: Register, at: datetime, asked: HandOver) -> RegisterDecision:
    """One more hand-over; a start that has passed means now.

    Raises `ValidationError` (until: not after its start, or past), `OverlappingHandOver` where the same agent has
    handed over for a part of the period, `CycleOfStandIns` where work would come back to the agent at any instant of
    the period, `TooManyHandOvers`.
    """
    made = replace(asked, since=max(asked.since, at))
    _check_period(made, at)
    for other in register.hand_overs:
        if other.agent == made.agent and other.overlaps(made):
            raise OverlappingHandOver(made.agent, other.id, other.since, other.until)
    _check_cycles(register, made)
    if len(register.hand_overs) >= AT_ONCE:
        raise TooManyHandOvers(AT_ONCE)
    return _holding(register, *register.hand_overs, made), [Fact("hand_over_made", at, told(made))]


def cancel(register: Register, at: datetime, id: str, reason: str) -> RegisterDecision:
    """A hand-over is over before its time, or never begins. Raises `NotFound`: it has ended, or never was."""
    gone = next((one for one in register.hand_overs if one.id == id), None)
    if gone is None:
        raise NotFound("hand-over", id)
    left = (one for one in register.hand_overs if one.id != id)
    return _holding(register, *left), [Fact("hand_over_cancelled", at, {**told(gone), "why": reason})]


def settle(register: Register, to: datetime) -> RegisterDecision:
    """What has ended by then leaves the register, told with the time at which it ended."""
    over = sorted((one for one in register.hand_overs if one.until <= to), key=lambda one: (one.until, one.id))
    if not over:
        return register, []
    left = (one for one in register.hand_overs if one.until > to)
    return _holding(register, *left), [Fact("hand_over_ended", one.until, told(one), by_time=True) for one in over]


def next_end(register: Register) -> datetime | None:
    """When the next one ends."""
    return min((one.until for one in register.hand_overs), default=None)


def told(one: HandOver) -> dict[str, object]:
    """A hand-over as facts and answers show it."""
    return asdict(one)


def _check_period(made: HandOver, at: datetime) -> None:
    if made.until <= at:
        raise ValidationError({"until": ["Has passed."]})
    if made.until <= made.since:
        raise ValidationError({"until": ["Must be after since."]})


def _check_cycles(register: Register, made: HandOver) -> None:
    """All hand-overs of a cycle are in force when the last of them starts, so those instants are enough to look at."""
    if made.agent == made.to:
        raise CycleOfStandIns([made.agent, made.to], made.since)
    starts = {one.since for one in register.hand_overs if made.in_force(one.since)}
    for at in sorted({made.since, *starts}):
        names = chain(register, made.to, at)
        if made.agent in names:
            raise CycleOfStandIns([made.agent, *names[: names.index(made.agent) + 1]], at)


def _in_force(register: Register, at: datetime) -> Mapping[str, str]:
    return {one.agent: one.to for one in register.hand_overs if one.in_force(at)}


def _followed(to: Mapping[str, str], agent: str) -> tuple[str, ...]:
    names = [agent]
    while (after := to.get(names[-1])) is not None and after not in names:
        names.append(after)
    return tuple(names)


def _holding(register: Register, *hand_overs: HandOver) -> Register:
    return replace(register, hand_overs=tuple(sorted(hand_overs, key=lambda one: (one.since, one.id))))
