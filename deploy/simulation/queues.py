"""What waits, in the engine's order: by its turn. The cost of a step grows with nothing that waits."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

Alike = Hashable
"""What is the same for all work that the same agents may take."""


class Entry(NamedTuple):
    """One open step that waits; entries sort as they are given out."""

    turn: str
    order_no: str
    visit: int
    queue: str
    units: int
    alike: Alike


class Queues:
    """Heaps of what is alike, by the key of their queue; what was taken out stays in its heap until it comes first."""

    def __init__(self) -> None:
        self._heaps: dict[str, dict[Alike, list[Entry]]] = {}
        self._waiting: dict[tuple[str, int], Entry] = {}

    def __len__(self) -> int:
        """How much waits."""
        return len(self._waiting)

    def put(self, entry: Entry) -> None:
        """It waits; if it did already, from now on as this says."""
        self._waiting[entry.order_no, entry.visit] = entry
        heappush(self._heaps.setdefault(entry.queue, {}).setdefault(entry.alike, []), entry)

    def drop(self, order_no: str, visit: int) -> None:
        """It waits no more; nothing happens if it did not."""
        self._waiting.pop((order_no, visit), None)

    def waits(self, order_no: str, visit: int) -> Entry | None:
        """Its entry, if it waits."""
        return self._waiting.get((order_no, visit))

    def first(self, queues: Iterable[str], but: Collection[tuple[str, Alike]]) -> Entry | None:
        """What is given out first of what waits in these queues, leaving out what is alike to what was tried."""
        best: Entry | None = None
        for queue in queues:
            for alike in list(self._heaps.get(queue, ())):
                if (queue, alike) not in but and (head := self._head(queue, alike)) and (best is None or head < best):
                    best = head
        return best

    def _head(self, queue: str, alike: Alike) -> Entry | None:
        heap = self._heaps[queue][alike]
        while heap and self._waiting.get((heap[0].order_no, heap[0].visit)) is not heap[0]:
            heappop(heap)
        if heap:
            return heap[0]
        del self._heaps[queue][alike]
        return None

    @property
    def waiting(self) -> Mapping[tuple[str, int], Entry]:
        """All that waits."""
        return self._waiting
