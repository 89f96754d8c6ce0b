"""Customers of a test's own, told of what feigned events say: what becomes messages to them, and how those end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from deploy.catalogue import subscriptions
from shared.clock import SystemClock, to_text
from shared.events import Event
from tests.interface.feigned import Feigned, on_the_bus
from tests.support import Stack, eventually


class Crowd:
    """Customers who have a phone or, with `mail`, an address and nothing else, each told of one thing: half of it bulk,
    half not."""

    def __init__(self, feigned: Feigned, stack: Stack, size: int, *, mail: bool = False) -> None:
        self._feigned, self._stack, self._mail = feigned, stack, mail
        self.name = uuid4().hex[:8]
        self.told: list[str] = []
        self._size = size
        for number in range(size):
            feigned.tell(self._customer(number))
        eventually(lambda: self._saved() == size)

    def _saved(self) -> int:
        return self._stack.database["notify_customers"].count_documents({"_id": {"$regex": f"^C-{self.name}-"}})

    def rows(self) -> Counter[str]:
        """State -> messages of the ledger that are about this crowd."""
        mine = {"ticket_no": {"$gte": f"T-{self.name}-", "$lt": f"T-{self.name}."}}
        counted = self._stack.database["notify_messages"].aggregate(
            [{"$match": mine}, {"$group": {"_id": "$state", "number": {"$sum": 1}}}]
        )
        return Counter({each["_id"]: each["number"] for each in counted})

    def open(self) -> int:
        """How many of those that were told have no message yet, or one that has not come to its end."""
        rows = self.rows()
        return len(self.told) - sum(rows.values()) + rows["handed_over"] + rows["queued"]

    def ids(self) -> dict[str, str]:
        """Message -> state, of all that the ledger has about this crowd."""
        mine = {"ticket_no": {"$gte": f"T-{self.name}-", "$lt": f"T-{self.name}."}}
        return {row["_id"]: row["state"] for row in self._stack.database["notify_messages"].find(mine, {"state": 1})}

    def tell(self, number: int) -> None:
        """So many more of them."""
        for _ in range(number):
            at = len(self.told)
            assert at < self._size, "more crashes than messages for them"
            event = self._event_about(at)
            self._feigned.tell(event)
            self.told.append(event.id)

    def _event_about(self, number: int) -> Event:
        return self._survey(number) if number % 2 else self._resolved(number)

    def _customer(self, number: int) -> Event:
        data = {
            "customer_id": f"C-{self.name}-{number}",
            "name": "Example Ltd",
            "tier": "standard",
            "language": "en",
            "phone": None if self._mail else f"+4411649{60000 + number}",
            "email": f"c{number}.{self.name}@example.com" if self._mail else None,
            "preferred_channels": [],
        }
        return self._event("intake", "customer_saved", f"C-{self.name}-{number}", data)

    def _survey(self, number: int) -> Event:
        now = to_text(SystemClock().now())
        data = {**self._common(number), "case_no": f"W-{number}/0", "token": f"{self.name}{number}", "expires_at": now}
        return self._event("feedback", "survey_due", f"W-{self.name}-{number}/0", data)

    def _resolved(self, number: int) -> Event:
        now = to_text(SystemClock().now())
        data = {**self._common(number), "type": "fault", "category": "network", "agent": "agent-17"}
        data |= {"solution": "New router", "resolved_at": now, "due": now, "met": True, "language": "en"}
        return self._event("dispatch", "work_resolved", f"W-{self.name}-{number}", data)

    def _common(self, number: int) -> dict[str, Any]:
        return {
            "order_no": f"W-{self.name}-{number}",
            "ticket_no": f"T-{self.name}-{number}",
            "customer_id": f"C-{self.name}-{number}",
            "team": "network",
            "priority": "P2",
            "round": 0,
        }

    def _event(self, source: str, kind: str, aggregate: str, data: dict[str, Any]) -> Event:
        now = SystemClock().now()
        known = {"aggregate_id": aggregate, "aggregate_version": 1, "number": 1, "at": now, "recorded_at": now}
        return Event(id=f"{source}_feigned/{aggregate}/1", type=kind, source=source, data=data, **known)


@contextmanager
def crowd(stack: Stack, size: int, *, mail: bool = False) -> Iterator[Crowd]:
    """Feigned events about customers of their own."""
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield Crowd(feigned, stack, size, mail=mail)
