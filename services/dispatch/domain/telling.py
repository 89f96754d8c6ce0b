"""Facts about a work order: what happened, with who had the work then, and what it changed (ADR 0052)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.clock import Clock, Promise
from services.dispatch.domain.order import Order
from services.dispatch.domain.record import changes
from services.dispatch.domain.visit import Visit
from shared.events import Fact


def told(before: Order | None, order: Order, type: str, at: datetime, **data: Any) -> Fact:
    """What happened, and what it changed of `before` (None: all of it is new).

    Later facts of the same write may change who has the work, so each says that for itself; `team` and `agent` in
    `data` are those of the step that it is about.
    """
    common = {"team": order.team, "agent": order.agent, "round": order.round, "priority": order.priority}
    return Fact(type, at, {**common, **data}, set=changes(before, order))


def step_names(order: Order, visit: Visit) -> dict[str, Any]:
    """Which step a fact is about; work without a flow has none to name."""
    if order.flow is None:
        return {"step": None, "visit": visit.number, "step_name": None}
    return {"step": visit.step, "visit": visit.number, "step_name": dict(order.step(visit).name)}


def having(visit: Visit) -> dict[str, Any]:
    """Who has the step that a fact is about."""
    return {"team": visit.need.team, "agent": visit.agent}


def clock_names(order: Order, clock: Clock) -> dict[str, Any]:
    """Which clock a fact is about, who has what it measures, and by which policy or flow it is promised."""
    visit = visit_of(order, clock)
    return {
        **(having(visit) if visit else {}),
        "clock": clock.promise.value,
        "part": clock.part,
        "visit": int(clock.name.partition("/")[2]) if clock.promise is Promise.STEP else None,
        "part_name": _part_name(order, clock),
        "rule": str(clock.source),
    }


def visit_of(order: Order, clock: Clock) -> Visit | None:
    """The open step that the clock measures; None for every clock but a step's."""
    return next((visit for visit in order.visits if visit.clock == clock.name), None)


def _part_name(order: Order, clock: Clock) -> dict[str, str] | None:
    if clock.promise is Promise.STEP:
        return dict(order.course.steps[str(clock.part)].name)
    return dict(order.course.groups[str(clock.part)].name) if clock.promise is Promise.GROUP else None
