"""Openings as tables: one per calendar year (UTC), with the business time before each opening (ADR 0042)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import accumulate

from shared.business_time.hours import Hours
from shared.business_time.instants import DAY_SECONDS, EPOCH_DAY, LAST_YEAR, MICRO, year_start
from shared.business_time.zones import offset, utc_seconds, zone_named

MARGIN = 3  # days: a zone's offset is under one and a span under two
MOST_YEARS = 64  # tables kept in a process
MOST_HOURS = 256  # calendars whose tables are shared by content

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


class Tables:
    """The years of one calendar's hours, built when asked for; shared by all calendars with the same hours.

    What has been summed is kept, as (base, sums): sums[k] is the business time from some fixed instant to the start of
    year base + k. One number for each year asked for, 232 at most.
    """

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self.zone = zone_named(hours.zone)
        self._summed: tuple[int, tuple[int, ...]] | None = None

    def between(self, first: int, last: int) -> int:
        """The business time from the start of year `first` to the start of year `last`."""
        base, sums = self._sums(first, last)
        return sums[last - base] - sums[first - base]

    def locate(self, year: int, position: int) -> tuple[int, int]:
        """The same position, given from the start of `year`, as (its year, position in it); LAST_YEAR + 1: too far."""
        base, sums = self._sums(year, year + 1)
        goal = sums[year - base] + position
        while sums[-1] < goal:
            end = base + len(sums) - 1
            if end > LAST_YEAR:
                return end, 0
            base, sums = self._sums(year, end + 1)
        index = bisect_left(sums, goal) - 1
        return base + index, goal - sums[index]

    def _sums(self, first: int, last: int) -> tuple[int, tuple[int, ...]]:
        """The sums, reaching at least from the start of year `first` to the start of year `last`."""
        base, sums = self._summed or (first, (0,))
        if base <= first and last < base + len(sums):
            return base, sums
        below = [year_of(self, year).total for year in range(first, base)]
        above = [year_of(self, year).total for year in range(base + len(sums) - 1, last)]
        sums = (*accumulate(below, initial=sums[0] - sum(below)), *sums[1:])
        sums = (*sums[:-1], *accumulate(above, initial=sums[-1]))
        self._summed = base - len(below), sums
        return self._summed


@lru_cache(maxsize=MOST_HOURS)
def tables_of(hours: Hours) -> Tables:
    """The one object for these hours, so that versions and codes with equal hours share their years."""
    return Tables(hours)


@lru_cache(maxsize=MOST_YEARS)
def year_of(tables: Tables, year: int) -> Year:
    """The table of one year, FIRST_YEAR to LAST_YEAR."""
    first, last = year_start(year), year_start(year + 1)
    clipped = ((max(first, start), min(last, end)) for start, end in _spans(tables, year))
    return Year(list(joined((start, end) for start, end in clipped if start < end)))


def openings(tables: Tables, after: int, year: int) -> Iterator[Opening]:
    """The openings that end after the instant, which lies in `year`, to the end of LAST_YEAR; cut at each new year."""
    last = LAST_YEAR if any(tables.hours.week) else min(LAST_YEAR, date.fromordinal(tables.hours.last_special).year + 1)
    for each in range(year, last + 1):
        yield from year_of(tables, each).openings(after)


def joined(openings: Iterator[Opening]) -> Iterator[Opening]:
    """The openings in order, those that touch as one."""
    current: Opening | None = None
    for start, end in openings:
        if current and current[1] == start:
            start = current[0]
        elif current:
            yield current
        current = start, end
    if current:
        yield current


def _spans(tables: Tables, year: int) -> Iterator[Opening]:
    """Each span of the year's local days, and of a few days around them, as instants."""
    zone = tables.zone
    for ordinal in range(date(year, 1, 1).toordinal() - MARGIN, date(year + 1, 1, 1).toordinal() + MARGIN):
        midnight = (ordinal - EPOCH_DAY) * DAY_SECONDS
        ahead = offset(zone, midnight)
        # spans end within two days, and no zone changes its clock twice in that time (a test holds it)
        steady = ahead == offset(zone, midnight + 2 * DAY_SECONDS, fold=1)
        for start, end in tables.hours.on(ordinal):
            walls = midnight + start * 60, midnight + end * 60
            opens, closes = (wall - ahead if steady else utc_seconds(zone, wall) for wall in walls)
            yield opens * MICRO, closes * MICRO
