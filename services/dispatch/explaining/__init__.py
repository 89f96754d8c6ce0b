"""What dispatch answers about a deadline. Pure; times stay datetimes, lengths are seconds to the millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.clocks.clock import Clock, State
from services.dispatch.domain.looking_back.explain import Change, Explanation, explain
from services.dispatch.domain.looking_back.runs import Entry
from services.dispatch.domain.looking_back.stretches import Interval, Kind, Sum
from services.dispatch.domain.work.order import Order
from services.dispatch.forecast import require_within_reach, told_on


def deadline(
    order: Order, entries: Sequence[Entry], name: str, as_of: datetime | None, now: datetime
) -> dict[str, Any]:
    """The answer to `explain_deadline`: by default as it stands now; in replay, as its caller last left it.

    Later than that it is a forecast: as if nobody did anything more. Raises NoSuchClock, ValidationError.
    """
    known = max(order.replay_until or now, *(entry["at"] for entry in entries))
    as_of = as_of or known
    require_within_reach(as_of, known)
    told = explain(told_on(entries, order.books, as_of), name, as_of, order.books, order_no=order.order_no)
    named = {"order_no": order.order_no, "ticket_no": order.ticket_no, "reference": order.reference}
    return {**named, **explanation(told, forecast=as_of > known)}


def explanation(told: Explanation, *, forecast: bool) -> dict[str, Any]:
    """The answer to `explain_deadline` but the names of the work. `forecast`: `as_of` lies ahead of what is known."""
    clock = told.clock
    over = told.standing.over
    return {
        "clock": clock.promise.value,
        "part": clock.part,
        "run": told.run,
        "runs": told.of_runs,
        "as_of": told.as_of,
        "forecast": forecast,
        "started_at": clock.started_at,
        "ended_at": clock.done_at or clock.called_off_at,
        "ended_by": {"type": told.end.type, "by": told.end.by} if told.end else None,
        "zone": told.zone,
        "intervals": [_interval(one) for one in told.intervals],
        "earlier": _sum(told.earlier) if told.earlier else None,
        "counted_seconds": seconds(told.standing.counted),
        "target_seconds": seconds(clock.target),
        "due": clock.due,
        "provisional": clock.provisional,
        "calendar": str(clock.calendar),
        "policy": str(clock.source),
        "state": told.standing.state.value,
        "paused_for": clock.paused if told.standing.state is State.PAUSED else None,
        "by_seconds": seconds(told.standing.remaining if over is None else over),
        "changes": [_change(one) for one in told.changes],
    }


def seconds(length: timedelta) -> int | float:
    """Whole where it is whole, else with milliseconds."""
    milliseconds = round(length / timedelta(milliseconds=1))
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def _interval(one: Interval) -> dict[str, Any]:
    return {
        "from": one.start,
        "to": one.end,
        "seconds": seconds(one.length),
        "kind": one.kind.value,
        "reason": one.reason,
        "calendar": str(one.calendar),
        "policy": str(one.source),
    }


def _sum(earlier: Sum) -> dict[str, Any]:
    lengths = {f"{kind.value}_seconds": seconds(earlier.lengths[kind]) for kind in Kind}
    return {"from": earlier.start, "to": earlier.end, "intervals": earlier.number, **lengths}


def _change(one: Change) -> dict[str, Any]:
    return {
        "at": one.at,
        "what": one.what.value,
        "from": _terms(one.before),
        "to": _terms(one.after),
        "why": one.why,
    }


def _terms(clock: Clock) -> dict[str, Any]:
    due: datetime | None = clock.due
    return {
        "due": due,
        "target_seconds": seconds(clock.target),
        "calendar": str(clock.calendar),
        "policy": str(clock.source),
        "provisional": clock.provisional,
    }
