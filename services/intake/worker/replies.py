"""What customers write, as notify passes it on."""

from __future__ import annotations

from services.intake.heard import replies as heard_replies
from services.intake.store import IntakeStore
from services.intake.taking import Taking
from shared.bus import on_event
from shared.events import Event
from shared.mongo import Mongo


class TakesMessages:
    """Handlers of inbound messages."""

    store: Mongo[IntakeStore]

    @on_event("notify", "contact_received", heard_replies.ContactReceived)
    def take_contact(self, event: Event) -> None:
        """A message that a person must see to becomes a ticket."""
        Taking(self.store).contact(event)

    @on_event("notify", "reply_received", heard_replies.ReplyReceived)
    def take_reply(self, event: Event) -> None:
        """A message about a ticket."""
        Taking(self.store).reply(event)

    @on_event("notify", "status_asked", heard_replies.StatusAsked)
    def tell_status(self, event: Event) -> None:
        """Somebody asks how a ticket stands."""
        Taking(self.store).status(event)
