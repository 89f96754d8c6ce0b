"""What falls due by itself: warnings, misses and escalations, each at its own instant, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.dispatch.domain.deadlines import CLOCK_RANK, KIND_RANK, Deadline, Kind, settle
from services.dispatch.domain.order import Decision, Order
from services.dispatch.domain.states import TICKING
from shared.events import Fact


def advance(order: Order, to: datetime) -> Decision:
    """Settles everything that fell due up to and including `to`, in order; the facts carry the time they fell due."""
    facts: list[Fact] = []
    while (deadline := _next(order)) and deadline.pending[0].at <= to:
        order, fact = _settle(order, deadline)
        facts.append(fact)
    return order, facts


def next_due(order: Order) -> datetime | None:
    """When the next of them falls due; None while the clocks stand still."""
    deadline = _next(order)
    return deadline.pending[0].at if deadline else None


def _next(order: Order) -> Deadline | None:
    """The clock whose milestone comes first."""
    if order.state not in TICKING:
        return None
    waiting = [deadline for deadline in (order.first_response, order.resolution) if deadline.pending]
    return min(waiting, key=_turn, default=None)


def _turn(deadline: Deadline) -> tuple[datetime, int, int]:
    first = deadline.pending[0]
    return first.at, CLOCK_RANK[deadline.clock], KIND_RANK[first.kind]


def _settle(order: Order, deadline: Deadline) -> tuple[Order, Fact]:
    milestone = deadline.pending[0]
    order = order.with_deadline(settle(deadline))
    if milestone.kind is Kind.ESCALATED:
        return escalate(order, milestone.at, why=deadline.clock)
    return order, order.fact(f"deadline_{milestone.kind}", milestone.at, clock=deadline.clock, due=deadline.due)


def escalate(order: Order, at: datetime, *, why: str) -> tuple[Order, Fact]:
    """One level up, to the team's supervisor."""
    order = replace(order, escalation=order.escalation + 1)
    return order, order.fact("work_escalated", at, why=why, level=order.escalation, to=order.supervisor)
