"""What notify tells of inbound messages (docs/events.md), as lenient as intake can bear."""

from __future__ import annotations

from marshmallow import fields, validate

from services.intake.domain.customer import CHANNELS
from shared.schemas import Consumed, Instant


class Inbound(Consumed):
    """From whom a message came, and by which channel."""

    reply_id = fields.String(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    from_ = fields.String(data_key="from", required=True)
    received_at = Instant(required=True)


class Message(Inbound):
    """What it says."""

    subject = fields.String(required=True)
    text = fields.String(load_default="")
    attachments = fields.List(fields.Dict(), load_default=list)


class ContactReceived(Message):
    """A person must see to it: why, and which questions it might have answered."""

    why = fields.String(load_default="")
    might = fields.List(fields.Dict(), load_default=list)
    language = fields.String(load_default=None, allow_none=True)
    acknowledge = fields.Boolean(load_default=False)


class ReplyReceived(Message):
    """It answers a message about that ticket, which went to `by` (`customer:…`, `agent:…`; None: not known)."""

    ticket_no = fields.String(required=True)
    by = fields.String(load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True)


class StatusAsked(Inbound):
    """Somebody asks how a ticket stands."""

    ticket_no = fields.String(required=True)
    language = fields.String(load_default=None, allow_none=True)
