"""Open work put under newer reference data: another policy, or a calendar that knows further (ADR 0056). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.dispatch.domain.clocks.clock import Clock, extend
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work import timing
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import State
from services.dispatch.domain.work.telling import clock_names, told
from shared.business_time import Calendar, extends, is_provisional
from shared.events import Fact

ENDED = frozenset({State.RESOLVED, State.CLOSED, State.WITHDRAWN})
"""The states in which no deadline is ahead: such work is left as it is."""


def apply_newer(order: Order, at: datetime, reference: Reference, why: str) -> Decision:
    """The work under the policy that this version of the reference data has for it; its flow stays the one it began.

    What was counted stays counted. The clocks of its steps keep that flow's limits, in this version's calendars.
    No facts: it has ended, or is under this version, or a newer one, already.
    """
    if order.state in ENDED or order.policy.version >= reference.version:
        return order, []
    policy = reference.policy_for(order.matter)
    before, order = order, replace(order, policy=policy.pin)
    pins = {"from": str(before.policy), "to": str(policy.pin)}
    facts = [told(before, order, "policy_applied", at, **pins, why=why)]
    for clock in before.clocks.values():
        if not clock.stopped:
            order, moved = _moved(order, at, clock, timing.under_terms(order, clock, at), why)
            facts += moved
    order, promised = _promised(order, at, why)
    return order, [*facts, *promised]


def extend_horizons(order: Order, at: datetime, reference: Reference) -> Decision:
    """What lies beyond the horizon of its calendar, or may yet, where this version's calendar only knows further.

    No facts: there is nothing, or that calendar is another one by now.
    """
    facts: list[Fact] = []
    for clock in order.clocks.values():
        longer = _longer(order, clock, reference)
        if longer is not None:
            further = extend(clock, at, longer, order.calendar(clock))
            order, moved = _moved(order, at, clock, further, _known_further(longer))
            facts += moved
    return order, facts


def _moved(order: Order, at: datetime, clock: Clock, after: Clock, why: str) -> Decision:
    """The work with the clock as it is now; told as a move of the deadline where that is another or surer one."""
    if after == clock:
        return order, []
    before, order = order, order.with_clock(after)
    moved = (clock.due, clock.provisional) != (after.due, after.provisional)
    about = {**clock_names(order, after), "from": clock.due, "to": after.due, "why": why}
    return order, [told(before, order, "deadline_moved" if moved else "clock_repinned", at, **about)]


def _promised(order: Order, at: datetime, why: str) -> Decision:
    """The next update, where it is promised only now; told as a deadline that was not there before."""
    before, order = order, timing.update_owed(order, at)
    if order is before:
        return order, []
    clock = order.clocks[Promise.NEXT_UPDATE]
    about = {**clock_names(order, clock), "from": None, "to": clock.due, "why": why}
    return order, [told(before, order, "deadline_moved", at, **about)]


def _longer(order: Order, clock: Clock, reference: Reference) -> Calendar | None:
    """The calendar of the version that extends the one by which something of the clock is reckoned provisionally."""
    if clock.calendar.version >= reference.version or not _ahead_of_its_calendar(order, clock):
        return None
    longer = reference.calendars.get(clock.calendar.code)
    return longer if longer is not None and extends(longer, order.calendar(clock)) else None


def _ahead_of_its_calendar(order: Order, clock: Clock) -> bool:
    """Whether anything may fall due on days that its calendar does not know: also while it stands still."""
    if clock.stopped:
        return False
    calendar = order.calendar(clock)
    unknown = (mark.at is None or is_provisional(calendar, mark.at) for mark in clock.marks)
    return calendar.horizon is not None and any(unknown)


def _known_further(calendar: Calendar) -> str:
    return f"horizon of {calendar.code} extended" + (f" to {calendar.horizon}" if calendar.horizon else "")


def pinned(order: Order) -> int | None:
    """The version of the policy that work is under which has deadlines ahead; None: it has ended."""
    return None if order.state in ENDED else order.policy.version


def provisional(order: Order) -> int | None:
    """The lowest version among the calendars by which something of it is reckoned provisionally; None: nothing is."""
    ahead = (clock for clock in order.clocks.values() if _ahead_of_its_calendar(order, clock))
    return min((clock.calendar.version for clock in ahead), default=None)
