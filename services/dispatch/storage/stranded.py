"""Work that nobody at all can take: told once for every cause in every queue (ADR 61)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.dispatch import domain
from services.dispatch.domain import Decision, Order
from services.dispatch.domain.work.states import State
from shared.aggregates import Aggregates
from shared.events import Fact
from shared.mongo import Database, Transaction, collide

#: How long a mark is kept; nobody reads it.
KEPT = timedelta(days=1)


class Stranded:
    """Looks for other work that waits in the same queue for the same reason; its team knows of it already then.

    What a transaction finds is what was there when it began, so that of two at once neither finds the other. Hence who
    finds nothing writes the mark of that queue and cause (`dispatch_stranded`): the database lets one of two do so, and
    the other begins again and finds the work of the first. A mark says nothing: it may stay, or be gone, at any time.
    While others wait, none is written, so that much work that comes at once does not wait for a mark.
    """

    def __init__(self, db: Database, orders: Aggregates[Order]) -> None:
        self._marks = db.collection("dispatch_stranded")
        self._orders = orders.collection

    def settle(self, order: Order, at: datetime, causes: Mapping[int, str], tx: Transaction) -> Decision:
        """Tells of the open steps that nobody can take, visit -> why; held work waits for nobody.

        Raises LostRace where another claim has just told of the same.
        """
        if order.state is State.HELD:
            return order, []
        facts: list[Fact] = []
        for visit in order.visits:
            cause = causes.get(visit.number)
            if cause is not None and cause != visit.stranded:
                known = self._is_known(order, f"{visit.need.key}|{cause}", tx)
                order, more = domain.stranded(order, at, visit.number, cause, alarmed=known)
                facts += more
        return order, facts

    def _is_known(self, order: Order, where: str, tx: Transaction) -> bool:
        """Whether other work waits there, or another step of this; else it is marked that this one does from now on."""
        if where in domain.strandings(order) or self._waits(order, where, tx):
            return True
        collide(self._marks, where, {"order_no": order.order_no}, tx)
        return False

    def _waits(self, order: Order, where: str, tx: Transaction) -> bool:
        """What is replayed may be history of which nobody was told: live work does not rely on it."""
        live = {"replay_until": None} if order.replay_until is None else {}
        wanted = {"stranded": where, **live, "_id": {"$ne": order.order_no}}
        return self._orders.find_one(wanted, {"_id": 1}, session=tx.session, hint="of_stranded") is not None
