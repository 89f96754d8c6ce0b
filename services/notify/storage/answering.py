"""How often a day somebody who writes to us is answered by machine: so two machines fall silent."""

from __future__ import annotations

from services.notify.domain.replies import Reply
from services.notify.reference import Reference as Rules
from services.notify.storage.preferences import at_address
from services.notify.storage.tallies import Tallies, day_tally
from shared.reference import Reference


class Answering:
    """At most `answers` (reference data) a day to one address by one channel."""

    def __init__(self, reference: Reference[Rules], tallies: Tallies) -> None:
        self._reference = reference
        self._tallies = tallies

    def may_answer(self, reply: Reply) -> bool:
        """Whether its sender may be told what became of it; who may, may whenever asked again."""
        return self._has_place("answers", reply, reply.sender, reply.reply_id)

    def may_confirm(self, stop: Reply, address: str, occurrence: str) -> bool:
        """Whether it may be told there that STOP was heard: counted by itself, so that who wrote before hears it."""
        return self._has_place("stops", stop, address, occurrence)

    def _has_place(self, what: str, reply: Reply, address: str, holder: str) -> bool:
        limit = self._reference.current().holding.answers[reply.channel]
        tally = day_tally(f"{what} {reply.channel}", at_address(address), f"{reply.received_at:%Y-%m-%d}")
        return limit > 0 and self._tallies.take(tally, holder, limit)
