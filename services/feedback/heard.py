"""Dispatch's events and feedback's own (docs/events.md) as feedback hears them: only what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.schemas import Consumed, Instant


class WorkEvent(Consumed):
    """What every event of dispatch says."""

    order_no = fields.String(required=True)
    ticket_no = fields.String(required=True)
    customer_id = fields.String(required=True)
    type = fields.String(required=True)
    category = fields.String(required=True)
    priority = fields.String(required=True)
    team = fields.String(required=True)
    round = fields.Integer(required=True, validate=validate.Range(min=0))


class WorkOpened(WorkEvent):
    """It began."""

    opened_at = Instant(required=True)
    first_response_due = Instant(required=True, allow_none=True)
    resolution_due = Instant(required=True, allow_none=True)


class WorkResponded(WorkEvent):
    """The customer got the first response."""

    responded_at = Instant(required=True)
    due = Instant(required=True, allow_none=True)
    met = fields.Boolean(required=True)


class WorkTransferred(WorkEvent):
    """Another team has it."""


class WorkResolved(WorkEvent):
    """It is done."""

    resolved_at = Instant(required=True)
    due = Instant(required=True, allow_none=True)
    met = fields.Boolean(required=True)


class WorkReopened(WorkEvent):
    """It was not done well enough; `round` is the new one."""

    round = fields.Integer(required=True, validate=validate.Range(min=1))
    reason = fields.String(load_default=None, allow_none=True)
    cause = fields.String(required=True)


class WorkClosed(WorkEvent):
    """The follow-up is over."""

    closed_at = Instant(required=True)
    outcome = fields.String(required=True)


class WorkWithdrawn(WorkEvent):
    """It was stopped."""

    reason = fields.String(load_default=None, allow_none=True)


class WorkWentLive(WorkEvent):
    """Its replay has ended."""


class WorkPrioritised(WorkEvent):
    """It is more or less pressing; `priority` is the new one."""


class WorkTriaged(WorkEvent):
    """Experts have said what it is; `type`, `category` and `priority` are the new ones."""


class StepCompleted(WorkEvent):
    """A step of its flow is done; `met` is null where no time was promised."""

    visit = fields.Integer(required=True)
    due = Instant(load_default=None, allow_none=True)
    met = fields.Boolean(required=True, allow_none=True)


class DeadlineMissed(WorkEvent):
    """A deadline passed, whether or not it is kept late. A step's names its visit."""

    clock = fields.String(required=True)
    visit = fields.Integer(load_default=None, allow_none=True)
    due = Instant(required=True)

    @validates_schema
    def _step_has_visit(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["clock"] == "step" and data["visit"] is None:
            raise ValidationError("A step's deadline needs its visit.", "visit")


class SurveyReplied(Consumed):
    """Notify: a message that answers the survey of that case."""

    reply_id = fields.String(required=True)
    case_no = fields.String(required=True)
    score = fields.Integer(required=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2_000))


class CaseEvent(Consumed):
    """What feedback reads of its own events."""

    order_no = fields.String(required=True)
    round = fields.Integer(required=True)


class SurveyDue(CaseEvent):
    """A survey went out."""

    expires_at = Instant(required=True)


class SurveyAnswered(CaseEvent):
    """A survey was answered."""

    score = fields.Integer(required=True, validate=validate.Range(1, 5))
