"""Work that nobody at all can take: told once for every cause in every queue (ADR 61)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Visit
from services.dispatch.domain.work.picking import is_passing
from services.dispatch.domain.work.states import State
from shared.aggregates import Aggregates
from shared.events import Fact
from shared.mongo import Database, Transaction, collide

#: How long a mark is kept; nobody reads it.
KEPT = timedelta(days=1)


class Stranded:
    """Looks for other work that waits in the same queue and has alarmed for the same reason: then its team knows of it.

    What a transaction finds is what was there when it began, so that of two at once neither finds the other. Hence who
    finds nothing writes the mark of that queue and cause (`dispatch_stranded`): the database lets one of two do so, and
    the other begins again and finds the alarm of the first. A mark says nothing: it may stay, or be gone, at any time.
    While an alarm stands, none is written, so that much work that comes at once does not wait for a mark.

    An alarm stands as long as the work that gave it waits. When that one is gone, to somebody or altogether, what is
    left there has none: the next change of it gives one, or the timer (alarms.py); but not for who is only busy.
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
            if cause is None or not _may_be_news(visit, cause):
                continue
            known = self._is_known(order, f"{visit.need.key}|{cause}", tx)
            if cause != visit.stranded or not known:
                order, more = domain.stranded(order, at, visit.number, cause, known=known)
                facts += more
        return order, facts

    def _is_known(self, order: Order, where: str, tx: Transaction) -> bool:
        """Whether other work, or another step of this, has alarmed there; else it is marked that this one does now."""
        if where in domain.alarms(order) or self.is_alarmed(where, order, tx):
            return True
        collide(self._marks, where, {"order_no": order.order_no}, tx)
        return False

    def is_alarmed(self, where: str, order: Order | None = None, tx: Transaction | None = None) -> bool:
        """Whether work other than that one waits there (`queue|cause`) and has alarmed.

        What is replayed may be history of which nobody was told: live work does not rely on it.
        """
        wanted: dict[str, Any] = {"alarms": where}
        if order is None or order.replay_until is None:
            wanted["replay_until"] = None
        if order is not None:
            wanted["_id"] = {"$ne": order.order_no}
        session = tx.session if tx else None
        return self._orders.find_one(wanted, {"_id": 1}, session=session, hint="of_alarm") is not None


def _may_be_news(visit: Visit, cause: str) -> bool:
    """Told of with another cause or none; or it gave no alarm, which was another's, and it is not only that all are
    busy."""
    return cause != visit.stranded or not (visit.alarmed or is_passing(cause))
