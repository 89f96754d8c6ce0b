"""When an agent of a simulation is on duty, and how long work takes that is only done then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTHING = timedelta()
FINISH = timedelta(minutes=30)
"""What an agent has that would be done so soon after the end of the duty, is finished in overtime."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch without a break, of the duty from `duty_since` to `duty_until`."""

    since: datetime
    until: datetime
    duty_since: datetime
    duty_until: datetime


class Duty:
    """The spans of one agent, in order and apart; None: always on duty.

    After the last one nothing is known: work then takes its time as if the agent was there.
    """

    __slots__ = ("_starts", "finish", "spans")

    def __init__(self, spans: Sequence[Span] | None = None, finish: timedelta = FINISH) -> None:
        self.spans = spans
        self.finish = finish
        self._starts = [span.since for span in spans or ()]

    def at(self, at: datetime) -> Span | None:
        """The span at that instant; None: off duty, or always on."""
        place = bisect_right(self._starts, at) - 1
        if place < 0 or self.spans is None:
            return None
        span = self.spans[place]
        return span if at < span.until else None

    def begins_after(self, at: datetime) -> Span | None:
        """The next span that begins after that instant."""
        place = bisect_right(self._starts, at)
        return self.spans[place] if self.spans is not None and place < len(self.spans) else None

    def seconds(self, since: datetime, until: datetime) -> float:
        """Seconds of duty between two instants."""
        if self.spans is None:
            return max(0.0, (until - since).total_seconds())
        total = NOTHING
        for span in self.spans[max(0, bisect_right(self._starts, since) - 1) :]:
            if span.since >= until:
                break
            total += max(NOTHING, min(until, span.until) - max(since, span.since))
        return total.total_seconds()

    def after(self, at: datetime, seconds: float) -> tuple[datetime, float]:
        """When so many seconds of duty have passed, and how many of them are overtime."""
        left = timedelta(seconds=seconds)
        if self.spans is None:
            return at + left, 0.0
        for span in self.spans[max(0, bisect_right(self._starts, at) - 1) :]:
            begin = max(at, span.since)
            room = span.until - begin
            if room < NOTHING:
                continue
            if left <= room:
                return begin + left, 0.0
            if begin < span.until == span.duty_until and left - room <= self.finish:
                return begin + left, (left - room).total_seconds()
            left -= room
            at = span.until
        return at + left, 0.0
