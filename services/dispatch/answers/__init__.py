"""What dispatch answers. Pure; times stay datetimes, the edge writes them out; lengths are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.dispatch.domain import Order
from services.dispatch.domain.clocks.clock import Clock, standing
from services.dispatch.domain.work.facets import Appointment, MassIncident
from services.dispatch.domain.work.order import Fee
from services.dispatch.domain.work.visit import Visit


def receipt(order: Order) -> dict[str, Any]:
    """The answer to a command: where the work stands now."""
    return {
        "order_no": order.order_no,
        "ticket_no": order.ticket_no,
        "state": order.state.value,
        "team": order.team,
        "agent": order.agent,
        "round": order.round,
        "steps": [visit.step for visit in order.visits] if order.flow else [],
        "version": order.version,
    }


def pulled(order: Order, number: int) -> dict[str, Any]:
    """The receipt of an agent's next work, and which step of it that is; work without a flow has none to name."""
    visit = next(visit for visit in order.visits if visit.number == number)
    return {**receipt(order), "visit": number, "step": visit.step if order.flow else None}


def summary(order: Order) -> dict[str, Any]:
    """A work order in a list."""
    return {
        **receipt(order),
        "customer_id": order.customer_id,
        "type": order.type,
        "category": order.category,
        "priority": order.priority,
        "subject": order.subject,
        "channel": order.channel,
        "tier": order.tier,
        "reference": order.reference,
        "opened_at": order.opened_at,
        "policy": str(order.policy),
        "flow": str(order.flow) if order.flow else None,
        "first_response": _promise(order.first_response),
        "resolution": _promise(order.resolution),
        "held_since": order.held_since,
        "hold_reason": order.hold_reason,
        "hold_note": order.hold_note,
        "escalation": order.escalation,
        "supervisor": order.supervisor,
        "duty_manager": order.duty_manager,
        "supervised": order.supervised,
        "ended_at": order.ended_at,
        "outcome": order.outcome,
        "triage": order.triage,
        "parent": order.parent,
        "mass_incident": _mass_incident(order.mass),
    }


def work(order: Order, history: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """A work order in full, its clocks as they stand at `now`; in replay, as its caller last left them."""
    at = max(mark for mark in (order.replay_until or now, order.last_at) if mark)
    return {
        **summary(order),
        "clocks": {name: _clock(order, clock, at) for name, clock in sorted(order.clocks.items())},
        "visits": [_visit(order, visit) for visit in order.visits],
        "fields": dict(order.fields),
        "fees": [_fee(fee) for fee in order.fees],
        "fee_total": _total(order.fees),
        "solution": order.solution,
        "language": order.language,
        "hold_due": order.hold_due,
        "raised": [{"level": one.level, "clock": one.clock, "tell": list(one.tell)} for one in order.raised],
        "urges": order.pressure.urges,
        "unanswered_urges": order.pressure.unanswered,
        "watchers": list(order.pressure.watchers),
        "appointment": _appointment(order.appointment),
        "wanted_agent": order.asked.agent,
        "complained_of": order.asked.subject,
        "declined": [{"agent": one.agent, "at": one.at, "reason": one.reason} for one in order.declined],
        "replay_until": order.replay_until,
        "history": list(history),
    }


def _appointment(appointment: Appointment | None) -> dict[str, Any] | None:
    """When somebody comes to the customer; null where nobody is to."""
    return dict(vars(appointment)) if appointment else None


def _mass_incident(mass: MassIncident | None) -> dict[str, Any] | None:
    """What a work order stands for; null where only for itself. `settled`: its children have heard how it ended."""
    if mass is None:
        return None
    told = {"match": mass.match, "eta": mass.eta, "eta_note": mass.eta_note, "children": mass.children}
    return {**told, "settled": mass.settling is None}


def _promise(clock: Clock | None) -> dict[str, Any]:
    """`met` is null as long as that is open; `due` while the clock stands still."""
    if clock is None:
        return {"due": None, "done_at": None, "met": None}
    return {"due": clock.due, "done_at": clock.done_at, "met": clock.met}


def _clock(order: Order, clock: Clock, at: datetime) -> dict[str, Any]:
    """`state`: running, near, paused, met, missed or called_off; `source`: the policy or flow that promises it."""
    stands = standing(clock, at, order.calendar(clock))
    return {
        "clock": clock.promise.value,
        "part": clock.part,
        "state": stands.state.value,
        "started_at": clock.started_at,
        "due": clock.due,
        "provisional": clock.provisional,
        "target_seconds": _seconds(clock.target),
        "counted_seconds": _seconds(stands.counted),
        "remaining_seconds": _seconds(stands.remaining),
        "paused_for": clock.paused,
        "done_at": clock.done_at,
        "called_off_at": clock.called_off_at,
        "met": clock.met,
        "calendar": str(clock.calendar),
        "source": str(clock.source),
    }


def _visit(order: Order, visit: Visit) -> dict[str, Any]:
    """An open step; of work without a flow there is one, without a name. `principal`: for whom its agent stands in.

    `stranded`: the limits that kept everybody from it when that was last told of.
    """
    return {
        "visit": visit.number,
        "step": visit.step if order.flow else None,
        "step_name": dict(order.step(visit).name) if order.flow else None,
        "state": visit.state.value,
        "team": visit.need.team,
        "role": visit.need.role,
        "skill": visit.need.skill,
        "level": visit.need.level if visit.need.skill else None,
        "named_agent": visit.need.agent,
        "agent": visit.agent,
        "principal": visit.principal,
        "units": visit.units if visit.agent else None,
        "accept_by": visit.accept_by,
        "offers": visit.offers,
        "assignment": visit.assignment or None,
        "stranded": visit.stranded,
        "opened_at": visit.opened_at,
    }


def _fee(fee: Fee) -> dict[str, Any]:
    return {
        "fee": fee.number,
        "step": fee.step,
        "visit": fee.visit,
        "amount": fee.amount,
        "currency": fee.currency,
        "note": fee.note,
        "recorded_at": fee.recorded_at,
        "voided_at": fee.voided_at,
        "void_reason": fee.void_reason,
    }


def _total(fees: Sequence[Fee]) -> dict[str, str]:
    """Currency -> the sum of what is not void."""
    total: dict[str, Decimal] = {}
    for fee in fees:
        if fee.voided_at is None:
            total[fee.currency] = total.get(fee.currency, Decimal(0)) + Decimal(fee.amount)
    return {currency: str(amount) for currency, amount in total.items()}


def _seconds(time: timedelta) -> int | float:
    seconds = time.total_seconds()
    return int(seconds) if seconds.is_integer() else round(seconds, 3)
