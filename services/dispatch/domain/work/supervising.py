"""Supervision (督办): work is urged, watched and intervened in; what is held too long is told of (ADR 65)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.reference.supervision import SupervisionRules
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import State, after
from services.dispatch.domain.work.telling import concerning, told
from services.dispatch.errors import NothingChanges, TooManyWatchers, TooSoon
from shared.values import replace

SIDES = CUSTOMER, SUPERVISOR = "customer", "supervisor"
"""Who urges."""

#: For whom a mass incident was urged, where somebody urged its child.
CHILD = "child"

#: Of one work order: it stays bounded, and so does what one event makes notify send.
MOST_WATCHERS = 50


def rules(order: Order) -> SupervisionRules:
    """Those of the version of the reference data that its policy is of."""
    return order.books(order.policy.version).supervision


def urge(order: Order, at: datetime, *, by: str, note: str | None = None) -> Decision:
    """The customer or a supervisor wants it done: the owner is told, or the team where nobody has it.

    From the third time on (`urges_to_supervisor`) the supervisor is told, too; the urges of both sides count.
    `TooSoon`, which says when again, where the same side has urged within `urge_every`.
    """
    every, last = rules(order).urge_every, order.pressure.urged_at.get(by)
    if last is not None and at < last + every:
        after(order.order_no, "urge", order.state)
        raise TooSoon(order.order_no, by, last + every)
    return urge_passed_on(order, at, by=by, note=note)


def urge_passed_on(
    order: Order, at: datetime, *, by: str, note: str | None = None, child_no: str | None = None
) -> Decision:
    """As `urge`, of an urge that was counted against its limit where it came in: at intake, or at a child.

    `child_no`: it is for that part of the mass incident that the work is. An urge of a child tells neither owner nor
    team: it has none, and its `parent_no` says whose owner is to hear.
    """
    after(order.order_no, "urge", order.state)
    before, pressure = order, order.pressure
    urged_at = {**pressure.urged_at, CHILD if child_no else by: at}
    pressure = replace(pressure, urges=pressure.urges + 1, unanswered=pressure.unanswered + 1, urged_at=urged_at)
    order = replace(order, pressure=pressure)
    parent_no = order.parent if order.state is State.LINKED else None
    told_of = {"count": pressure.urges, "by": by, "note": note, "parent_no": parent_no, "child_no": child_no}
    return order, [told(before, order, "work_urged", at, **everybody(order), **told_of, tell=_who_hears(order))]


def _who_hears(order: Order) -> list[str]:
    """Of the urge that was just counted."""
    has_it = "owner" if any(visit.agent for visit in order.visits) else "team"
    tell = [] if order.state is State.LINKED else [has_it]
    return [*tell, SUPERVISOR] if order.pressure.urges >= rules(order).urges_to_supervisor else tell


def answered(order: Order) -> Order:
    """The work after its owner has done something about it: no urge waits for that any more."""
    if not order.pressure.unanswered:
        return order
    return replace(order, pressure=replace(order.pressure, unanswered=0))


def watch(order: Order, at: datetime, watcher: str) -> Decision:
    """That agent hears of what becomes of the work, until it is closed."""
    after(order.order_no, "watch", order.state)
    watchers = order.pressure.watchers
    if watcher in watchers:
        raise NothingChanges(order.order_no, watcher, f"is watched by {watcher!r} already")
    if len(watchers) >= MOST_WATCHERS:
        raise TooManyWatchers(order.order_no, MOST_WATCHERS)
    return _watched(order, at, "work_watched", watcher, (*watchers, watcher))


def unwatch(order: Order, at: datetime, watcher: str) -> Decision:
    """That agent hears of it no more."""
    after(order.order_no, "watch", order.state)
    watchers = order.pressure.watchers
    if watcher not in watchers:
        raise NothingChanges(order.order_no, watcher, f"is not watched by {watcher!r}")
    return _watched(order, at, "work_unwatched", watcher, tuple(one for one in watchers if one != watcher))


def intervene(order: Order, at: datetime, *, reason: str, instruction: str) -> Decision:
    """A supervisor says to its owners what is to be done; changes nothing but is recorded, and told."""
    after(order.order_no, "intervene", order.state)
    told_of = {"reason": reason, "instruction": instruction}
    return order, [told(order, order, "work_intervened", at, **everybody(order), **told_of)]


# held too long


def hold_due(order: Order, at: datetime, reason: str) -> datetime | None:
    """When a hold for that reason, from `at` on, has lasted too long; None: it may last."""
    limit = rules(order).hold_limits.get(reason)
    return at + limit if limit is not None else None


def next_too_long(order: Order) -> datetime | None:
    """When the hold will have lasted too long; None: it is not held, may last, or was told of."""
    return order.hold_due if order.state is State.HELD and not order.hold_late else None


def held_too_long(order: Order, at: datetime) -> Decision:
    """The hold has lasted too long at that instant: its owners are told, once."""
    reason = str(order.hold_reason)
    names = order.books(order.policy.version).hold_reasons.get(reason, {})
    before, order = order, replace(order, hold_late=True)
    told_of = {"reason": reason, "reason_name": dict(names), "since": order.held_since, "limit_at": order.hold_due}
    return order, [told(before, order, "work_held_long", at, **everybody(order), **told_of)]


def _watched(order: Order, at: datetime, fact: str, watcher: str, watchers: tuple[str, ...]) -> Decision:
    before, order = order, replace(order, pressure=replace(order.pressure, watchers=watchers))
    return order, [told(before, order, fact, at, watcher=watcher)]


def everybody(order: Order) -> dict[str, Any]:
    """Whom it concerns; of work without an open step, the team that has it and those who are called there."""
    whom = concerning(order, order.visits)
    if order.visits:
        return whom
    own = {"teams": order.team, "supervisors": order.supervisor, "duty_managers": order.duty_manager}
    return {**whom, **{name: [one] if one else [] for name, one in own.items()}}
