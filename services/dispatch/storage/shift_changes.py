"""The timer that writes a log when a shift of a team ends; once, by whichever process comes first (ADR 0063).

Each process looks back to where it looked last. One that has just started looks back to the team's last log, so that no
shift's end is lost while all were away. A log that has notes is written also where the roster has no such end any more.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.people import shift_log
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shift_log import LogState, ShiftLog, ShiftLogDecision
from services.dispatch.domain.work.left_open import left_open
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.states import IN_WORK, State
from services.dispatch.domain.work.turn import place
from services.dispatch.storage.agents import Agents
from services.dispatch.storage.shift_logs import ShiftLogs
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Cause
from shared.outage import is_outage

log = logging.getLogger("loopdesk.shift_changes")

#: How far back a process looks that has just started: at most, for teams that have logs, and for others.
LOST, NEW = timedelta(hours=24), timedelta(minutes=1)
#: Clocks of machines differ, and a roster may change just when a shift ends.
OVERLAP = timedelta(minutes=1)
INSTANT = timedelta(milliseconds=1)
_CLOSED = [LogState.WRITTEN.value, LogState.ACKNOWLEDGED.value]
_OPEN_WORK = [state.value for state in (*IN_WORK, State.HELD)]


class AlreadyWritten(Exception):
    """Another process was faster; nothing is written."""


class ShiftChanges:
    """`read` makes a work order of its document; `roster` gives the one in force."""

    def __init__(
        self,
        logs: ShiftLogs,
        agents: Agents,
        orders: Aggregates[Order],
        read: Callable[[Mapping[str, Any]], Order],
        roster: Callable[[], Roster],
    ) -> None:
        self._logs = logs.aggregates
        self._agents = agents
        self._orders = orders.collection
        self._read = read
        self._roster = roster
        self._looked: datetime | None = None

    def write_due(self, now: datetime) -> int:
        """A turn of the timer: the logs of all shifts that have ended since the last one; gives how many it wrote."""
        roster = self._roster()
        teams = self._teams() if roster.rotas else {}
        ended = [
            shift_log.a_log(team, end)
            for team, agents in teams.items()
            for end in shift_log.ends(agents, roster, self._since(team, now), now)
        ]
        due = {one.log_id: one for one in [*ended, *self._noted(now)]}
        written = [self._tried(one, teams.get(one.team, []), roster, now) for one in self._unwritten(due)]
        if None not in written:  # else the next turn looks as far back again
            self._looked = now
        return written.count(True)

    def _teams(self) -> dict[str, list[Agent]]:
        """Team -> those of it who have a rota."""
        teams: defaultdict[str, list[Agent]] = defaultdict(list)
        for agent in self._agents.on_rotas():
            for team in agent.teams:
                teams[team].append(agent)
        return teams

    def _since(self, team: str, now: datetime) -> datetime:
        if self._looked is not None:
            return self._looked - OVERLAP
        wanted = {"team": team, "state": {"$in": _CLOSED}}
        last = self._logs.collection.find_one(wanted, {"ended_at": 1}, sort=[("place", -1)], hint="of_team")
        return max(now - LOST, last["ended_at"]) if last else now - NEW

    def _noted(self, now: datetime) -> Iterator[ShiftLog]:
        """Open logs, which have notes, of shifts that have ended."""
        wanted = {"state": LogState.OPEN.value, "place": {"$lt": place(now + INSTANT, "")}}
        found = self._logs.collection.find(wanted, {"team": 1, "ended_at": 1}).hint("of_state")
        yield from (shift_log.a_log(doc["team"], doc["ended_at"]) for doc in found)

    def _unwritten(self, due: Mapping[str, ShiftLog]) -> list[ShiftLog]:
        if not due:
            return []
        wanted = {"_id": {"$in": list(due)}, "state": {"$in": _CLOSED}}
        there = {doc["_id"] for doc in self._logs.collection.find(wanted, {"_id": 1})}
        return [one for log_id, one in due.items() if log_id not in there]

    def _tried(self, blank: ShiftLog, agents: Sequence[Agent], roster: Roster, now: datetime) -> bool | None:
        """Whether it was written; None: that failed, which must not keep the logs of others from being written."""
        try:
            return self._write(blank, agents, roster, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("a shift log was not written", extra={"aggregate": blank.log_id})
            return None

    def _write(self, blank: ShiftLog, agents: Sequence[Agent], roster: Roster, now: datetime) -> bool:
        change = shift_log.change_at(agents, roster, blank.ended_at)

        def decide(state: ShiftLog, at: datetime) -> ShiftLogDecision:
            left = left_open(self._open_work(state.team), state.team, at)
            state, facts = shift_log.write(state, at, change, left.counts, left.rows)
            if not facts:
                raise AlreadyWritten
            return state, facts

        try:
            self._logs.change_or_create(Cause.tick(now), blank.log_id, lambda: blank, decide)
        except AlreadyWritten:
            return False
        return True

    def _open_work(self, team: str) -> Iterator[Order]:
        wanted = {"teams": team, "state": {"$in": _OPEN_WORK}, "replay_until": None}
        yield from (self._read(doc) for doc in self._orders.find(wanted, STATE_ONLY).hint("of_team"))
