"""What customers write about their work, as intake and notify pass it on."""

from __future__ import annotations

from services.dispatch import domain, heard
from services.dispatch.domain.work import appointments
from services.dispatch.store import Decide, DispatchStore
from shared.bus import on_event
from shared.cause import Cause
from shared.errors import NotFound, NotYetKnown
from shared.events import Event
from shared.mongo import Mongo


class HearsCustomers:
    """Handlers of replies."""

    store: Mongo[DispatchStore]

    @on_event("intake", "customer_replied", heard.CustomerReplied)
    def note_reply(self, event: Event) -> None:
        """The customer has more to say; whoever has the work hears."""
        said = event.data
        self._change(
            event,
            domain.order_no_for(said["ticket_no"]),
            lambda order, at: appointments.customer_replied(order, at, channel=said["channel"], text=said["text"]),
        )

    @on_event("notify", "appointment_answered", heard.AppointmentAnswered)
    def take_answer(self, event: Event) -> None:
        """The customer agrees to an appointment, or wants another one; what became of that is told back."""
        said = event.data
        self._change(
            event,
            said["order_no"],
            lambda order, at: appointments.answered(
                order,
                at,
                number=said["number"],
                answer=said["answer"],
                note=said["note"],
                reply_id=said["reply_id"],
            ),
        )

    def _change(self, event: Event, order_no: str, decide: Decide) -> None:
        try:
            self.store.change(Cause.from_event(event), order_no, decide)
        except NotFound as error:
            raise NotYetKnown(order_no) from error
