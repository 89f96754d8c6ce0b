"""Logs of shift changes as stored: notes for those who come next, reading, acknowledging. Written: shift_changes.py.

A log is named by its team and the end of its shift. Notes of the shift that goes on wait in it, open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.dispatch.domain.people import shift_log
from services.dispatch.domain.people.shift_log import LogState, ShiftLog, ShiftLogDecision
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.errors import NoShiftAhead
from services.dispatch.events import SHIFT_LOG_EVENTS
from services.dispatch.storage.agents import Agents
from services.dispatch.storage.shift_log_documents import shift_log_answer, shift_log_document, shift_log_from
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Call
from shared.mongo import Database

#: Index name -> its fields.
INDEXES = {"of_state": ("state", "place"), "of_team": ("team", "state", "place")}
_STATES = {None: tuple(LogState), True: (LogState.ACKNOWLEDGED,), False: (LogState.WRITTEN,)}

Answer = dict[str, Any] | None


class ShiftLogs:
    """`reference` gives the one in force."""

    def __init__(self, db: Database, agents: Agents, reference: Callable[[], Reference]) -> None:
        self._db = db
        self._agents = agents
        self._reference = reference
        self.aggregates = Aggregates(
            db,
            "dispatch_shift_logs",
            what="shift log",
            to_document=shift_log_document,
            from_document=shift_log_from,
            published=SHIFT_LOG_EVENTS,
        )

    def get(self, log_id: str) -> ShiftLog:
        """The log, or `NotFound`."""
        return self.aggregates.get(log_id)

    def find(
        self, team: str | None, acknowledged: bool | None, limit: int, after: str | None
    ) -> tuple[list[ShiftLog], str | None]:
        """At most `limit` logs, the newest first, and the cursor of the next page (None: the last).

        `acknowledged` False: those that wait for it; None: all, also of shifts that go on.
        """
        wanted: dict[str, Any] = {"state": {"$in": [state.value for state in _STATES[acknowledged]]}}
        if team is not None:
            wanted["team"] = team
        if after is not None:
            wanted["place"] = {"$lt": after}
        rows = self.aggregates.collection.find(wanted, STATE_ONLY).hint("of_state" if team is None else "of_team")
        found = list(rows.sort("place", -1).limit(limit + 1))
        more = found[limit - 1]["place"] if len(found) > limit else None
        return [shift_log_from(doc) for doc in found[:limit]], more

    def add_note(self, call: Call, team: str, text: str) -> Answer:
        """A note for those who come next, in the log of the team's shift that ends next. Raises NoShiftAhead."""
        call = replace(call, at=None)  # it is about the present, also for a caller who may set times
        end = shift_log.next_end(self._agents.on_rotas(team), self._reference().roster, self._db.clock.now())
        if end is None:
            raise NoShiftAhead(team)
        log, by = shift_log.a_log(team, end), call.actor or call.caller
        return self.aggregates.change_or_create(
            call, log.log_id, lambda: log, lambda log, at: shift_log.add_note(log, at, by, text), shift_log_answer
        )

    def acknowledge(self, call: Call, log_id: str, agent_id: str, note: str | None) -> Answer:
        """Somebody who takes over has read it. Raises NotFound, and what `shift_log.acknowledge` does."""
        agent, reference = self._agents.get(agent_id), self._reference()

        def decide(log: ShiftLog, at: datetime) -> ShiftLogDecision:
            team = reference.teams.get(log.team)
            return shift_log.acknowledge(log, at, agent, reference.roster, note, team.supervisor if team else None)

        return self.aggregates.change(replace(call, at=None), log_id, decide, shift_log_answer)
