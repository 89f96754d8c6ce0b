"""Facts about a work order: what happened, with who had the work then, and what it changed (ADR 0052)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from services.dispatch.domain.clocks.clock import Clock, Promise
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.record import changes
from services.dispatch.domain.work.visit import Visit
from shared.events import Fact

_IN_PASSING = ContextVar("in_passing", default=False)


def told(before: Order | None, order: Order, type: str, at: datetime, **data: Any) -> Fact:
    """What happened, and what it changed of `before` (None: all of it is new).

    Later facts of the same write may change who has the work, so each says that for itself; `team` and `agent` in
    `data` are those of the step that it is about.
    """
    common = {"team": order.team, "agent": order.agent, "round": order.round, "priority": order.priority}
    changed = None if _IN_PASSING.get() else changes(before, order)
    return Fact(type, at, {**common, **data}, set=changed)


@contextmanager
def in_passing() -> Iterator[None]:
    """Meanwhile, in this thread, facts do not say what they changed: for who plays work that no history is kept of."""
    token = _IN_PASSING.set(True)
    try:
        yield
    finally:
        _IN_PASSING.reset(token)


def step_names(order: Order, visit: Visit) -> dict[str, Any]:
    """Which step, of which version of its flow, a fact is about; work without a flow has none to name."""
    if order.flow is None:
        return {"step": None, "visit": visit.number, "step_name": None, "flow": None}
    return {"step": visit.step, "visit": visit.number, "step_name": dict(order.step(visit).name), **flow_of(order)}


def flow_of(order: Order) -> dict[str, str]:
    """By which version of which flow it happened; for work that has one."""
    return {"flow": str(order.flow)}


def having(visit: Visit) -> dict[str, Any]:
    """Who has the step that a fact is about."""
    return {"team": visit.need.team, "agent": visit.agent}


def concerning(order: Order, visits: Sequence[Visit]) -> dict[str, Any]:
    """Everybody whom a fact about these open steps concerns, each once, in order of the steps.

    `team`, `agent`, `supervisor` and `duty_manager` are those of the first of the steps; without any, the work's.
    """
    first = visits[0] if visits else None
    return {
        "team": first.need.team if first else order.team,
        "agent": first.agent if first else order.agent,
        "supervisor": first.supervisor if first else order.supervisor,
        "duty_manager": first.duty_manager if first else order.duty_manager,
        "teams": _each(visit.need.team for visit in visits),
        "owners": _each(visit.agent for visit in visits),
        "supervisors": _each(visit.supervisor for visit in visits),
        "duty_managers": _each(visit.duty_manager for visit in visits),
    }


def clock_names(order: Order, clock: Clock) -> dict[str, Any]:
    """Which clock a fact is about, whom it concerns, and by which policy or flow it is promised."""
    return {
        **concerning(order, measured(order, clock)),
        "clock": clock.promise.value,
        "part": clock.part,
        "visit": int(clock.name.partition("/")[2]) if clock.promise is Promise.STEP else None,
        "part_name": _part_name(order, clock),
        "rule": str(clock.source),
    }


def measured(order: Order, clock: Clock) -> list[Visit]:
    """The open steps that the clock is about: the step itself, those of the group, or, of the whole work's, all."""
    if clock.promise is Promise.STEP:
        return [visit for visit in order.visits if visit.clock == clock.name]
    if clock.promise is Promise.GROUP:
        steps = order.course.groups[str(clock.part)].steps
        return [visit for visit in order.visits if visit.step in steps]
    return list(order.visits)


def _part_name(order: Order, clock: Clock) -> dict[str, str] | None:
    if clock.promise is Promise.STEP:
        return dict(order.course.steps[str(clock.part)].name)
    return dict(order.course.groups[str(clock.part)].name) if clock.promise is Promise.GROUP else None


def _each(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
