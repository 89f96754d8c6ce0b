"""In which turn waiting work is given out: one text that sorts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.dispatch.domain.clocks.clock import Clock, Kind
from services.dispatch.domain.work.order import Order

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def turn(order: Order) -> str:
    """What presses first, then by priority, then by the nearest due time (none: last), then the oldest.

    It presses if a running clock is near its deadline or past it.
    """
    running = [clock for clock in order.clocks.values() if clock.since is not None]
    pressing = any(_presses(clock) for clock in running)
    due = min((clock.due for clock in running if clock.due), default=_NEVER)
    return f"{0 if pressing else 1}{order.priority}{sortable(due)}{place(order.opened_at, order.order_no)}"


def place(opened_at: datetime, order_no: str) -> str:
    """Where a work order stands: sorts as (time, number)."""
    return sortable(opened_at) + order_no


def sortable(at: datetime) -> str:
    """The instant as text that sorts, to the millisecond."""
    return f"{(at - _BEGINNING) // timedelta(milliseconds=1):015d}"


def _presses(clock: Clock) -> bool:
    return clock.missed or any(key.startswith(Kind.NEAR) for key in clock.settled)
