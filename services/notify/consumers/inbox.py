"""What the broker has delivered and is not yet acknowledged, in the order in which it is to be sent."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from itertools import count

from shared.lanes import LANES


@dataclass(frozen=True)
class Delivery:
    """A message in hand; `since` is when it came, on the monotonic clock."""

    tag: int
    lane: str
    body: bytes
    message_id: str | None
    since: float


class Inbox:
    """Lane before lane; what was put off comes back when its time has come."""

    def __init__(self) -> None:
        self._ready: dict[str, deque[Delivery]] = {lane: deque() for lane in LANES}
        self._later: list[tuple[float, int, Delivery]] = []
        self._order = count()

    def put(self, delivery: Delivery) -> None:
        """It may be sent now."""
        self._ready[delivery.lane].append(delivery)

    def put_off(self, delivery: Delivery, until: float) -> None:
        """It may be sent from `until` on."""
        heapq.heappush(self._later, (until, next(self._order), delivery))

    def take(self, now: float) -> Delivery | None:
        """The next one to send, if there is one."""
        while self._later and self._later[0][0] <= now:
            self.put(heapq.heappop(self._later)[2])
        ready = next((queue for queue in self._ready.values() if queue), None)
        return ready.popleft() if ready else None

    def clear(self) -> list[Delivery]:
        """Everything in hand, which is in hand no longer."""
        held = [*(d for queue in self._ready.values() for d in queue), *(entry[2] for entry in self._later)]
        for queue in self._ready.values():
            queue.clear()
        self._later.clear()
        return held
