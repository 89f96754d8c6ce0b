"""What dispatch is asked about triage and mass incidents. Field names are those on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from services.dispatch.domain.reference.matter import TYPES
from services.dispatch.listing import PRIORITIES
from services.dispatch.schemas import LONGEST_REASON, OrderCommand
from shared.conditions import LONGEST
from shared.schemas import Code, Instant, Request, Text


class TriageWork(OrderCommand):
    """What it is, whose (by its category where not said), and why the experts think so.

    `complained_of`: whom it is about, where that is not what the ticket says.
    """

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    category = Code(64, required=True)
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    team = Code(64, load_default=None, allow_none=True)
    complained_of = Code(64, load_default=None, allow_none=True)
    reasons = Text(LONGEST_REASON, required=True)


class SetSubject(OrderCommand):
    """Which agent the work is about (null: none), and how that is known."""

    agent = Code(64, required=True, allow_none=True)
    reason = Text(LONGEST_REASON, required=True)


class DeclareMassIncident(OrderCommand):
    """By when it will be over, and which new work is part of it (CEL), where that is known; and why."""

    eta = Instant(load_default=None, allow_none=True)
    match = Text(LONGEST, load_default=None, allow_none=True)
    reason = Text(LONGEST_REASON, required=True)


class LinkWork(OrderCommand):
    """To which mass incident, by the number of its work order, and why."""

    parent = Code(34, required=True)
    reason = Text(LONGEST_REASON, required=True)


class UnlinkWork(OrderCommand):
    """Why it is no part of it."""

    reason = Text(LONGEST_REASON, required=True)


class AnnounceEta(OrderCommand):
    """By when it will be over (null: nobody knows any more), and what else reporters are told."""

    eta = Instant(required=True, allow_none=True)
    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class FindMassIncidents(Request):
    """How many of the open ones, the oldest first."""

    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 100))
