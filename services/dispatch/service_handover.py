"""Dispatch's RPC methods: who stands in for whom, and what one shift leaves to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch import schemas_handover
from services.dispatch.domain.people.stand_ins import HandOver
from services.dispatch.handovers import hand_over_answer
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class HandOvers:
    """Who stands in for whom, and what one shift leaves to the next."""

    store: Mongo[DispatchStore]

    @command("supervise", schemas_handover.HandOver)
    def hand_over(self, call: Call, agent: str, to: str, since: datetime | None, until: datetime, reason: str) -> Any:
        """All open and new work of an agent is the stand-in's until then, and comes back by itself: the hand-over.

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
        return self.store.stand_ins.hand_over(call, asked)

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
