"""What dispatch hears: events of intake, of feedback, and some of its own (docs/events.md). Names are the wire's."""

from __future__ import annotations

from marshmallow import fields, validate

from services.dispatch.domain.work.appointments import ANSWERS
from services.dispatch.listing import PRIORITIES
from shared.schemas import Code, Consumed, Instant


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
    language = fields.String(load_default="")
    confidence = fields.Float(load_default=None, allow_none=True)
    sensitive = fields.Boolean(load_default=False)
    wanted_agent = fields.String(load_default=None, allow_none=True)
    complained_of = fields.String(load_default=None, allow_none=True)
    incident = fields.String(load_default=None, allow_none=True)


class TicketWithdrawn(Consumed):
    """The customer wants no more of it."""

    ticket_no = Code(32, required=True)
    reason = fields.String(required=True)


class TicketReplayEnded(Consumed):
    """It goes live."""

    ticket_no = Code(32, required=True)


class TicketUrged(Consumed):
    """The customer asks for it to be done at last."""

    ticket_no = Code(32, required=True)
    note = fields.String(load_default=None, allow_none=True)


class CustomerReplied(Consumed):
    """Intake: the customer has more to say."""

    ticket_no = Code(32, required=True)
    channel = fields.String(load_default="")
    text = fields.String(load_default="")


class AppointmentAnswered(Consumed):
    """Notify: the customer's word on appointment `number` of the work; `answer`: confirm or change."""

    reply_id = fields.String(required=True)
    order_no = fields.String(required=True)
    number = fields.Integer(required=True, strict=True)
    answer = fields.String(required=True, validate=validate.OneOf(tuple(ANSWERS)))
    note = fields.String(load_default=None, allow_none=True)


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


class MassIncidentEnded(Consumed):
    """Work that others are linked to is over."""

    order_no = fields.String(required=True)
    round = fields.Integer(required=True, strict=True)
    how = fields.String(required=True)
    solution = fields.String(load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True)


class EtaAnnounced(Consumed):
    """By when a mass incident will be over; `parent_no`: its child has heard it."""

    order_no = fields.String(required=True)
    eta = Instant(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True)
    parent_no = fields.String(load_default=None, allow_none=True)


class WorkUrged(Consumed):
    """Somebody wants it done; `parent_no`: the mass incident that it is part of."""

    order_no = fields.String(required=True)
    by = fields.String(required=True)
    note = fields.String(load_default=None, allow_none=True)
    parent_no = fields.String(load_default=None, allow_none=True)


class WorkUnlinked(Consumed):
    """Work that was linked goes its own way."""

    order_no = fields.String(required=True)
    parent_no = fields.String(required=True)
