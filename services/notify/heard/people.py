"""What dispatch tells of people, as lenient as notify can bear (docs/events.md): who has work, and who pushes it."""

from __future__ import annotations

from marshmallow import fields

from services.notify.heard import ConcernedEvent, StepEvent, Told, WorkEvent
from shared.schemas import Consumed, Instant, Names, load


class WorkLapsed(StepEvent):
    """`agent` has not accepted it in time; it was offered `offers` times by now."""

    offers = fields.Integer(load_default=1)


class WorkDeclined(StepEvent):
    """`agent` will not have it."""

    reason = fields.String(load_default="", allow_none=True)


class WorkStranded(StepEvent):
    """Nobody at all could take it; `cause` names the limits that excluded everybody."""

    need = fields.String(load_default=None, allow_none=True)
    cause = fields.String(load_default="", allow_none=True)
    supervisor = fields.String(load_default=None, allow_none=True)
    duty_manager = fields.String(load_default=None, allow_none=True)


class WorkHandedOver(StepEvent):
    """`agent` has it in place of `from_agent`; it is the work of `principal`.

    `why`: `stands_in`; `returned` to its owner; `barred`, where nobody has it now: who stands in must not.
    """

    held = fields.Boolean(load_default=False)
    from_agent = fields.String(required=True)
    principal = fields.String(load_default=None, allow_none=True)
    why = fields.String(load_default="", allow_none=True)


class WorkUrged(ConcernedEvent):
    """Somebody wants it done, for the `count`th time."""

    count = fields.Integer(required=True)
    by = fields.String(load_default="", allow_none=True)
    note = fields.String(load_default=None, allow_none=True)
    parent_no = fields.String(load_default=None, allow_none=True)
    child_no = fields.String(load_default=None, allow_none=True)
    tell = Told(required=True)


class WorkIntervened(ConcernedEvent):
    """A supervisor says what is to be done."""

    reason = fields.String(load_default="", allow_none=True)
    instruction = fields.String(load_default="", allow_none=True)


class WorkHeldLong(ConcernedEvent):
    """Its clock stands still for longer than that reason may last."""

    reason = fields.String(load_default="", allow_none=True)
    reason_name = Names(load_default=None, allow_none=True)
    since = Instant(required=True)
    limit_at = Instant(required=True)


class WorkDeescalated(ConcernedEvent):
    """The cause of an escalation is gone: from level `was` to `level`, 0 for none."""

    was = fields.Integer(data_key="from", required=True)
    level = fields.Integer(required=True)
    tell = Told(required=True)
    why = fields.String(load_default="", allow_none=True)


class MassIncidentDeclared(WorkEvent):
    """It stands for many; `eta` is when it will be over, as far as anybody knows."""

    eta = Instant(load_default=None, allow_none=True)
    match = fields.String(load_default=None, allow_none=True)
    reason = fields.String(load_default="", allow_none=True)


class WorkLinked(WorkEvent):
    """It is part of a mass incident, and done with that."""

    parent_no = fields.String(required=True)
    parent_ticket_no = fields.String(load_default=None, allow_none=True)
    eta = Instant(load_default=None, allow_none=True)
    eta_note = fields.String(load_default=None, allow_none=True)
    reason = fields.String(load_default="", allow_none=True)


class WorkEtaAnnounced(WorkEvent):
    """When the mass incident will be over (None: nobody knows); of what stands for it, and of all linked to it."""

    eta = Instant(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True)
    parent_no = fields.String(load_default=None, allow_none=True)


class ShiftCounts(Consumed):
    """How much work a shift leaves."""

    open = fields.Integer(load_default=0)
    near = fields.Integer(load_default=0)
    missed = fields.Integer(load_default=0)


class ShiftLogWritten(Consumed):
    """A shift has ended; the next ones, `to`, read what it leaves."""

    team = fields.String(required=True)
    log_id = fields.String(required=True)
    ended_at = Instant(required=True)
    shifts = fields.List(fields.String(), load_default=list)
    to = fields.List(fields.String(), load_default=list)
    next_at = Instant(load_default=None, allow_none=True)
    counts = fields.Nested(ShiftCounts, load_default=lambda: load(ShiftCounts, {}))
    notes = fields.Integer(load_default=0)
