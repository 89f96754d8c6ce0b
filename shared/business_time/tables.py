"""Openings as tables: one per calendar year (UTC), with the business time before each opening (ADR 0042)."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import accumulate
from threading import Lock

from shared.business_time.hours import Hours
from shared.business_time.instants import DAY_SECONDS, EPOCH_DAY, FIRST_YEAR, LAST_YEAR, MICRO, year_start
from shared.business_time.year import Opening, Year
from shared.business_time.zones import offset, utc_seconds, zone_named

MARGIN = 3  # days: a zone's offset is under one and a span under two
MOST_HOURS = 256  # calendars whose tables are shared by content
MOST_OPENINGS = 300_000  # in the tables kept in a process: two years of office hours for each of those, about 24 MB


class Tables:
    """The years of one calendar's hours, built when asked for; shared by all calendars with the same hours.

    What has been summed is kept, as (base, sums): sums[k] is the business time from some fixed instant to the start of
    year base + k. One number for each year asked for, 232 at most.
    """

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self.zone = zone_named(hours.zone)
        self.years: dict[int, Year] = {}  # those that are kept (`Kept`)
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


class Kept:
    """Keeps tables for all calendars of a process, up to so many openings; what was built first goes first.

    Its bound is by size, since a year may have one opening or thousands. Not the least recently used first: an answer
    would then have to note each use, which costs it more than a table that is built again now and then.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._order: deque[tuple[Tables, int]] = deque()
        self._lock = Lock()

    def built(self, tables: Tables, year: int) -> Year:
        """The year's table, which is kept from now on."""
        with self._lock:
            table = tables.years.get(year)  # another thread may have built it meanwhile
            if table is None:
                table = tables.years[year] = build(tables, year)
                self._order.append((tables, year))
                self.size += table.size
                self._make_room()
        return table

    def _make_room(self) -> None:
        while self.size > self.most and len(self._order) > 1:
            tables, year = self._order.popleft()
            self.size -= tables.years.pop(year).size


KEPT = Kept(MOST_OPENINGS)


def year_of(tables: Tables, year: int) -> Year:
    """The table of one year, FIRST_YEAR to LAST_YEAR."""
    return tables.years.get(year) or KEPT.built(tables, year)


def build(tables: Tables, year: int) -> Year:
    """The table of one year, FIRST_YEAR to LAST_YEAR, from the hours."""
    days = range(date(year, 1, 1).toordinal() - MARGIN, date(year + 1, 1, 1).toordinal() + MARGIN)
    return Year(list(joined(_within(_spans(tables, days), year_start(year), year_start(year + 1)))))


def opens_from(tables: Tables, day: int) -> bool:
    """That some span of this local day (ordinal) or a later one takes any time before LAST_YEAR has ended.

    Not each does: clock changes skip some. Looks no further than the first, and builds no table.
    """
    first, last = year_start(FIRST_YEAR), year_start(LAST_YEAR + 1)
    days: Iterable[int] = (at for at, _ in tables.hours.special if at >= day)
    if any(tables.hours.week):
        days = range(max(day, EPOCH_DAY - MARGIN), date(LAST_YEAR, 12, 31).toordinal() + MARGIN)
    return any(_within(_spans(tables, days), first, last))


def _within(spans: Iterator[Opening], first: int, last: int) -> Iterator[Opening]:
    """What the spans have between two instants, without the empty ones."""
    clipped = ((max(first, start), min(last, end)) for start, end in spans)
    return ((start, end) for start, end in clipped if start < end)


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


def _spans(tables: Tables, days: Iterable[int]) -> Iterator[Opening]:
    """Each span of the local days (ordinals) as instants; one that a clock change skips is empty."""
    zone = tables.zone
    for ordinal in days:
        midnight = (ordinal - EPOCH_DAY) * DAY_SECONDS
        ahead = offset(zone, midnight)
        # spans end within two days, and no zone changes its clock twice in that time (a test holds it)
        steady = ahead == offset(zone, midnight + 2 * DAY_SECONDS, fold=1)
        for start, end in tables.hours.on(ordinal):
            walls = midnight + start * 60, midnight + end * 60
            opens, closes = (wall - ahead if steady else utc_seconds(zone, wall) for wall in walls)
            yield opens * MICRO, closes * MICRO
