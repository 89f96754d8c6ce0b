"""The customers who submit, remembered for a second: submitting stays one insert (ADR 18)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from services.intake.domain.customer import Submitter
from shared.reference import FRESH_FOR

SIZE = 20_000


class Submitters:
    """Customer id -> who that is, as `read` tells it (None: no such customer); of the `size` customers last used.

    Trusted for as long as reference data are: another process's change counts here a second later at most.
    """

    def __init__(
        self, read: Callable[[str], Submitter | None], size: int = SIZE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._size = size
        self._clock = clock
        self._known: OrderedDict[str, tuple[Submitter | None, float]] = OrderedDict()

    def get(self, customer_id: str) -> Submitter | None:
        """The customer as it submits; None if there is no such customer."""
        who, until = self._known.get(customer_id, (None, float("-inf")))
        if self._clock() < until:
            self._known.move_to_end(customer_id)
            return who
        read = self._read(customer_id)
        if read is not None:
            self._keep(customer_id, read)
        return read

    def forget(self, customer_id: str) -> None:
        """Read it anew: it was changed here."""
        self._known.pop(customer_id, None)

    def _keep(self, customer_id: str, who: Submitter) -> None:
        self._known[customer_id] = (who, self._clock() + FRESH_FOR)
        self._known.move_to_end(customer_id)
        if len(self._known) > self._size:
            self._known.popitem(last=False)
