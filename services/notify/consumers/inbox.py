"""What the broker has delivered and is not yet acknowledged, in the order in which it is to be sent."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
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


def _no_wait(_group: str, _now: float) -> float:
    return 0.0


class Inbox:
    """Lane before lane; what was put off comes back when its time has come.

    What goes to one group (a domain) may be held to a pace: `wait(group, now)` says how many seconds it must wait. All
    others overtake it. Times are in seconds.
    """

    def __init__(self, wait: Callable[[str, float], float] = _no_wait) -> None:
        self._ready: dict[str, deque[Delivery]] = {lane: deque() for lane in LANES}
        self._held: dict[str, dict[str, deque[Delivery]]] = {lane: {} for lane in LANES}
        self._later: list[tuple[float, int, Delivery]] = []
        self._order = count()
        self._wait = wait
        self._waiting: Counter[str] = Counter()

    def put(self, delivery: Delivery) -> None:
        """It may be sent now."""
        self._ready[delivery.lane].append(delivery)

    def put_off(self, delivery: Delivery, until: float) -> None:
        """It may be sent from `until` on."""
        heapq.heappush(self._later, (until, next(self._order), delivery))
        self._waiting[delivery.lane] += 1

    def hold(self, delivery: Delivery, group: str) -> None:
        """It may be sent when its group's turn comes."""
        self._held[delivery.lane].setdefault(group, deque()).append(delivery)
        self._waiting[delivery.lane] += 1

    def take(self, now: float) -> Delivery | None:
        """The next one to send, if there is one."""
        while self._later and self._later[0][0] <= now:
            due = heapq.heappop(self._later)[2]
            self._waiting[due.lane] -= 1
            self.put(due)
        for lane in LANES:
            group = next((group for group in self._held[lane] if self._wait(group, now) <= 0), None)
            if group is not None:
                return self._release(lane, group)
            if self._ready[lane]:
                return self._ready[lane].popleft()
        return None

    def pause(self, now: float, longest: float) -> float:
        """Seconds until something that waits may be sent, `longest` at most."""
        waits = [self._wait(group, now) for groups in self._held.values() for group in groups]
        waits += [self._later[0][0] - now] if self._later else []
        return max(0.0, min([longest, *waits]))

    def waiting(self, lane: str) -> int:
        """How many are in hand that may not be sent yet."""
        return self._waiting[lane]

    def held_since(self, before: float) -> list[Delivery]:
        """Those that came before that time and still wait, for their pace or their lane; they are in hand no longer."""
        old = [(lane, group) for lane, groups in self._held.items() for group in groups]
        found = [delivery for queue in self._ready.values() for delivery in queue if delivery.since < before]
        for delivery in found:
            self._ready[delivery.lane].remove(delivery)
        for lane, group in old:
            while (queue := self._held[lane].get(group)) and queue[0].since < before:
                found.append(self._release(lane, group))
        return found

    def _release(self, lane: str, group: str) -> Delivery:
        queue = self._held[lane][group]
        delivery = queue.popleft()
        self._waiting[lane] -= 1
        if not queue:
            del self._held[lane][group]
        return delivery

    def clear(self) -> list[Delivery]:
        """Everything in hand, which is in hand no longer."""
        queues = [*self._ready.values(), *(queue for groups in self._held.values() for queue in groups.values())]
        held = [*(delivery for queue in queues for delivery in queue), *(entry[2] for entry in self._later)]
        for queue in self._ready.values():
            queue.clear()
        for groups in self._held.values():
            groups.clear()
        self._later.clear()
        self._waiting.clear()
        return held
