"""What dispatch is asked and told. Field names are those on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.dispatch.domain.reference.matter import LANGUAGES
from services.dispatch.listing import PRIORITIES, STATES
from services.dispatch.schemas.flows import Members
from shared.schemas import Code, Instant, Page, Request, Text

LONGEST_REASON, LONGEST_SOLUTION, MOST_FIELDS = 500, 20_000, 200
LARGEST_VERSION = 2**31 - 1
PLACE = re.compile(r"[0-9]{15}W-")  # how `listing.place` begins


class OrderCommand(Request):
    """Every command on a work order names it."""

    order_no = Code(34, required=True)


class StepCommand(OrderCommand):
    """`step` names one of several open steps: its code, or the number of the visit as text."""

    step = Code(64, load_default=None, allow_none=True)


class Accept(StepCommand):
    """The agent takes it up."""


class Respond(OrderCommand):
    """The customer has heard from us."""

    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class Hold(OrderCommand):
    """What it waits for: a declared reason, by its code, and a note for colleagues."""

    reason = Code(64, required=True)
    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class Resume(OrderCommand):
    """It waits no more."""


class Transfer(StepCommand):
    """To a team, or to an agent (of that team, where both are named)."""

    team = Code(64)
    agent = Code(64)
    reason = Text(LONGEST_REASON, load_default=None, allow_none=True)

    @validates_schema
    def _somewhere(self, data: Mapping[str, Any], **_: Any) -> None:
        if "team" not in data and "agent" not in data:
            raise ValidationError("Name a team or an agent.", "team")


class Resolve(OrderCommand):
    """What was done, in the customer's words; `language` is that of the text (by its script where not said)."""

    solution = Text(LONGEST_SOLUTION, required=True)
    language = fields.String(validate=validate.OneOf(LANGUAGES), load_default=None, allow_none=True)


class FeeGiven(Request):
    """What a step cost; where no amount is given, what it usually costs."""

    amount = fields.Raw(load_default=None, allow_none=True)
    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class CompleteStep(StepCommand):
    """What was filled in, and what it cost; the last step ends the work with a solution."""

    fields_ = Members(
        keys=Code(64),
        data_key="fields",
        attribute="fields",
        load_default=dict,
        validate=validate.Length(max=MOST_FIELDS),
    )
    fee = fields.Nested(FeeGiven, load_default=None, allow_none=True)
    solution = Text(LONGEST_SOLUTION, load_default=None, allow_none=True)
    language = fields.String(validate=validate.OneOf(LANGUAGES), load_default=None, allow_none=True)


class SkipStep(StepCommand):
    """Why it goes on without the step."""

    reason = Text(LONGEST_REASON, required=True)


class Reroute(StepCommand):
    """To which step, and why."""

    to = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class Prioritise(OrderCommand):
    """How urgent it is, and why."""

    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    reason = Text(LONGEST_REASON, required=True)


class VoidFee(OrderCommand):
    """Which fee counts no more, and why."""

    fee = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    reason = Text(LONGEST_REASON, required=True)


class Reopen(OrderCommand):
    """Why it was not done, and who says so."""

    reason = Text(LONGEST_REASON, required=True)
    cause = fields.String(validate=validate.OneOf(("customer", "agent")), load_default="agent")


class GetWork(Request):
    """By its own number or by the ticket's."""

    order_no = Code(34)
    ticket_no = Code(34)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("order_no" in data) == ("ticket_no" in data):
            raise ValidationError("Give either order_no or ticket_no.", "order_no")


class Version(fields.Integer):
    """A version of the reference data."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(0, LARGEST_VERSION), **kwargs)


class NamedWork(Request):
    """Which work: by its number, the ticket's, or the caller's own reference."""

    order_no = Code(34)
    ticket_no = Code(34)
    reference = Code(64)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(name in data for name in ("order_no", "ticket_no", "reference")) != 1:
            raise ValidationError("Give one of order_no, ticket_no and reference.", "order_no")


class ExplainDeadline(NamedWork):
    """Which clock of which work, as it stood when."""

    clock = Text(80, required=True)
    as_of = Instant(load_default=None, allow_none=True)


class Rerate(Page):
    """The work opened in a period, and under which version: the newest one, or a body that is not applied yet."""

    since = Instant(data_key="from", required=True)
    until = Instant(data_key="to", required=True)
    version = Version(load_default=None, allow_none=True)
    body = fields.Dict(keys=fields.String(), load_default=None, allow_none=True)
    as_of = Instant(load_default=None, allow_none=True)

    @validates_schema
    def _makes_sense(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["until"] <= data["since"]:
            raise ValidationError("Is not after from.", "to")
        if data["version"] is not None and data["body"] is not None:
            raise ValidationError("Give either version or body.", "body")
        if data["after"] is not None and not PLACE.match(data["after"]):
            raise ValidationError("Is not the `next` of a page.", "after")


class ApplyToOpen(Request):
    """Which version (the newest one), for the work under which policies (all), and why."""

    version = Version(load_default=None, allow_none=True)
    policies = fields.List(Code(64), load_default=list, validate=validate.Length(max=100))
    reason = Text(LONGEST_REASON, required=True)


class GetRollout(Request):
    """By id."""

    rollout_id = Code(64, required=True)


class FindWork(Page):
    """Any combination of filters."""

    team = Code(64)
    agent = Code(64)
    state = fields.String(validate=validate.OneOf(STATES))
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    customer_id = Code(64)
    step = Code(64)
    flow = Code(64)
    reference = Code(64)
    parent = Code(34)
