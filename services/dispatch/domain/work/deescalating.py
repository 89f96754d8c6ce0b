"""Levels that work climbs to, and from which it comes down when what raised it is over (ADR 65).

A level stands while its clock, not stopped, has come as far as the level says under the terms in force; the level of a
dissatisfied customer while that round is open. The work's own is the highest that stands (`Order.escalation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.dispatch.domain.clocks.promise import LEVEL
from services.dispatch.domain.work.facets import Raised
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import OVER
from services.dispatch.domain.work.telling import told
from shared.values import replace

TOLD = ("teams", "owners", "supervisors", "duty_managers")


def climbed(order: Order, level: int, clock: str | None, tell: Sequence[str], whom: Mapping[str, Any]) -> Order:
    """The work with that level; `whom` says who is told of it (`telling.concerning`)."""
    people = {name: tuple(whom[name]) for name in TOLD}
    others = [one for one in order.raised if (one.level, one.clock) != (level, clock)]
    return replace(order, raised=(*others, Raised(level=level, clock=clock, tell=tuple(tell), **people)))


def deescalated(order: Order, at: datetime) -> Decision:
    """The work at the highest level that still stands; where that is lower than it was, those who were told hear of it.

    To be asked after every change (`coming_down`). Levels below the highest are let go of together with it.
    """
    standing = tuple(one for one in order.raised if stands(order, one))
    if max((one.level for one in standing), default=0) == order.escalation:
        return order, []
    before, order = order, replace(order, raised=standing)
    fallen = [one for one in before.raised if one.level > order.escalation]
    highest = max(fallen, key=lambda one: one.level)
    told_of = {"from": highest.level, "level": order.escalation, "why": _why(order, highest), **_told_of(order, fallen)}
    return order, [told(before, order, "work_deescalated", at, **told_of)]


def coming_down(decide: Callable[[Order, datetime], Decision]) -> Callable[[Order, datetime], Decision]:
    """The same change; the levels of which it ends the cause fall by it."""

    def both(order: Order, at: datetime) -> Decision:
        order, facts = decide(order, at)
        order, fallen = deescalated(order, at)
        return order, [*facts, *fallen]

    return both


def stands(order: Order, raised: Raised) -> bool:
    """Whether what raised the work to that level lasts."""
    if raised.clock is None:
        return order.supervised and order.state not in OVER
    clock = order.clocks.get(raised.clock)
    return clock is not None and not clock.stopped and f"{LEVEL}{raised.level}" in clock.settled


def _why(order: Order, fallen: Raised) -> str:
    """`resolved` or `withdrawn`: the work is over; `done`, `called_off`: the clock is; `later`: it has more time."""
    if order.state in OVER:
        return order.state.value
    clock = order.clocks.get(fallen.clock or "")
    if clock is None or clock.done_at or fallen.level not in clock.acted:  # the last: a new one of that name runs
        return "done"
    return "called_off" if clock.called_off_at else "later"


def _told_of(order: Order, fallen: Iterable[Raised]) -> dict[str, Any]:
    """Who was told of what has fallen, each once; `team` and `agent` are the first, whoever has the work now."""
    everybody = {name: _each(getattr(one, name) for one in fallen) for name in ("tell", *TOLD)}
    first = {"team": next(iter(everybody["teams"]), order.team), "agent": next(iter(everybody["owners"]), None)}
    return {**first, "supervisor": order.supervisor, "duty_manager": order.duty_manager, **everybody}


def _each(named: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in named for name in names))
