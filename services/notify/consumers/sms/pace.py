"""How fast to send: as the contract with the gateway says, and slower when the gateway says so."""

from __future__ import annotations

#: Seconds: the pause after the first throttling answer, doubling up to the last.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Seconds between messages after the first throttling answer, doubling up to the last.
FIRST_GAP, LONGEST_GAP = 0.05, 5.0
#: Each message taken shortens the gap to this share of it; below the last it is as good as none.
EASING, NO_GAP = 0.9, 0.005


class Pace:
    """Times are of a monotonic clock, in seconds. `rate`: messages a second at most, None for no limit."""

    def __init__(self, rate: float | None = None) -> None:
        self._least_gap = 1 / rate if rate else 0.0
        self._gap = self._least_gap
        self._pause = 0.0
        self._free_at = 0.0

    def turn(self, now: float) -> float:
        """When the caller may send; the turn is taken by asking."""
        at = max(now, self._free_at)
        self._free_at = at + self._gap
        return at

    def throttled(self, now: float) -> None:
        """The gateway has said that this is too fast."""
        if now + self._pause <= self._free_at and self._pause:
            return  # the answers to what was sent together count once
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._gap = min(max(self._gap * 2, FIRST_GAP), max(LONGEST_GAP, self._least_gap))
        self._free_at = max(self._free_at, now + self._pause)

    def taken(self) -> None:
        """The gateway has taken one."""
        self._pause = 0.0
        eased = self._gap * EASING
        self._gap = max(self._least_gap, eased if eased > NO_GAP else 0.0)
