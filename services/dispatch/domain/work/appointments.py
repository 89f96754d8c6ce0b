"""Appointments: somebody comes to the customer at a time, and the customer agrees or does not (ADR 83)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.work.facets import Appointment
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import IN_WORK, State, after
from services.dispatch.domain.work.supervising import everybody
from services.dispatch.domain.work.telling import told
from services.dispatch.errors import InThePast, NoAppointment, NothingChanges
from shared.events import Fact
from shared.values import replace

SET, CONFIRMED, CHANGE_WANTED, CANCELLED = "set", "confirmed", "change_wanted", "cancelled"
ANSWERS = {"confirm": CONFIRMED, "change": CHANGE_WANTED}
REPEATED, TOO_LATE, SUPERSEDED, WORK_OVER = "repeated", "too_late", "superseded", "work_over"


def set_appointment(
    order: Order, at: datetime, starts_at: datetime, ends_at: datetime | None = None, note: str | None = None
) -> Decision:
    """Somebody comes then; in place of the appointment before, if there is one.

    Raises NoSuchMove, InThePast, NothingChanges.
    """
    after(order.order_no, "appoint", order.state)
    if starts_at <= at:
        raise InThePast(starts_at)
    was = order.appointment
    standing = was if was is not None and was.state != CANCELLED else None
    if standing is not None and (standing.starts_at, standing.ends_at, standing.note) == (starts_at, ends_at, note):
        raise NothingChanges(order.order_no, str(standing.number), "has that appointment already")
    appointment = Appointment(number=was.number + 1 if was else 1, starts_at=starts_at, ends_at=ends_at, note=note)
    after_it = replace(order, appointment=appointment)
    if standing is None:
        return after_it, [_told(order, after_it, "appointment_set", at)]
    return after_it, [_told(order, after_it, "appointment_changed", at, was_at=standing.starts_at)]


def cancel_appointment(order: Order, at: datetime, reason: str) -> Decision:
    """Nobody comes. Raises NoSuchMove, NoAppointment."""
    after(order.order_no, "appoint", order.state)
    standing = order.appointment
    if standing is None or standing.state == CANCELLED:
        raise NoAppointment(order.order_no)
    without = replace(order, appointment=replace(standing, state=CANCELLED))
    return without, [_told(order, without, "appointment_cancelled", at, reason=reason)]


def answered(order: Order, at: datetime, *, number: int, answer: str, note: str | None, reply_id: str) -> Decision:
    """The customer's word on appointment `number`, and what became of it: what comes too late changes nothing."""
    why = _why_not(order, at, number, answer)
    settled = {"reply_id": reply_id, "taken": why is None, "why": why}
    if why is not None or order.appointment is None:
        return order, [told(order, order, "reply_settled", at, **settled)]
    wish = note if ANSWERS[answer] == CHANGE_WANTED else None
    now = replace(order, appointment=replace(order.appointment, state=ANSWERS[answer], wish=wish))
    fact = _told(order, now, f"appointment_{ANSWERS[answer]}", at, **({"wish": wish} if answer == "change" else {}))
    return now, [fact, told(now, now, "reply_settled", at, **settled)]


def customer_replied(order: Order, at: datetime, *, channel: str, text: str) -> Decision:
    """The customer has more to say; whoever has the work hears it, whatever its state."""
    return order, [told(order, order, "customer_replied", at, **everybody(order), channel=channel, text=text)]


def _why_not(order: Order, at: datetime, number: int, answer: str) -> str | None:
    """Why that answer cannot be taken any more; None: it can."""
    standing = order.appointment
    if standing is None or number != standing.number:
        return SUPERSEDED
    if standing.state == ANSWERS[answer]:
        return REPEATED
    if standing.state != SET:
        return standing.state
    if order.state not in (*IN_WORK, State.HELD):
        return WORK_OVER
    return TOO_LATE if at >= standing.starts_at else None


def _told(before: Order, order: Order, kind: str, at: datetime, **more: Any) -> Fact:
    appointment = order.appointment
    assert appointment is not None, "it is told of one"  # noqa: S101 - the callers' condition
    said = {
        "appointment": appointment.number,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "note": appointment.note,
    }
    return told(before, order, kind, at, **said, **more)
