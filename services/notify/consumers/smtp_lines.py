"""Several connections to the relay: one that answers slowly holds up one mail, not all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue

from services.notify.consumers.mail import Mail
from services.notify.consumers.message import Outcome
from services.notify.consumers.smtp import Relay


class Lines:
    """As many as `number`, each for one mail at a time; the one used last is used first, so that few stay open."""

    def __init__(self, number: int, make: Callable[[], Relay]) -> None:
        self.number = number
        self._all = [make() for _ in range(number)]
        self._free: LifoQueue[Relay] = LifoQueue()
        for relay in self._all:
            self._free.put(relay)

    def send(self, mail: Mail) -> Outcome:
        """As `Relay.send`; waits for a free line."""
        with self._line() as relay:
            return relay.send(mail)

    def check(self) -> None:
        """As `Relay.check`."""
        with self._line() as relay:
            relay.check()

    def close(self) -> None:
        """Hang up all."""
        for relay in self._all:
            relay.close()

    @contextmanager
    def _line(self) -> Iterator[Relay]:
        relay = self._free.get()
        try:
            yield relay
        finally:
            self._free.put(relay)
