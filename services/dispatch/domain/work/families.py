"""What the end of a mass incident, and the reopening of its part, mean for the other side. Pure.

Parent and children are documents of their own: each says here what has become of it, and the other hears of that by an
event (incidents.py of the service).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.telling import told
from shared.events import Fact
from shared.values import replace

RESOLVED, WITHDRAWN = "resolved", "withdrawn"
"""How a mass incident ends for its children: done with it, or without it."""


def settling(order: Order) -> Order:
    """Work that is just ending, about to settle its children; as it is where it has none."""
    if order.mass is None or not order.mass.children:
        return order
    return replace(order, mass=replace(order.mass, settling=order.round))


def children_concerned(order: Order, at: datetime, how: str, **said: Any) -> list[Fact]:
    """What tells that work which stands for others has ended: its children are to hear of it. It changes nothing."""
    if order.mass is None or not order.mass.children:
        return []
    return [told(order, order, "mass_incident_ended", at, how=how, **said)]


def alone(order: Order, at: datetime, reason: str) -> Decision:
    """The work without its parent, if it has one: from now on it goes its own way."""
    if order.parent is None:
        return order, []
    left = replace(order, parent=None)
    return left, [told(order, left, "work_unlinked", at, parent_no=order.parent, reason=reason)]
