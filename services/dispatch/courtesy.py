"""Courtesy among the workers of one process: who is just being claimed, so that others look elsewhere first.

What two processes claim at once, the database decides; what two workers of one process do, too. But an aborted
transaction costs more than to look, or to wait, beforehand.
"""

from __future__ import annotations

from threading import Condition


class Courtesy:
    """Names that workers of this process have in hand."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._held: set[str] = set()

    def in_hand(self) -> frozenset[str]:
        """Those that somebody has in hand now."""
        return frozenset(self._held)

    def hold(self, name: str, wait: float = 0) -> bool:
        """Take it in hand, after at most so many seconds; False: somebody has it still. `let_go` gives it back."""
        with self._changed:
            if not self._changed.wait_for(lambda: name not in self._held, timeout=wait):
                return False
            self._held.add(name)
            return True

    def let_go(self, name: str) -> None:
        """Others may have it."""
        with self._changed:
            self._held.discard(name)
            self._changed.notify_all()
