"""What a shift leaves to the next of its team's work: how much of what, and the most urgent of it row by row. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.dispatch.domain.clocks.clock import State as ClockState
from services.dispatch.domain.clocks.clock import standing
from services.dispatch.domain.work.order import Order

#: Rows in one log; beyond them, work is only counted.
MOST_ROWS = 200
MISSED, NEAR, ON_TIME = "missed", "near", "on_time"
_RANK = {MISSED: 0, NEAR: 1, ON_TIME: 2}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LeftOpen:
    """`counts`: open, those in each state, and near and missed; `rows`: at most `MOST_ROWS`, the most urgent first."""

    counts: dict[str, int]
    rows: list[dict[str, Any]]


def left_open(orders: Iterable[Order], team: str, at: datetime) -> LeftOpen:
    """The open work of a team as it stands at `at`; goes through `orders` once and keeps only the rows."""
    counts = Counter(dict.fromkeys(("open", NEAR, MISSED), 0))
    return LeftOpen(rows=heapq.nsmallest(MOST_ROWS, _counted(orders, team, at, counts), key=_urgency), counts=counts)


def _counted(orders: Iterable[Order], team: str, at: datetime, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for order in orders:
        row = _row(order, team, at)
        counts.update(("open", row["state"]))
        if row["deadlines"] != ON_TIME:
            counts[row["deadlines"]] += 1
        yield row


def _row(order: Order, team: str, at: datetime) -> dict[str, Any]:
    """`agents` and `steps` are those of the team; `due`: of the clocks that run, the nearest."""
    visits = [visit for visit in order.visits if visit.need.team == team]
    return {
        "order_no": order.order_no,
        "ticket_no": order.ticket_no,
        "type": order.type,
        "category": order.category,
        "priority": order.priority,
        "subject": order.subject,
        "state": order.state.value,
        "hold_reason": order.hold_reason,
        "steps": [visit.step for visit in visits] if order.flow else [],
        "agents": sorted({visit.agent for visit in visits if visit.agent}),
        "opened_at": order.opened_at,
        "due": min((clock.due for clock in order.clocks.values() if clock.since and clock.due), default=None),
        "deadlines": _deadlines(order, max(at, order.last_at or at)),
    }


def _deadlines(order: Order, at: datetime) -> str:
    """The worst of its clocks that are not done; one that stands still is on time."""
    ahead = (clock for clock in order.clocks.values() if not clock.stopped)
    states = {standing(clock, at, order.calendar(clock)).state for clock in ahead}
    if ClockState.MISSED in states:
        return MISSED
    return NEAR if ClockState.NEAR in states else ON_TIME


def _urgency(row: dict[str, Any]) -> tuple[Any, ...]:
    return _RANK[row["deadlines"]], row["priority"], row["due"] or _NEVER, row["opened_at"], row["order_no"]
