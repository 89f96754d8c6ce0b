"""The clocks of a work order: which start, stand still and stop with what happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from services.dispatch.domain.clocks.clock import (
    Clock,
    Promise,
    Terms,
    call_off,
    finish,
    pause,
    pin_of,
    reopen,
    resume,
    retarget,
    start,
)
from services.dispatch.domain.flows.steps import Group
from services.dispatch.domain.reference.policy import RESUME
from services.dispatch.domain.work.in_force import in_force, limited, promised
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit
from shared.business_time import Calendar, extends
from shared.values import replace

RESOLVED = "resolved"  # why a clock stands still that goes on when the work is reopened
#: Of the clocks of steps that are over, so many stay on the work order; its history has them all.
MOST_STEPS_KEPT = 20

Change = Callable[[Clock, Calendar], Clock]


def begun(order: Order, name: str, at: datetime, terms: Terms | None, part: str | None = None) -> Order:
    """The work with that clock begun; it stands still at once if the work is held and such clocks are paused.

    `terms` None: there is no such clock.
    """
    if terms is None:
        return order
    clock = start(name, part, at, terms)
    if order.hold_reason is not None and clock.promise in order.terms.pauses(order.hold_reason):
        clock = pause(clock, at, order.hold_reason, terms.calendar)
    return order.with_clock(clock)


def begun_promise(order: Order, promise: Promise, at: datetime) -> Order:
    """The work with the clock of that promise begun, anew if it had one; without it if nothing is promised."""
    return begun(order, promise.value, at, promised(order, promise))


def changed(order: Order, names: Iterable[str], change: Change) -> Order:
    """The work with those of the clocks of these names that it has changed."""
    clocks = dict(order.clocks)
    for name in names:
        if name in clocks:
            clocks[name] = change(clocks[name], order.calendar(clocks[name]))
    return order if clocks == order.clocks else replace(order, clocks=clocks)


def finished(order: Order, at: datetime, *names: str) -> Order:
    """What these clocks measure is done."""
    return changed(order, names, lambda clock, calendar: finish(clock, at, calendar))


def called_off(order: Order, at: datetime, *names: str) -> Order:
    """What these clocks measure is promised no more; without names: nothing is."""
    return changed(order, names or order.clocks, lambda clock, calendar: call_off(clock, at, calendar))


def paused(order: Order, at: datetime, reason: str) -> Order:
    """Those clocks stand still that a hold for this reason pauses."""
    pauses = order.terms.pauses(reason)
    names = [name for name, clock in order.clocks.items() if clock.promise in pauses and not clock.stopped]
    return changed(order, names, lambda clock, calendar: pause(clock, at, reason, calendar))


def resumed(order: Order, at: datetime) -> Order:
    """All clocks that a hold has paused run again."""
    names = [name for name, clock in order.clocks.items() if clock.paused is not None and not clock.stopped]
    return changed(order, names, lambda clock, calendar: resume(clock, at, calendar))


def resolved(order: Order, at: datetime) -> Order:
    """All that was promised of this round is done; under a policy that resumes, its clocks rest until a reopening."""
    resting = RESOLVED if order.terms.reopening == RESUME else None
    order = finished(order, at, Promise.NEXT_UPDATE)
    rests = [name for name, clock in order.clocks.items() if not clock.stopped]
    return changed(order, rests, lambda clock, calendar: finish(clock, at, calendar, resting=resting))


def reopened(order: Order, at: datetime) -> Order:
    """The clocks of another round: the resolution's goes on or begins anew, by the policy; so does the next update's.

    The first response is never asked for twice. Of clocks that begin anew, steps and groups begin when they are opened.
    """
    if order.terms.reopening == RESUME and Promise.RESOLUTION in order.clocks:
        order = changed(order, [Promise.RESOLUTION], lambda clock, calendar: reopen(clock, at, calendar))
    else:
        kept = {name: clock for name, clock in order.clocks.items() if clock.promise is not Promise.GROUP}
        order = begun_promise(replace(order, clocks=kept), Promise.RESOLUTION, at)
    return begun_promise(order, Promise.NEXT_UPDATE, at)


def retargeted(order: Order, at: datetime) -> Order:
    """All open clocks under the terms that hold now, and the next update where that is promised only now."""
    for clock in order.clocks.values():
        if not clock.stopped:
            order = order.with_clock(under_terms(order, clock, at))
    return update_owed(order, at)


def under_terms(order: Order, clock: Clock, at: datetime) -> Clock:
    """An open clock under the terms that hold for the work now, counted from its original start.

    While the work is held, it runs or stands still as the policy says. Where nothing is promised, it is called off.
    """
    calendar, terms = order.calendar(clock), in_force(order, clock)
    if terms is None:
        return call_off(clock, at, calendar)
    if terms.calendar.code == calendar.code and extends(calendar, terms.calendar):
        terms = replace(terms, calendar=calendar)  # what is known of further days is not forgotten
    same = (clock.source, clock.calendar, clock.target) == (terms.source, pin_of(terms.calendar), terms.target)
    clock = clock if same else retarget(clock, at, terms, calendar)
    reason = order.hold_reason
    if reason is not None and clock.promise in order.terms.pauses(reason):
        return pause(clock, at, reason, terms.calendar)
    return resume(clock, at, terms.calendar)


def update_owed(order: Order, at: datetime) -> Order:
    """The next update, due from now on, of work whose customer has heard from us and was promised none so far."""
    first, update = order.first_response, order.clocks.get(Promise.NEXT_UPDATE)
    owed = first is not None and first.done_at is not None and (update is None or update.stopped)
    return begun_promise(order, Promise.NEXT_UPDATE, at) if owed else order


# steps and groups of a flow


def step_begun(order: Order, visit: Visit, at: datetime) -> Order:
    """The clocks of a step that is opened, and of the group that it belongs to, which may have begun before."""
    if order.flow is None:
        return order
    flow = order.course
    group = flow.group_of(visit.step)
    if group is not None:
        order = _group_entered(order, group, at)
    step = flow.steps[visit.step]
    return begun(_pruned(order), visit.clock, at, limited(order, step.limit), step.code)


def step_over(order: Order, visit: Visit, at: datetime, *, off: bool = False) -> Order:
    """The clock of a step that is done; or, `off`, that nobody waits for any more."""
    return called_off(order, at, visit.clock) if off else finished(order, at, visit.clock)


def groups_left(order: Order, beyond: Order, at: datetime) -> Order:
    """The clocks of those groups stop of which no step is open where the work goes on (`beyond`)."""
    if order.flow is None:
        return order
    open_steps = {visit.step for visit in beyond.visits}
    left = [group_clock(group) for group in order.course.groups.values() if not open_steps.intersection(group.steps)]
    return finished(order, at, *left)


def group_clock(group: Group) -> str:
    """The name of a group's clock."""
    return f"group/{group.code}"


def missed_limit(order: Order, visit: Visit) -> bool:
    """Whether the step has missed its own limit."""
    clock = order.clocks.get(visit.clock)
    return clock is not None and clock.missed


def _group_entered(order: Order, group: Group, at: datetime) -> Order:
    """Steps of a group that the work left count on, so that a loop cannot win time."""
    name = group_clock(group)
    clock = order.clocks.get(name)
    if clock is not None and clock.called_off_at is None:
        order = changed(order, [name], lambda clock, calendar: reopen(clock, at, calendar))
        return order.with_clock(under_terms(order, order.clocks[name], at))
    return begun(order, name, at, limited(order, group.limit), group.code)


def _pruned(order: Order) -> Order:
    """Without the oldest clocks of steps that are over, so that a loop's work order stays bounded."""
    over = [clock for clock in order.clocks.values() if clock.promise is Promise.STEP and clock.stopped]
    gone = {
        clock.name for clock in sorted(over, key=lambda clock: clock.started_at)[: max(0, len(over) - MOST_STEPS_KEPT)]
    }
    kept = {name: clock for name, clock in order.clocks.items() if name not in gone}
    return replace(order, clocks=kept) if gone else order
