"""What intake is asked. What it answers is in answers.py, what it hears in heard.py. Field names are the wire's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.intake.domain import customer as customers
from services.intake.domain import ticket as tickets
from services.intake.domain import triage
from services.intake.listing import PLACE
from shared.business_time import duration
from shared.schemas import Code, Day, Email, Instant, Key, Number, Page, Phone, Request, Text, YesNo, Zone

DATE_NAME, MOST_DATES = r"[a-z][a-z0-9_]{0,31}\Z", 16
LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_REASON = 200, 20_000, 500


def _one_of(values: Sequence[str], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **options)


def _unique(values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("Named twice.")


class Cursor(Text):
    """Where a page of tickets ended."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(PLACE, text):
            raise ValidationError("Not the next of a page.")
        return text


class CustomerFields(Request):
    """What is known of a customer; absent is unchanged, null is none."""

    name = Text(120)
    tier = Code(32)
    language = _one_of(customers.LANGUAGES)
    phone = Phone(allow_none=True)
    email = Email(allow_none=True)
    preferred_channels = fields.List(_one_of(customers.CHANNELS), validate=_unique)
    area = Code(64, allow_none=True)
    household = Code(64, allow_none=True)
    time_zone = Zone(allow_none=True)
    dates = fields.Dict(
        keys=fields.String(validate=validate.Regexp(DATE_NAME, error="Not a name like birthday or contract_end.")),
        values=Day(),
        validate=validate.Length(max=MOST_DATES),
    )


class SaveCustomer(CustomerFields):
    """Without `customer_id` a customer is created, and needs a name."""

    customer_id = Key(64)

    @validates_schema
    def _named(self, data: Mapping[str, Any], **_: Any) -> None:
        if "customer_id" not in data and "name" not in data:
            raise ValidationError("A new customer needs a name.", "name")


class GetCustomer(Request):
    """By id."""

    customer_id = Key(64, required=True)


class NewCustomer(CustomerFields):
    """Enough to find a customer, or to create one."""

    name = Text(120, required=True)

    @validates_schema
    def _reachable(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data.get("phone") and not data.get("email"):
            raise ValidationError("Give a phone or an email.", "phone")


class SubmitTicket(Request):
    """A contact; `customer_id` or `customer`.

    `confidence`: how sure the caller is of type and category (0 to 1). `wanted_agent`: whom the customer asks for.
    `complained_of`: the agent whom a complaint is about. `incident`: the ticket of the mass incident it belongs to.
    """

    customer_id = Key(64)
    customer = fields.Nested(NewCustomer)
    channel = Code(32, required=True)
    subject = Text(LONGEST_SUBJECT, required=True)
    text = Text(LONGEST_TEXT, load_default="")
    type = _one_of(triage.TYPES, required=True)
    category = Code(64, required=True)
    impact = _one_of(triage.LEVELS, required=True)
    urgency = _one_of(triage.LEVELS, required=True)
    occurred_at = Instant()
    reference = Code(64)
    confidence = Number(allow_nan=False, validate=validate.Range(0, 1))
    sensitive = YesNo()
    wanted_agent = Code(64)
    complained_of = Code(64)
    incident = Code(32)

    @validates_schema
    def _by_one_customer(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("customer_id" in data) == ("customer" in data):
            raise ValidationError("Give either customer_id or customer.", "customer_id")


class GetTicket(Request):
    """By number."""

    ticket_no = Key(32, required=True)


class FindTickets(Page):
    """Any combination of filters; `created_from` is included, `created_to` is not."""

    status = _one_of(tickets.STATUSES)
    customer_id = Key(64)
    type = _one_of(triage.TYPES)
    category = Code(64)
    priority = _one_of(triage.PRIORITIES)
    reference = Code(64)
    after = Cursor(40, load_default=None, allow_none=True)
    created_from = Instant()
    created_to = Instant()


class AddNote(Request):
    """A text for a ticket's history."""

    ticket_no = Key(32, required=True)
    text = Text(LONGEST_TEXT, required=True)


class WithdrawTicket(Request):
    """Why the customer wants no more of it."""

    ticket_no = Key(32, required=True)
    reason = Text(LONGEST_REASON, required=True)


class UrgeTicket(Request):
    """What the customer says about it."""

    ticket_no = Key(32, required=True)
    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class EndReplay(Request):
    """The ticket that goes live."""

    ticket_no = Key(32, required=True)


# reference data

_SOME = validate.Length(min=1)


def _some_time(text: str) -> None:
    """A time by the wall clock, over 0 and at most a year."""
    try:
        time = duration(text)
    except ValueError as fault:
        raise ValidationError(str(fault)) from None
    if not timedelta() < time <= timedelta(days=365):
        raise ValidationError("Must be over 0 and at most a year.")


class Category(Schema):
    """`name` by language."""

    name = fields.Dict(keys=_one_of(customers.LANGUAGES), values=Text(80), required=True, validate=_SOME)


class Urgencies(Schema):
    """The priority for each urgency, at one impact."""

    high = _one_of(triage.PRIORITIES, required=True)
    medium = _one_of(triage.PRIORITIES, required=True)
    low = _one_of(triage.PRIORITIES, required=True)


class Impacts(Schema):
    """The priorities for each impact."""

    high = fields.Nested(Urgencies, required=True)
    medium = fields.Nested(Urgencies, required=True)
    low = fields.Nested(Urgencies, required=True)


class InboundEntry(Schema):
    """What a message becomes that a person must see to."""

    type = _one_of(triage.TYPES)
    category = Code(64)
    impact = _one_of(triage.LEVELS)
    urgency = _one_of(triage.LEVELS)


class ReferenceData(Schema):
    """deploy/config/intake.yaml. `urge_every`: once in so long a customer may urge a ticket.

    `inbound`: what a message becomes that a person must see to.
    """

    categories = fields.Dict(keys=Code(64), values=fields.Nested(Category), required=True, validate=_SOME)
    priorities = fields.Nested(Impacts, required=True)
    urge_every = fields.String(validate=_some_time)
    inbound = fields.Nested(InboundEntry)

    @validates_schema
    def _known_category(self, data: Mapping[str, Any], **_: Any) -> None:
        category = data.get("inbound", {}).get("category")
        if category is not None and category not in data["categories"]:
            raise ValidationError({"inbound": {"category": [f"Unknown category {category!r}."]}})
