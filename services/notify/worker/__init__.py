"""Notify listens to all: what happened becomes messages, what consumers report becomes their fate."""

from __future__ import annotations

from services.notify import heard
from services.notify.store import NotifyStore
from services.notify.worker.care import NotesForCare
from services.notify.worker.holding import FollowsDigests
from services.notify.worker.messages import FollowsMessages
from services.notify.worker.replies import TakesReplies
from services.notify.worker.work import TellsOfWork
from shared.bus import Health, on_event
from shared.events import Event
from shared.mongo import Mongo


class NotifyWorker(Health, TellsOfWork, FollowsMessages, TakesReplies, NotesForCare, FollowsDigests):
    """Event handlers, a mixin for each area."""

    name = "notify-worker"
    store = Mongo(NotifyStore, sweeps=True)

    @on_event("intake", "customer_saved", heard.CustomerSaved)
    def keep_customer(self, event: Event) -> None:
        """Addresses, language and preferences; the newest number wins."""
        self.store.customers.save(event)
