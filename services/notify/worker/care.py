"""What care plans greet customers for, and what they remind them of."""

from __future__ import annotations

from services.notify import heard
from services.notify.heard import replies as heard_replies
from services.notify.store import NotifyStore
from shared.bus import on_event
from shared.events import Event
from shared.mongo import Mongo


class NotesForCare:
    """Handlers of what care plans may come after (reference_care.EVENTS), and of appointments."""

    store: Mongo[NotifyStore]

    @on_event("dispatch", "work_resolved", heard.WorkResolved)
    @on_event("dispatch", "work_closed", heard.WorkClosed)
    @on_event("dispatch", "work_withdrawn", heard.WorkWithdrawn)
    @on_event("dispatch", "appointment_set", heard_replies.AppointmentEvent)
    @on_event("dispatch", "appointment_changed", heard_replies.AppointmentChanged)
    @on_event("dispatch", "appointment_cancelled", heard_replies.AppointmentCancelled)
    def note_for_care(self, event: Event) -> None:
        """Care plans in force remember what they are to tell, and forget what is over."""
        self.store.care.note(event, self.store.db.clock.now())
