"""Work that waits for an agent: given out as soon as somebody has room, the most urgent first, then the oldest.

Work waits in the queue of whom it needs (`Need.key`): one step that needs an expert keeps nobody else waiting. Whoever
leaves work waiting, or makes room, writes that first and then looks here, so that of two at once at least one sees
both; what a crash leaves behind is found by the queues (`give_out_all`), so nothing waits beside a free agent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.dispatch.domain import Order
from services.dispatch.seats import Seats
from shared.aggregates import Aggregates

#: How much one call gives out before it answers its caller; the timer does the rest.
AT_A_TIME = 10

#: Why work is given out that nobody's change has made room for.
FOUND = "room found by the timer"

Seat = Callable[[Mapping[str, Any], str], bool]


class Waiting:
    """All queues. `seat` gives a work order (`_id`, `last_at`, `replay_until`) to whoever can take what waits of it.

    It is told why there may be room now, which the work's history then shows as the cause.
    """

    def __init__(self, orders: Aggregates[Order], seats: Seats, seat: Seat) -> None:
        self._orders = orders.collection
        self._seats = seats
        self._seat = seat

    def give_out(self, queues: Iterable[str], why: str) -> int:
        """Give waiting work of these queues to who has room; gives how much. `why`: what has made room."""
        asked, tried, given = set(queues), 0, 0
        while tried < AT_A_TIME and asked and (first := self._first(asked)) is not None:
            its = asked.intersection(first["queues"])
            full = {queue for queue in its if not self._seats.has_room(queue)}
            asked -= full
            if its - full:
                tried += 1
                given += self._seat(first, why)
        return given

    def give_out_all(self) -> int:
        """The same for every queue; reads one index entry for each in which work waits."""
        given, queue = 0, self._next_queue("")
        while queue is not None:
            given += self.give_out([queue], FOUND)
            queue = self._next_queue(queue)
        return given

    def _first(self, queues: Iterable[str]) -> Mapping[str, Any] | None:
        return self._orders.find_one(
            {"queues": {"$in": sorted(queues)}},
            {"queues": 1, "last_at": 1, "replay_until": 1},
            sort=[("priority", 1), ("place", 1)],
            hint="of_queue",
        )

    def _next_queue(self, after: str) -> str | None:
        """The next queue that is not empty; the index gives them in order (a sort would read them all)."""
        doc = self._orders.find_one({"queues": {"$gt": after}}, {"queues": 1}, hint="of_queue")
        return min((queue for queue in doc["queues"] if queue > after), default=None) if doc else None
