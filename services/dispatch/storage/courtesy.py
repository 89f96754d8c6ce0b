"""Courtesy among the workers of one process: who is just being claimed, so that others look elsewhere first.

What two processes claim at once, the database decides; what two workers of one process do, too. But an aborted
transaction costs more than to look, or to wait, beforehand.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from threading import Condition, Lock

#: So many that were let go last are remembered: more than workers let go while one of them looks at a team.
REMEMBERED = 256


class Courtesy:
    """Names that workers of this process have in hand."""

    def __init__(self) -> None:
        self.choosing = Lock()  # from looking who is in hand until somebody else is
        self._changed = Condition()
        self._held: set[str] = set()
        self._turn = 0
        self._gone: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)  # the last one first

    def turn(self) -> int:
        """Now, as `busy_since` counts."""
        return self._turn

    def busy_since(self, turn: int) -> set[str]:
        """Those that somebody has in hand now, or has had since then."""
        with self._changed:
            return self._held | {name for _, name in takewhile(lambda gone: gone[0] > turn, self._gone)}

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
            self._turn += 1
            self._gone.appendleft((self._turn, name))
            self._changed.notify_all()
