"""What open work weighs with who has it: anew, as soon as the matter is another."""

from __future__ import annotations

from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit
from shared.values import replace


def weighed(order: Order) -> Order:
    """The work with the units and the kind, as its own version of the reference data has them, of each step given out.

    Whoever has it keeps it: neither the capacity nor what a role may have takes it away.
    """
    units = order.books(order.policy.version).assignment.units_of(order.matter)

    def anew(visit: Visit) -> Visit:
        return visit if visit.agent is None else replace(visit, units=units, kind=order.type)

    return replace(order, visits=tuple(anew(visit) for visit in order.visits))
