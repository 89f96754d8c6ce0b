"""Notify listens to all: what happened becomes messages, what consumers report becomes their fate."""

from __future__ import annotations

from services.notify import heard
from services.notify.domain import ledger
from services.notify.store import NotifyStore
from services.notify.worker_work import TellsOfWork
from shared.bus import Health, on_event
from shared.cause import Cause
from shared.events import Event
from shared.mongo import Mongo


class NotifyWorker(Health, TellsOfWork):
    """Event handlers, a mixin for each area."""

    name = "notify-worker"
    store = Mongo(NotifyStore, sweeps=True)

    @on_event("intake", "customer_saved", heard.CustomerSaved)
    def keep_customer(self, event: Event) -> None:
        """Addresses, language and preferences; the newest number wins."""
        self.store.customers.save(event)

    @on_event("consumers", "receipt", heard.Receipt)
    def take_receipt(self, event: Event) -> None:
        """A consumer says what became of a message."""
        said = event.data
        self.store.messages.change(
            Cause.from_event(event),
            said["message_id"],
            lambda message, at: ledger.receive(
                message,
                at,
                state=said["state"],
                channel=said["channel"],
                detail=said["detail"],
                consumer=said["consumer"],
            ),
        )
