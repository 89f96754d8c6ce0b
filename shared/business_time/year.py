"""The openings of one calendar year (UTC), with the business time before each (ADR 0042)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

EMPTY = 8  # what a table without openings takes, in openings
Opening = tuple[int, int]  # from, to; microseconds since 1970


class Year:
    """The openings within one UTC year, in microseconds since 1970; what touches is one opening.

    `starts[i]` is an opening; `before[i]` the business time of the year before it, with the year's total at the end. So
    opening i ends at `starts[i] + before[i + 1] - before[i]`.
    """

    __slots__ = ("before", "starts", "total")

    def __init__(self, openings: list[Opening]) -> None:
        self.starts = [start for start, _ in openings]
        self.before = list(accumulate((end - start for start, end in openings), initial=0))
        self.total = self.before[-1]

    @property
    def size(self) -> int:
        """What it takes to keep it, in openings."""
        return EMPTY + len(self.starts)

    def openings(self, after: int) -> Iterator[Opening]:
        """Those that end after the instant, in order, whole."""
        for index in range(max(0, bisect_right(self.starts, after) - 1), len(self.starts)):
            start = self.starts[index]
            end = start + self.before[index + 1] - self.before[index]
            if end > after:
                yield start, end

    def is_open(self, at: int) -> bool:
        """That an opening has begun and not ended; at its closing it has ended."""
        index = bisect_right(self.starts, at) - 1
        return index >= 0 and at - self.starts[index] < self.before[index + 1] - self.before[index]

    def position(self, at: int) -> int:
        """The business time of the year before the instant."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return min(self.before[index] + at - self.starts[index], self.before[index + 1])

    def instant(self, position: int) -> int:
        """The first instant by which so much business time (over 0, up to the total) has passed."""
        index = bisect_left(self.before, position) - 1
        return self.starts[index] + position - self.before[index]
