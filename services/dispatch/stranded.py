"""Work that nobody at all can take: told once for every cause in every queue (ADR 61)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.dispatch import domain
from services.dispatch.domain import Decision, Order
from services.dispatch.domain.work.states import State
from shared.aggregates import Aggregates
from shared.events import Fact
from shared.mongo import Transaction


class Stranded:
    """Looks for other work that waits in the same queue for the same reason; its team knows of it already then."""

    def __init__(self, orders: Aggregates[Order]) -> None:
        self._orders = orders.collection

    def settle(self, order: Order, at: datetime, causes: Mapping[int, str], tx: Transaction) -> Decision:
        """Tells of the open steps that nobody can take, visit -> why; held work waits for nobody."""
        if order.state is State.HELD:
            return order, []
        facts: list[Fact] = []
        for visit in order.visits:
            cause = causes.get(visit.number)
            if cause is not None and cause != visit.stranded:
                known = self._known(order, f"{visit.need.key}|{cause}", tx)
                order, more = domain.stranded(order, at, visit.number, cause, alarmed=known)
                facts += more
        return order, facts

    def _known(self, order: Order, where: str, tx: Transaction) -> bool:
        wanted = {"stranded": where, "_id": {"$ne": order.order_no}}
        return self._orders.find_one(wanted, {"_id": 1}, session=tx.session, hint="of_stranded") is not None
