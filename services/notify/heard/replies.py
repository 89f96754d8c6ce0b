"""What comes in from outside, and what other services make of it, as notify hears it (docs/events.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, pre_load, validate

from services.notify.heard import ConcernedEvent, WorkEvent
from shared.schemas import Consumed, Instant

LONGEST_ADDRESS, LONGEST_TEXT = 320, 20_000


def _address(**options: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=LONGEST_ADDRESS), **options)


class FromOutside(Consumed):
    """What anybody may write. Halves of characters, as gateways cut texts, are shown as what cannot be read."""

    @pre_load
    def _readable(self, data: Any, **_: Any) -> Any:
        return _whole(data)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {name: _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


class SmsReceived(FromOutside):
    """An SMS from a phone, to a short code or number."""

    from_ = _address(data_key="from", required=True)
    to = _address(required=True)
    text = fields.String(required=True, validate=validate.Length(max=LONGEST_TEXT))
    received_at = Instant(required=True)


class Attachment(Consumed):
    """What came with a mail; it stays where it came in."""

    name = fields.String(load_default="", allow_none=True)
    content_type = fields.String(load_default="", allow_none=True)
    size = fields.Integer(load_default=0, allow_none=True)


class MailReceived(FromOutside):
    """A mail; `text` without what it quotes, `automatic`: why a machine is taken to have written it."""

    from_ = _address(data_key="from", required=True)
    to = _address(required=True)
    token = fields.String(load_default=None, allow_none=True)
    mail_id = fields.String(load_default=None, allow_none=True)
    in_reply_to = fields.String(load_default=None, allow_none=True)
    references = fields.List(fields.String(), load_default=list)
    subject = fields.String(load_default=None, allow_none=True)
    text = fields.String(load_default="")
    automatic = fields.String(load_default=None, allow_none=True)
    received_at = Instant(required=True)
    attachments = fields.List(fields.Nested(Attachment), load_default=list)


class ReplySettled(Consumed):
    """What a service made of a reply; not `taken`: it could not any more, and says why."""

    reply_id = fields.String(required=True)
    taken = fields.Boolean(required=True)
    why = fields.String(load_default=None, allow_none=True)
    ticket_no = fields.String(load_default=None, allow_none=True)


class Sent(Consumed):
    """To whom an event is to be told at the address that it came from."""

    channel = fields.String(required=True, validate=validate.OneOf(("sms", "email")))
    address = _address(required=True)
    language = fields.String(load_default=None, allow_none=True)


class TicketStatusTold(Sent):
    """How a ticket stands, for whoever asked; not `known`: they are told no more than that."""

    reply_id = fields.String(required=True)
    ticket_no = fields.String(required=True)
    known = fields.Boolean(required=True)
    status = fields.String(load_default=None, allow_none=True)
    step_name = fields.Dict(load_default=None, allow_none=True)
    eta = Instant(load_default=None, allow_none=True)


class ContactTaken(Consumed):
    """What somebody wrote to us, by that channel, became a ticket; `follows`: the one that it goes on from."""

    channel = fields.String(required=True)
    ticket_no = fields.String(required=True)
    customer_id = fields.String(required=True)
    subject = fields.String(load_default="")
    follows = fields.String(load_default=None, allow_none=True)
    reply_id = fields.String(load_default=None, allow_none=True)


class ContactUnsubscribed(Consumed):
    """Notify's own: a recipient wants no more of a kind, or wants it again."""

    recipient = fields.String(required=True)
    kind = fields.String(required=True)
    cause = fields.String(required=True)


class CustomerReplied(ConcernedEvent):
    """The customer has more to say about the work."""

    channel = fields.String(load_default="")
    text = fields.String(load_default="")


class AppointmentEvent(WorkEvent):
    """When somebody comes to the customer; `appointment` counts those of the work."""

    appointment = fields.Integer(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True)


class AppointmentChanged(AppointmentEvent):
    """It is another one now; `was_at`: when the one before would have begun."""

    was_at = Instant(required=True)


class AppointmentCancelled(AppointmentEvent):
    """Nobody comes."""

    reason = fields.String(load_default="", allow_none=True)


class AppointmentChangeWanted(AppointmentEvent):
    """The customer wants another one; `wish`: what was said about it."""

    wish = fields.String(load_default=None, allow_none=True)
