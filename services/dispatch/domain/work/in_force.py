"""What holds for a work order now: the terms of its policy at its priority, and the limits of its flow."""

from __future__ import annotations

from services.dispatch.domain.clocks.clock import Clock, Promise, Terms
from services.dispatch.domain.flows.steps import Limit
from services.dispatch.domain.work.order import Order
from shared.errors import NotFound


def in_force(order: Order, clock: Clock) -> Terms | None:
    """What holds for that clock now; None: nothing is promised."""
    if clock.promise is Promise.STEP:
        return limited(order, order.course.steps[str(clock.part)].limit)
    if clock.promise is Promise.GROUP:
        return limited(order, order.course.groups[str(clock.part)].limit)
    return promised(order, clock.promise)


def promised(order: Order, promise: Promise) -> Terms | None:
    """What the work's policy promises at its priority."""
    calendars = order.books(order.policy.version).calendars
    return order.terms.terms(promise, order.priority, calendars)


def limited(order: Order, limit: Limit | None) -> Terms | None:
    """What the flow promises for one of its steps or groups, in the calendar that the policy's version has for it.

    Where that has none, or none that knows such times (`2wd` without a working day), in that of the flow's version.
    """
    flow, newer = order.course, order.books(order.policy.version)
    try:
        return newer.limit_terms(flow, limit, order.terms)
    except (NotFound, ValueError):
        own = order.books(flow.version)
        return own.limit_terms(flow, limit, own.policy_for(order.matter))
