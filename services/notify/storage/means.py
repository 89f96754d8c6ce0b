"""What it takes to tell somebody: whoever writes messages, or lets held ones go, has the same things in hand."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.domain.ledger import Message
from services.notify.domain.preferences import Wishes
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.holding import Holding
from services.notify.storage.messages import Messages
from services.notify.storage.preferences import PreferencesStore
from shared.cause import Cause
from shared.events import Fact
from shared.reference import Reference


@dataclass(frozen=True)
class Means:
    """The rules in force, the ledger, the customers, what people want, and whether a message may go now."""

    reference: Reference[Rules]
    messages: Messages
    customers: Customers
    preferences: PreferencesStore
    holding: Holding

    def write(self, cause: Cause, drafted: Message, facts: list[Fact], wishes: Wishes) -> Message:
        """Store a message as it is decided now: it goes, waits, or is refused; gives it. Stored before, it stays."""
        message, facts = self.holding.enter(drafted, facts, wishes)
        self.messages.create(cause, message.message_id, message, facts)
        return message
