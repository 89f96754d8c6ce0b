"""Open work put under newer reference data: another policy, or a calendar that knows further (ADR 0056). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.dispatch.domain.clock import Clock, call_off, pause, resume, retarget
from services.dispatch.domain.flow import Flow
from services.dispatch.domain.order import Decision, Order
from services.dispatch.domain.policy import PROMISED, Policy
from services.dispatch.domain.promise import Promise, Terms
from services.dispatch.domain.reference import Reference
from services.dispatch.domain.states import State
from services.dispatch.domain.telling import clock_names, told
from shared.business_time import Calendar, extends
from shared.errors import NotFound
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
            order, moved = _moved(order, at, clock, _under(before, clock, at, policy, reference), why)
            facts += moved
    return order, facts


def extend_horizons(order: Order, at: datetime, reference: Reference) -> Decision:
    """Deadlines beyond the horizon of their calendar, where this version's calendar only knows further.

    No facts: there are none, or that calendar is another one by now.
    """
    facts: list[Fact] = []
    for clock in order.clocks.values():
        longer = _longer(order, clock, reference)
        if longer is not None:
            marks = tuple(replace(mark, at=None) for mark in clock.marks)
            terms = Terms(target=clock.target, calendar=longer, source=clock.source, marks=marks)
            further = retarget(clock, at, terms, order.calendar(clock))
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


def _under(order: Order, clock: Clock, at: datetime, policy: Policy, reference: Reference) -> Clock:
    """The running or paused clock under the policy; called off where that promises nothing of the kind."""
    calendar = order.calendar(clock)
    try:
        terms = _terms(order, clock, policy, reference)
    except NotFound:  # the flow that it began counts in a calendar that this version has not: it goes on in its own
        return clock
    if terms is None:
        return call_off(clock, at, calendar)
    return _held(order, retarget(clock, at, terms, calendar), at, policy, terms.calendar)


def _terms(order: Order, clock: Clock, policy: Policy, reference: Reference) -> Terms | None:
    flow: Flow = order.course
    if clock.promise in PROMISED:
        return policy.terms(clock.promise, order.priority, reference.calendars)
    if clock.promise is Promise.STEP:
        return reference.step_terms(flow, flow.steps[str(clock.part)], policy)
    return reference.group_terms(flow, flow.groups[str(clock.part)], policy)


def _held(order: Order, clock: Clock, at: datetime, policy: Policy, calendar: Calendar) -> Clock:
    """While work is held, the policy says which clocks stand still."""
    if order.state is not State.HELD or order.hold_reason is None:
        return clock
    if clock.promise in policy.pauses(order.hold_reason):
        return pause(clock, at, order.hold_reason, calendar)
    return resume(clock, at, calendar)


def _longer(order: Order, clock: Clock, reference: Reference) -> Calendar | None:
    """The calendar of the version that extends the one by which the clock is due provisionally."""
    if not clock.provisional or clock.stopped or clock.calendar.version >= reference.version:
        return None
    longer = reference.calendars.get(clock.calendar.code)
    return longer if longer is not None and extends(longer, order.calendar(clock)) else None


def _known_further(calendar: Calendar) -> str:
    return f"horizon of {calendar.code} extended" + (f" to {calendar.horizon}" if calendar.horizon else "")


def pinned(order: Order) -> int | None:
    """The version of the policy that work is under which has deadlines ahead; None: it has ended."""
    return None if order.state in ENDED else order.policy.version


def provisional(order: Order) -> int | None:
    """The lowest version among the calendars by which it is due provisionally; None: by none."""
    versions = [clock.calendar.version for clock in order.clocks.values() if clock.provisional and not clock.stopped]
    return min(versions, default=None)
