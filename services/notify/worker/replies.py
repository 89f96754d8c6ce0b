"""What comes in from outside, what other services make of it, and what is told to whoever wrote."""

from __future__ import annotations

from dataclasses import replace

from services.notify.domain.reading import STOP
from services.notify.domain.status_words import status_name
from services.notify.heard import replies as heard_replies
from services.notify.store import NotifyStore
from shared.bus import on_event
from shared.events import Event
from shared.mongo import Mongo


class TakesReplies:
    """Handlers of inbound messages, and of what follows from them."""

    store: Mongo[NotifyStore]

    @on_event("consumers", "sms_received", heard_replies.SmsReceived)
    def take_sms(self, event: Event) -> None:
        """An SMS came in."""
        self.store.inbound.take_sms(event)

    @on_event("consumers", "mail_received", heard_replies.MailReceived)
    def take_mail(self, event: Event) -> None:
        """A mail came in."""
        self.store.inbound.take_mail(event)

    @on_event("feedback", "reply_settled", heard_replies.ReplySettled)
    @on_event("intake", "reply_settled", heard_replies.ReplySettled)
    @on_event("dispatch", "reply_settled", heard_replies.ReplySettled)
    def settle_reply(self, event: Event) -> None:
        """The service that a reply concerns has taken it, or says why not."""
        self.store.inbound.settle(event)

    @on_event("intake", "ticket_status_told", heard_replies.TicketStatusTold)
    def tell_status(self, event: Event) -> None:
        """Somebody has asked how a ticket stands."""
        self.store.telling.tell(replace(event, data={**event.data, "status_name": status_name(event.data["status"])}))

    @on_event("intake", "contact_taken", heard_replies.ContactTaken)
    def acknowledge_contact(self, event: Event) -> None:
        """What somebody wrote has become a ticket; they hear of it, if they have not heard too much today."""
        if self.store.inbound.may_hear(event.data["reply_id"]):
            self.store.telling.tell(event)

    @on_event("notify", "contact_unsubscribed", heard_replies.ContactUnsubscribed)
    def confirm_stop(self, event: Event) -> None:
        """Whoever said STOP at an address hears, once, that it was heard; not without end, where a machine says it."""
        kind, _, address = event.data["recipient"].partition(":")
        if kind == "address" and event.data["cause"] == STOP:
            said = self.store.wishing.newest(address)
            if said is not None and self.store.answering.may_confirm(said, address, event.id):
                place = {"channel": said.channel, "address": address, "language": said.language}
                self.store.telling.tell(replace(event, data={**event.data, **place}))

    @on_event("dispatch", "customer_replied", heard_replies.CustomerReplied)
    def tell_of_customer(self, event: Event) -> None:
        """The customer has more to say."""
        self.store.telling.tell(event)

    @on_event("dispatch", "appointment_set", heard_replies.AppointmentEvent)
    @on_event("dispatch", "appointment_changed", heard_replies.AppointmentChanged)
    @on_event("dispatch", "appointment_cancelled", heard_replies.AppointmentCancelled)
    @on_event("dispatch", "appointment_confirmed", heard_replies.AppointmentEvent)
    @on_event("dispatch", "appointment_change_wanted", heard_replies.AppointmentChangeWanted)
    def tell_of_appointment(self, event: Event) -> None:
        """Somebody comes to the customer, and the customer agrees or does not."""
        self.store.telling.tell(event)
