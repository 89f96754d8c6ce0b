"""Dispatch's events (docs/events.md) as intake hears them: only what it reads, as lenient as it can bear."""

from __future__ import annotations

from marshmallow import fields

from shared.schemas import Consumed, Instant, Names


class Triaged(Consumed):
    """What work turned out to be."""

    type = fields.String(required=True)
    category = fields.String(required=True)
    priority = fields.String(required=True)


class WorkEvent(Consumed):
    """What every event of dispatch says."""

    order_no = fields.String(required=True)
    ticket_no = fields.String(required=True)


class WorkAssigned(WorkEvent):
    """An agent has it; `held`: while it is on hold."""

    held = fields.Boolean(load_default=False)


class WorkHeld(WorkEvent):
    """Its clock stands still. `reason` is a code; the note beside it is for colleagues, and not read."""

    reason = fields.String(load_default=None, allow_none=True)
    reason_name = Names(load_default=None, allow_none=True)


class WorkResumed(WorkEvent):
    """Its clock runs again; without an agent it waits for one."""

    agent = fields.String(load_default=None, allow_none=True)
    round = fields.Integer(load_default=0)


class WorkResolved(WorkEvent):
    """It is done."""

    solution = fields.String(load_default=None, allow_none=True)


class WorkReopened(WorkEvent):
    """It was not done well enough."""

    reason = fields.String(load_default=None, allow_none=True)


class WorkClosed(WorkEvent):
    """The follow-up is over."""

    outcome = fields.String(required=True)


class WorkWithdrawn(WorkEvent):
    """Dispatch has stopped it."""

    reason = fields.String(load_default=None, allow_none=True)


class WorkPrioritised(WorkEvent):
    """It is more or less pressing than before."""

    before = fields.String(data_key="from", required=True)
    after = fields.String(data_key="to", required=True)


class StepOpened(WorkEvent):
    """It has come to a step of its flow."""

    step = fields.String(required=True)
    step_name = Names(load_default=None, allow_none=True)


class StepEnded(WorkEvent):
    """It has left a step of its flow."""

    step = fields.String(required=True)


class WorkTriaged(WorkEvent):
    """Experts have said what it is."""

    to = fields.Nested(Triaged, required=True)


class WorkLinked(WorkEvent):
    """It is part of a mass incident; why, is between colleagues."""

    eta = Instant(load_default=None, allow_none=True)
    eta_note = fields.String(load_default=None, allow_none=True)


class WorkUnlinked(WorkEvent):
    """It goes its own way again."""


class WorkEtaAnnounced(WorkEvent):
    """When the mass incident will be over."""

    eta = Instant(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True)


class WorkRerouted(WorkEvent):
    """It was sent to another step; what was open in its place is given up."""

    from_steps = fields.List(fields.String(), load_default=list)
