"""Business time the slow way: from the wall clock's definition, walking from boundary to boundary.

Shares nothing with the package. A calendar's clock is the local one, except that it never goes back: while the local
clock repeats an hour, it stands still. Open is what that clock shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
MICRO = 1_000_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Oracle:
    """The answers for one declared body, which must be sound."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.zone = ZoneInfo(body["zone"])
        self.week = body["week"]
        self.days = body.get("days", {})

    def is_open(self, at: datetime) -> bool:
        return self.open_at(since_1970(at) // MICRO)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        return timedelta(microseconds=sum(b - a for a, b, is_open in self._stretches(start, end) if is_open))

    def due(self, start: datetime, span: timedelta, limit: datetime) -> datetime | None:
        """None: not until the limit."""
        left = span // timedelta(microseconds=1)
        for begin, end, is_open in self._stretches(start, limit):
            if is_open:
                if begin + left <= end and (left or begin < end):
                    return instant(begin + left)
                left -= end - begin
        return None

    def next_open(self, at: datetime, limit: datetime) -> datetime | None:
        return next((instant(begin) for begin, _, is_open in self._stretches(at, limit) if is_open), None)

    def next_close(self, at: datetime, limit: datetime) -> datetime | None:
        stretches = pairwise(self._stretches(at, limit))
        return next((instant(end) for (_, end, first), (_, _, then) in stretches if first and not then), None)

    def intervals(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime, bool]]:
        found: list[tuple[datetime, datetime, bool]] = []
        for begin, stop, is_open in self._stretches(start, end):
            if found and found[-1][2] == is_open:
                begin = since_1970(found.pop()[0])
            found.append((instant(begin), instant(stop), is_open))
        return found

    def open_at(self, second: int) -> bool:
        """Whether the calendar is open in the second that begins here."""
        return self.wall_open(self._shown(second))

    def wall_open(self, wall: datetime) -> bool:
        """Whether some span of this day or the day before covers the wall time, and no window of theirs closes it."""
        days = (wall.date(), wall.date() - timedelta(days=1))
        covered = any(_covers(day, text, wall) for day in days for text in self._spans(day))
        return covered and not any(_covers(day, text, wall) for day in days for text in self._windows(day))

    def _spans(self, day: date) -> list[str]:
        entry = self.days.get(day.isoformat(), {})
        if entry.get("closed"):
            return []
        if "open" in entry:
            return entry["open"]
        return self.week.get(entry.get("as", WEEKDAYS[day.weekday()]), [])

    def _windows(self, day: date) -> list[str]:
        return self.days.get(day.isoformat(), {}).get("without", [])

    def _shown(self, second: int) -> datetime:
        """The latest local time that any clock has shown up to this second."""
        falls = [change for change in changes_near(self.zone, second) if second - 2 * DAY < change <= second]
        return max(_local(self.zone, each) for each in (second, *(change - 1 for change in falls)))

    def _stretches(self, start: datetime, end: datetime) -> Iterator[tuple[int, int, bool]]:
        """(from, to, open) in microseconds: nothing changes within one."""
        begin, stop = since_1970(start), since_1970(end)
        while begin < stop:
            reach = min(stop, begin + 8 * DAY * MICRO)
            points = [begin, *(point for point in self._boundaries(begin, reach) if begin < point < reach), reach]
            for one, other in pairwise(points):
                yield one, other, self.open_at(one // MICRO)
            begin = reach

    def _boundaries(self, begin: int, end: int) -> list[int]:
        """Every instant at which something could change, and more."""
        first, last = begin // MICRO // DAY, end // MICRO // DAY
        found = set()
        for number in range(first - 3, last + 4):
            offsets = {_offset(self.zone, (number + near) * DAY) for near in (-1, 0, 1, 2)}
            found.update(changes_near(self.zone, number * DAY))
            day = (EPOCH + timedelta(days=number)).date()
            for text in (*self._spans(day), *self._windows(day)):
                for time in _ends(text):
                    found.update(number * DAY + time - offset for offset in offsets)
        return sorted(second * MICRO for second in found)


def since_1970(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _ends(text: str) -> tuple[int, int]:
    """A span's ends in seconds from the midnight of its day."""
    start, end = ((int(time[:2]) * 60 + int(time[3:])) * 60 for time in text.split("-"))
    return (start, end) if end > start else (start, end + DAY)


def _covers(day: date, text: str, wall: datetime) -> bool:
    start, end = _ends(text)
    midnight = datetime(day.year, day.month, day.day)
    return midnight + timedelta(seconds=start) <= wall < midnight + timedelta(seconds=end)


def _local(zone: ZoneInfo, second: int) -> datetime:
    return (EPOCH + timedelta(seconds=second)).astimezone(zone).replace(tzinfo=None)


def _offset(zone: ZoneInfo, second: int) -> int:
    return (_local(zone, second).replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1) - second


def changes_near(zone: ZoneInfo, second: int) -> list[int]:
    """The first seconds of new offsets, in the UTC year of the second and those around it."""
    year = (EPOCH + timedelta(seconds=second)).year
    return [change for near in (-1, 0, 1) for change in changes_in(zone, year + near)]


@cache
def changes_in(zone: ZoneInfo, year: int) -> list[int]:
    """The first seconds of new offsets in a UTC year, looked for every six hours."""
    first, last = ((date(each, 1, 1) - EPOCH.date()).days * DAY for each in (year, year + 1))
    steps = range(first, last + 1, DAY // 4)
    return [_change(zone, one, other) for one, other in pairwise(steps) if _offset(zone, one) != _offset(zone, other)]


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    seconds = range(before, after + 1)
    return seconds[bisect_right(seconds, False, key=lambda second: _offset(zone, second) != _offset(zone, before))]
