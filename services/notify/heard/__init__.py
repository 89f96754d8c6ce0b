"""The events that notify hears (docs/events.md): as lenient as notify can bear. Field names are those on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from services.notify.domain import audience, ledger
from shared.schemas import Consumed, Instant, Names


class Told(fields.List[str]):
    """Whom an event itself names."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.String(validate=validate.OneOf(tuple(audience.TELL))), **kwargs)


class CustomerSaved(Consumed):
    """Who the customer is now."""

    customer_id = fields.String(required=True)
    name = fields.String(load_default="")
    language = fields.String(load_default=None, allow_none=True)
    phone = fields.String(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True)
    tier = fields.String(load_default=None, allow_none=True)
    preferred_channels = fields.List(fields.String(), load_default=list)
    area = fields.String(load_default=None, allow_none=True)
    household = fields.String(load_default=None, allow_none=True)
    time_zone = fields.String(load_default=None, allow_none=True)
    dates = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class WorkEvent(Consumed):
    """What every event of dispatch says."""

    order_no = fields.String(required=True)
    ticket_no = fields.String(required=True)
    customer_id = fields.String(required=True)
    type = fields.String(load_default=None, allow_none=True)
    category = fields.String(load_default=None, allow_none=True)
    priority = fields.String(load_default=None, allow_none=True)
    team = fields.String(required=True)
    agent = fields.String(load_default=None, allow_none=True)
    round = fields.Integer(load_default=0)


class StepEvent(WorkEvent):
    """What an event says that may be about a step of a flow."""

    step = fields.String(load_default=None, allow_none=True)
    visit = fields.Integer(load_default=None, allow_none=True)
    step_name = Names(load_default=None, allow_none=True)


class WorkAssigned(StepEvent):
    """Somebody has it, the work or a step of it, for `principal`; it is to be accepted by `accept_by`."""

    accept_by = Instant(load_default=None, allow_none=True)
    principal = fields.String(load_default=None, allow_none=True)


class WorkQueued(StepEvent):
    """Nobody is free for it; it stands in the queue `need`."""

    need = fields.String(load_default=None, allow_none=True)


class StepOpened(StepEvent):
    """The work has come to a step."""

    due = Instant(load_default=None, allow_none=True)


class StepSkipped(StepEvent):
    """An overdue step was left out; `missed`: its deadline counts as missed all the same."""

    reason = fields.String(load_default="", allow_none=True)
    missed = fields.Boolean(load_default=True)


class WorkPrioritised(WorkEvent):
    """It is more or less pressing than it `was`; `by` is `actor` or `escalation`."""

    was = fields.String(data_key="from", required=True)
    reason = fields.String(load_default="", allow_none=True)
    by = fields.String(load_default=None, allow_none=True)


class WorkRerouted(WorkEvent):
    """A supervisor has sent it to another step."""

    from_steps = fields.List(fields.String(), load_default=list)
    to = fields.String(required=True)
    to_name = Names(load_default=None, allow_none=True)
    reason = fields.String(load_default="", allow_none=True)


class FeeRecorded(WorkEvent):
    """A step cost something."""

    fee = fields.Raw(required=True)
    step = fields.String(load_default=None, allow_none=True)
    amount = fields.String(required=True)
    currency = fields.String(required=True)


class FeeVoided(FeeRecorded):
    """A fee is not asked for after all."""

    reason = fields.String(load_default="", allow_none=True)


class ConcernedEvent(WorkEvent):
    """What an event says of whom it concerns: `teams` and `owners`; where it does not say, `team` and `agent`."""

    teams = fields.List(fields.String(), load_default=list)
    owners = fields.List(fields.String(), load_default=list)
    watchers = fields.List(fields.String(), load_default=list)

    @post_load
    def _everybody(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        owner = [data["agent"]] if data["agent"] is not None else []
        return {**data, "teams": data["teams"] or [data["team"]], "owners": data["owners"] or owner}


class DeadlineEvent(ConcernedEvent):
    """What an event says of a promise: `clock` names it, `part` its step or group of steps."""

    clock = fields.String(required=True)
    part = fields.String(load_default=None, allow_none=True)
    visit = fields.Integer(load_default=None, allow_none=True)
    part_name = Names(load_default=None, allow_none=True)
    due = Instant(required=True)


class DeadlineNear(DeadlineEvent):
    """A deadline will pass soon; `share` of its time has gone."""

    share = fields.Float(load_default=None, allow_none=True)
    provisional = fields.Boolean(load_default=False)


class DeadlineMissed(DeadlineEvent):
    """A deadline has passed."""

    provisional = fields.Boolean(load_default=False)


class DeadlineMoved(DeadlineEvent):
    """A deadline is another than it `was`."""

    was = Instant(data_key="from", load_default=None, allow_none=True)
    due = Instant(data_key="to", load_default=None, allow_none=True)
    why = fields.String(load_default="", allow_none=True)


class WorkEscalated(DeadlineEvent):
    """Somebody higher up is to know; without a `clock` not for a deadline's sake."""

    clock = fields.String(load_default=None, allow_none=True)
    due = Instant(load_default=None, allow_none=True)
    level = fields.Integer(required=True)
    tell = Told(required=True)
    supervisor = fields.String(load_default=None, allow_none=True)
    duty_manager = fields.String(load_default=None, allow_none=True)
    why = fields.String(load_default="", allow_none=True)


class WorkResolved(WorkEvent):
    """It is done."""

    solution = fields.String(load_default="", allow_none=True)
    resolved_at = Instant(required=True)
    due = Instant(load_default=None, allow_none=True)
    met = fields.Boolean(load_default=None, allow_none=True)
    watchers = fields.List(fields.String(), load_default=list)
    parent_no = fields.String(load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True)


class WorkWithdrawn(WorkEvent):
    """It was stopped."""

    watchers = fields.List(fields.String(), load_default=list)
    reason = fields.String(load_default="", allow_none=True)


class WorkReopened(WorkWithdrawn):
    """It was not done well enough."""

    cause = fields.String(load_default="", allow_none=True)


class WorkClosed(WorkEvent):
    """The loop is closed."""

    closed_at = Instant(required=True)
    watchers = fields.List(fields.String(), load_default=list)
    outcome = fields.String(required=True)


class SurveyDue(Consumed):
    """The customer is to be asked."""

    case_no = fields.String(required=True)
    order_no = fields.String(required=True)
    ticket_no = fields.String(required=True)
    customer_id = fields.String(required=True)
    team = fields.String(required=True)
    priority = fields.String(load_default=None, allow_none=True)
    round = fields.Integer(load_default=0)
    token = fields.String(required=True)
    expires_at = Instant(required=True)


class Receipt(Consumed):
    """What became of a message (docs/consumers.md)."""

    message_id = fields.String(required=True, validate=validate.Length(min=1, max=64))
    channel = fields.String(required=True, validate=validate.OneOf(audience.CHANNELS))
    state = fields.String(required=True, validate=validate.OneOf(ledger.RECEIPTS))
    detail = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))
    consumer = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    gateway_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    parts = fields.Integer(load_default=None, allow_none=True)


class MessageMoved(Consumed):
    """Notify's own: this channel will not do, or it has reached its recipient."""

    message_id = fields.String(required=True)
