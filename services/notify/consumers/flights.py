"""Messages on their way: each in a thread of its own, so many at once as the gateway's window allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from services.notify.consumers.inbox import Delivery
from services.notify.consumers.message import Message, Outcome


@dataclass
class Flight:
    """A message on its way. `deliveries`: those that are settled with it; a lost broker's are void.

    Once it has landed, `result` is what became of it, or why nothing did.
    """

    message_id: str
    deliveries: list[Delivery]
    begun: float = field(default_factory=time.monotonic)
    result: Outcome | Exception | None = None
    ended: Future[None] | None = None

    @property
    def milliseconds(self) -> float:
        """How long it has been on its way."""
        return round((time.monotonic() - self.begun) * 1000, 1)


class Flights:
    """`send` is called in the threads, `landed` in any of them whenever something has landed; the rest in one."""

    def __init__(self, send: Callable[[Message], Outcome], window: int, landed: Callable[[], None]) -> None:
        self._send = send
        self._signal = landed
        self._threads = ThreadPoolExecutor(window, thread_name_prefix="flight")
        self._flying: dict[str, Flight] = {}
        self._landed: SimpleQueue[Flight] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._flying)

    def join(self, message_id: str, delivery: Delivery) -> bool:
        """Whether the message is on its way already; then this delivery is settled with it."""
        flight = self._flying.get(message_id)
        if flight is None:
            return False
        flight.deliveries.append(delivery)
        return True

    def begin(self, message: Message, delivery: Delivery) -> None:
        """Send the message."""
        flight = self._flying[message.message_id] = Flight(message.message_id, [delivery])
        flight.ended = self._threads.submit(self._fly, flight, message)

    def landed(self) -> Flight | None:
        """One that has landed since; it is on its way no longer."""
        try:
            flight = self._landed.get_nowait()
        except Empty:
            return None
        del self._flying[flight.message_id]
        return flight

    def void(self) -> None:
        """The connection is lost on which they were delivered: nothing on it can be settled."""
        for flight in self._flying.values():
            flight.deliveries.clear()

    def close(self, seconds: float) -> None:
        """Begin nothing more, and wait so long at most for what is on its way."""
        wait([flight.ended for flight in self._flying.values() if flight.ended is not None], timeout=seconds)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fly(self, flight: Flight, message: Message) -> None:
        try:
            flight.result = self._send(message)
        except Exception as error:  # noqa: BLE001 - it is raised where the process can end of it
            flight.result = error
        self._landed.put(flight)
        self._signal()
