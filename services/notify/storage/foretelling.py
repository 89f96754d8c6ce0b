"""What would become of a notice now, for previews: as when it is written, but nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.notify.domain import holding
from services.notify.domain.audience import Customer
from services.notify.domain.occurrence import Occurrence
from services.notify.domain.preferences import CUSTOMER
from services.notify.domain.previews import Preview, preview
from services.notify.reference import Reference as Rules
from services.notify.storage.holding import Holding
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.tallies import Tallies, day_tally
from services.notify.storage.telling import Wanted
from shared.mongo import Database

Fates = Mapping[int, Mapping[str, Any]]
"""By the `id` of what was considered: `state`, and `reason` and `until` where there are any."""


class Foretelling:
    """Rules tried on an event that did not happen."""

    def __init__(self, db: Database, preferences: PreferencesStore, deciding: Holding) -> None:
        self._clock = db.clock
        self._preferences = preferences
        self._holding = deciding
        self._tallies = Tallies(db)

    def preview(
        self, reference: Rules, event: str, data: Mapping[str, Any], customer: Customer
    ) -> tuple[list[Preview], Fates]:
        """Every rule on such an event, with the customer's wishes; and the fate of each notice that would be sent."""
        wanted = Wanted(self._preferences, reference, customer)
        known = wanted.wishes(f"{CUSTOMER}{customer.customer_id}").customer(customer)
        found = list(preview(reference.rules, reference.staff, event, data, known, wanted.fit))
        occurrence = self._occurrence(event, data)
        return found, {
            id(one): self._fate(reference, occurrence, one.notice, data, known, wanted)
            for rule in found
            for one in rule.considered
            if one.notice.to is not None and one.told_by is None
        }

    def _occurrence(self, event: str, data: Mapping[str, Any]) -> Occurrence:
        now = self._clock.now()
        ticket_no, order_no = (str(data.get(name, "")) for name in ("ticket_no", "order_no"))
        return Occurrence(f"preview/{event}", event, now, now, ticket_no, order_no)

    def _fate(
        self,
        reference: Rules,
        occurrence: Occurrence,
        notice: Any,
        data: Mapping[str, Any],
        customer: Customer,
        wanted: Wanted,
    ) -> dict[str, Any]:
        message, _ = reference.drafted(occurrence, notice, data, customer)
        now = self._clock.now()
        case = self._holding.case(message, wanted.wishes(message.recipient), now)
        # a place of the day is only looked for: a preview takes none
        seen = replace(case, room=lambda day, limit: self._room(message.kind, message.recipient, day) < limit)
        decision = holding.decide(seen, now)
        return {"state": decision.state, "reason": decision.reason, "until": decision.until}

    def _room(self, kind: str, recipient: str, day: str) -> int:
        return len(self._tallies.holders(day_tally(f"kind {kind}", recipient, day)))
