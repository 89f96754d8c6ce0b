"""The timer that writes a log when a shift of a team ends; once, by whichever process comes first (ADR 0063).

Each process looks back to where it looked last. One that has just started looks back further for teams that have logs
already, so that no shift's end is lost while all were away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.dispatch.agents import Agents
from services.dispatch.domain.people import shift_log
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shift_log import LogState, ShiftLog, ShiftLogDecision
from services.dispatch.domain.work.left_open import left_open
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.states import IN_WORK, State
from services.dispatch.shift_logs import ShiftLogs
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Cause

#: How far back a process looks that has just started: for teams that have logs, and for others.
LOST, NEW = timedelta(hours=24), timedelta(minutes=1)
#: Clocks of machines differ, and a roster may change just when a shift ends.
OVERLAP = timedelta(minutes=1)
_OPEN_WORK = [state.value for state in (*IN_WORK, State.HELD)]


class AlreadyWritten(Exception):
    """Another process was faster; nothing is written."""


class End(NamedTuple):
    """A shift of a team has ended; `agents` are those of the team who have a rota."""

    log: ShiftLog
    agents: Sequence[Agent]


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
        due = list(self._ended(roster, now)) if roster.rotas else []
        written = sum(self._write(end, roster, now) for end in self._unwritten(due))
        self._looked = now
        return written

    def _ended(self, roster: Roster, now: datetime) -> Iterator[End]:
        teams: defaultdict[str, list[Agent]] = defaultdict(list)
        for agent in self._agents.on_rotas():
            for team in agent.teams:
                teams[team].append(agent)
        for team, agents in teams.items():
            for end in shift_log.ends(agents, roster, self._since(team, now), now):
                yield End(shift_log.a_log(team, end), agents)

    def _since(self, team: str, now: datetime) -> datetime:
        if self._looked is not None:
            return self._looked - OVERLAP
        states = {"$in": [state.value for state in LogState]}
        known = self._logs.collection.find_one({"team": team, "state": states}, {"_id": 1}, hint="of_team")
        return now - (LOST if known else NEW)

    def _unwritten(self, due: Sequence[End]) -> list[End]:
        if not due:
            return []
        wanted = {"_id": {"$in": [end.log.log_id for end in due]}, "state": {"$ne": LogState.OPEN.value}}
        there = {doc["_id"] for doc in self._logs.collection.find(wanted, {"_id": 1})}
        return [end for end in due if end.log.log_id not in there]

    def _write(self, end: End, roster: Roster, now: datetime) -> bool:
        change = shift_log.change_at(end.agents, roster, end.log.ended_at)

        def decide(log: ShiftLog, at: datetime) -> ShiftLogDecision:
            left = left_open(self._open_work(log.team), log.team, at)
            log, facts = shift_log.write(log, at, change, left.counts, left.rows)
            if not facts:
                raise AlreadyWritten
            return log, facts

        try:
            self._logs.change_or_create(Cause.tick(now), end.log.log_id, lambda: end.log, decide)
        except AlreadyWritten:
            return False
        return True

    def _open_work(self, team: str) -> Iterator[Order]:
        wanted = {"teams": team, "state": {"$in": _OPEN_WORK}, "replay_until": None}
        yield from (self._read(doc) for doc in self._orders.find(wanted, STATE_ONLY).hint("of_team"))
