"""Dispatch's RPC methods: who stands in for whom, and what one shift leaves to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.people.stand_ins import HandOver
from services.dispatch.domain.work.fitness import Caution, warnings
from services.dispatch.schemas import handover as schemas_handover
from services.dispatch.storage.handovers import hand_over_answer
from services.dispatch.storage.shift_log_documents import shift_log_answer, whole_shift_log_answer
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class HandOvers:
    """Who stands in for whom, and what one shift leaves to the next."""

    store: Mongo[DispatchStore]

    @command("supervise", schemas_handover.HandOver)
    def hand_over(self, call: Call, agent: str, to: str, since: datetime | None, until: datetime, reason: str) -> Any:
        """All open and new work of an agent is the stand-in's until then, and comes back by itself: the hand-over.

        `warnings`: {agent, code} of who has the work at the start: on_leave, off_shift (all of its first day), role.

        Raises NotFound (agent), ValidationError (until), CycleOfStandIns, OverlappingHandOver, TooManyHandOvers.
        """
        for agent_id in (agent, to):
            self.store.agents.get(agent_id)
        asked = HandOver(
            id=call.creation_id(),
            agent=agent,
            to=to,
            since=since or self.store.now(),
            until=until,
            reason=reason,
            by=call.actor or call.caller,
        )
        return self.store.stand_ins.hand_over(call, asked, self._cautions)

    @command("supervise", schemas_handover.CancelHandOver)
    def cancel_hand_over(self, call: Call, id: str, reason: str) -> Any:
        """It ends now, or never begins; what is left of the work comes back. Raises NotFound."""
        return self.store.stand_ins.cancel(call, id, reason)

    @query("read", schemas_handover.FindHandOvers)
    def find_hand_overs(self, call: Call, **filters: str) -> Any:
        """Those planned or under way, by their start: {hand_overs: [...]}; `holder`: who has the agent's work now."""
        register, now = self.store.stand_ins.register(), self.store.now()
        found = [hand_over_answer(register, one.id, now) for one in register.hand_overs if one.until > now]
        return {"hand_overs": [one for one in found if filters.items() <= one.items()]}

    @query("read", schemas_handover.FindEndedHandOvers)
    def find_ended_hand_overs(
        self, call: Call, since: datetime | None, until: datetime | None, limit: int, after: str | None, **filters: str
    ) -> Any:
        """A page, the last to end first: {hand_overs: [...], next}; `state`: ended or cancelled, with `why`."""
        found, more = self.store.stand_ins.ended.find(filters, since, until, limit, after)
        return {"hand_overs": found, "next": more}

    @command("work", schemas_handover.AddShiftNote)
    def add_shift_note(self, call: Call, team: str, text: str) -> Any:
        """For those who come next, in the log of the team's present shift: the log.

        Raises NotFound (team), NoShiftAhead, TooManyNotes.
        """
        self.store.reference.current().team(team)
        return self.store.shift_logs.add_note(call, team, text)

    @command("work", schemas_handover.AcknowledgeShiftLog)
    def acknowledge_shift_log(self, call: Call, log_id: str, agent_id: str, note: str | None) -> Any:
        """Somebody of the next shift has read it, or the team's supervisor: the log.

        Where no shift was ahead, whoever of the team is on duty, also days later; `acknowledged_as` says by what right.

        Raises NotFound (log, agent), ShiftNotOver, NotOnShift, AlreadyAcknowledged.
        """
        return self.store.shift_logs.acknowledge(call, log_id, agent_id, note)

    @query("read", schemas_handover.GetShiftLog)
    def get_shift_log(self, call: Call, log_id: str) -> Any:
        """What a shift left: open work, deadlines near and missed, notes. Raises NotFound."""
        return whole_shift_log_answer(self.store.shift_logs.get(log_id))

    @query("read", schemas_handover.FindShiftLogs)
    def find_shift_logs(
        self, call: Call, limit: int, after: str | None, team: str | None = None, acknowledged: bool | None = None
    ) -> Any:
        """A page, newest first: {logs: [...], next: cursor}; `acknowledged` false: those that wait for it."""
        found, more = self.store.shift_logs.find(team, acknowledged, limit, after)
        return {"logs": [shift_log_answer(log) for log in found], "next": more}

    def _cautions(self, made: HandOver, holder: str) -> list[Caution]:
        agent, stand_in = self.store.agents.get(made.agent), self.store.agents.get(holder)
        reference = self.store.reference.current()
        return warnings(agent, stand_in, made.since, made.until, reference.roster, reference.assignment)
