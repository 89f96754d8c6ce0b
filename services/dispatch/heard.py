"""What dispatch hears: the events of intake and feedback (docs/events.md). Field names are those on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from services.dispatch.listing import PRIORITIES
from shared.schemas import Code, Consumed


class TicketSubmitted(Consumed):
    """What intake tells of a new ticket."""

    ticket_no = Code(32, required=True)
    customer_id = fields.String(required=True)
    type = fields.String(required=True)
    category = fields.String(required=True)
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    subject = fields.String(required=True)
    channel = fields.String(load_default="")
    tier = fields.String(load_default="")
    reference = fields.String(load_default="")


class TicketWithdrawn(Consumed):
    """The customer wants no more of it."""

    ticket_no = Code(32, required=True)
    reason = fields.String(required=True)


class TicketReplayEnded(Consumed):
    """It goes live."""

    ticket_no = Code(32, required=True)


class CaseDissatisfied(Consumed):
    """The customer was not satisfied with that round."""

    order_no = fields.String(required=True)
    round = fields.Integer(required=True, strict=True)
    score = fields.Integer(required=True, strict=True)
    comment = fields.String(load_default=None, allow_none=True)


class CaseClosed(Consumed):
    """The follow-up of that round is over."""

    order_no = fields.String(required=True)
    round = fields.Integer(required=True, strict=True)
    outcome = fields.String(required=True)
