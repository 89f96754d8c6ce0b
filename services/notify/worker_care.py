"""What care plans greet customers for."""

from __future__ import annotations

from services.notify import heard
from services.notify.store import NotifyStore
from shared.bus import on_event
from shared.events import Event
from shared.mongo import Mongo


class NotesForCare:
    """Handlers of what care plans may come after (reference_care.EVENTS)."""

    store: Mongo[NotifyStore]

    @on_event("dispatch", "work_resolved", heard.WorkResolved)
    @on_event("dispatch", "work_closed", heard.WorkClosed)
    def note_for_care(self, event: Event) -> None:
        """Care plans that greet after it remember it."""
        self.store.care.note(event, self.store.db.clock.now())
