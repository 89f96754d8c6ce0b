"""The queues as stored: what waits for whom, read in turn by an index (`of_queue`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.dispatch.domain import Order
from shared.aggregates import STATE_ONLY, Aggregates

#: Work orders that are read at a time.
BATCH = 20

Read = Callable[[Mapping[str, Any]], Order]
Wanted = Callable[[], Mapping[str, Any]]


class Queue:
    """`read` makes a work order of its document."""

    def __init__(self, orders: Aggregates[Order], read: Read) -> None:
        self._orders = orders.collection
        self._read = read

    def walk(self, queues: Sequence[str], after: str = "", fitting: Wanted = dict) -> Iterator[tuple[str, Order]]:
        """(turn, work order) of what waits in these queues, in turn, from behind that turn; read as far as asked.

        `fitting` is asked before each batch what else to ask for.
        """
        while True:
            wanted = {"queues": {"$in": list(queues)}, "turn": {"$gt": after}, **fitting()}
            found = list(self._orders.find(wanted, STATE_ONLY, sort=[("turn", 1)], limit=BATCH, hint="of_queue"))
            for doc in found:
                after = doc["turn"]
                yield after, self._read(doc)
            if len(found) < BATCH:
                return

    def names(self) -> Iterator[str]:
        """The queues in which work waits; one index entry is read for each."""
        return self._values("queues", "of_queue")

    def strandings(self) -> Iterator[str]:
        """`queue|cause` of what waits though nobody could take it, as of when that was told; `queue|`: not told yet."""
        return self._values("stranded", "of_stranded")

    def stranded(self, where: str, most: int) -> Iterator[Order]:
        """The first of what waits there; none that is replayed."""
        wanted = {"stranded": where, "replay_until": None}
        found = self._orders.find(wanted, STATE_ONLY, sort=[("turn", 1)], limit=most, hint="of_stranded")
        return (self._read(doc) for doc in found)

    def _values(self, field: str, index: str) -> Iterator[str]:
        name = self._value_after("", field, index)
        while name is not None:
            yield name
            name = self._value_after(name, field, index)

    def _value_after(self, value: str, field: str, index: str) -> str | None:
        """The next one; the index gives them in order (a sort would read them all)."""
        doc = self._orders.find_one({field: {"$gt": value}}, {field: 1}, hint=index)
        return min((other for other in doc[field] if other > value), default=None) if doc else None
