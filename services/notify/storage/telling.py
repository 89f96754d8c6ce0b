"""From an event to the ledger: every message that the rules owe on it."""

from __future__ import annotations

from services.notify.domain import ledger, rules
from services.notify.domain.ledger import Occurrence
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.messages import Messages
from shared.cause import Cause
from shared.events import Event
from shared.reference import Reference


class Telling:
    """What happens becomes messages, once."""

    def __init__(self, reference: Reference[Rules], messages: Messages, customers: Customers) -> None:
        self._reference = reference
        self._messages = messages
        self._customers = customers

    def tell(self, event: Event) -> None:
        """Write every message that the rules owe on this event; those written before stay as they are."""
        reference = self._reference.current()
        owed = reference.rules_for(event.type, event.data)
        customer = self._customers.get(event.data["customer_id"]) if rules.needs_customer(owed) else None
        occurrence = occurrence_of(event)
        for message, facts in reference.messages(occurrence, event.data, customer):
            self._messages.create(Cause.from_event(event), message.message_id, message, facts)


def occurrence_of(event: Event) -> Occurrence:
    """What an event is to those who are told of it."""
    return Occurrence(
        id=event.id,
        event=event.type,
        at=event.at,
        recorded_at=event.recorded_at,
        ticket_no=event.data.get("ticket_no", ""),
        order_no=event.data.get("order_no", ""),
        promise=ledger.promise_of(event.type, event.data),
        replayed=event.replay_until is not None,
        number=event.number,
    )
