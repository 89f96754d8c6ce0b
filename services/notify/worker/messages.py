"""What consumers report becomes a message's fate; what cannot be told by one channel goes on to the next."""

from __future__ import annotations

from services.notify import heard
from services.notify.domain import ledger
from services.notify.store import NotifyStore
from shared.bus import every, on_event
from shared.cause import Cause
from shared.events import Event
from shared.mongo import Mongo


class FollowsMessages:
    """Receipts, chains, and the ledger's timer."""

    store: Mongo[NotifyStore]

    @on_event("consumers", "receipt", heard.Receipt)
    def take_receipt(self, event: Event) -> None:
        """A consumer says what became of a message."""
        said, cause = dict(event.data), Cause.from_event(event)
        row, attempt = ledger.attempt_of(said.pop("message_id"))
        reached = self.store.messages.limits().reached[said["channel"]]
        self.store.messages.change(
            cause, row, lambda message, at: ledger.receive(message, at, attempt=attempt, reached=reached, **said)
        )

    @on_event("notify", "message_ended", heard.MessageMoved)
    def tell_otherwise(self, event: Event) -> None:
        """The next channel tells it, or a person has to look."""
        self.store.fallback.go_on(event)

    @on_event("notify", "message_reached", heard.MessageMoved)
    def settle_notice(self, event: Event) -> None:
        """Whoever was told needs not be told otherwise, and nobody is to see to what had failed."""
        self.store.notices.settle(Cause.from_event(event), event.data["message_id"])

    @every(seconds=0.5)
    def wake_messages(self) -> None:
        """What was held comes up again, what has had no word for long is unknown, calls that nobody ended return."""
        self.store.wake()
