"""`python -m tests.bench.business_time`: business time beside PyPI's businesstimedelta, the same hours in one run."""

from __future__ import annotations

import statistics
import sys
import time as clock
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

import pytz
from businesstimedelta import BusinessTimeDelta, HolidayRule, LunchTimeRule, Rules, WorkDayRule
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shared.business_time import Calendar, due, elapsed
from shared.business_time.tables import KEPT, build
from shared.business_time.year import Year

ZONE = "Europe/Berlin"
YEARS = range(2024, 2030)
HOLIDAYS = [date(year, month, day) for year in YEARS for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))]
WORKING_DAY = 8  # hours: 08:30-12:00 and 13:30-18:00
HOURS = {"10 hours": 10, "90 days": 90 * WORKING_DAY, "one year": 365 * WORKING_DAY}
AIMS = {"10 hours": 200, "90 days": 5_000}
REPEATS = 5
STEPS = len(HOURS) * 2 * REPEATS + REPEATS + 3
STARTS = [datetime(2025, 3, 3, 5, tzinfo=UTC) + timedelta(hours=37 * number) for number in range(200)]


@dataclass(frozen=True)
class Row:
    """One figure, and what it should be."""

    name: str
    figure: str
    aim: str = ""


def office() -> Calendar:
    """The hours that both count in."""
    week = {weekday: ["08:30-12:00", "13:30-18:00"] for weekday in ("mon", "tue", "wed", "thu", "fri")}
    days = {str(day): {"closed": True} for day in HOLIDAYS}
    return Calendar.from_dict("office", {"name": "Office", "zone": ZONE, "week": week, "days": days})


def their_office() -> Rules:
    """The same hours as rules of businesstimedelta."""
    zone = pytz.timezone(ZONE)
    working = WorkDayRule(start_time=time(8, 30), end_time=time(18), tz=zone)
    lunch = LunchTimeRule(start_time=time(12), end_time=time(13, 30), tz=zone)
    return Rules([working, lunch, HolidayRule(HOLIDAYS, tz=zone)])


def heavy() -> Calendar:
    """Many spans, many single days, clock changes: what a year's table may well cost."""
    spans = ["00:30-02:15", "02:45-06:00", "08:00-12:00", "12:30-16:00", "16:15-19:00", "22:00-00:15"]
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), spans)
    days = {f"2026-{month:02}-{day:02}": {"without": ["14:00-15:00"]} for month in range(1, 13) for day in (3, 12, 23)}
    return Calendar.from_dict("heavy", {"name": "Heavy", "zone": "Australia/Lord_Howe", "week": week, "days": days})


def fullest() -> Calendar:
    """The most spans that a day may have."""
    spans = [f"{hour:02}:00-{hour:02}:30" for hour in range(24)]
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), spans)
    return Calendar.from_dict("fullest", {"name": "Fullest", "zone": ZONE, "week": week})


def microseconds(call: Callable[[datetime], Any], calls: int) -> float:
    """The mean CPU time of one call over so many starts: neither side waits for anything."""
    starts = list(islice(cycle(STARTS), calls))
    begin = clock.process_time()
    for start in starts:
        call(start)
    return (clock.process_time() - begin) / calls * 1e6


def measure(progress: Callable[[], None] = lambda: None) -> list[Row]:
    """Every figure; calls `progress` `STEPS` times. Raises AssertionError where the two give different answers."""
    calendar, rules = office(), their_office()
    rows = []
    for span, hours in HOURS.items():
        rows.append(_due(calendar, rules, hours, progress).row(f"due, {span}", AIMS.get(span)))
        rows.append(_elapsed(calendar, rules, hours, progress).row(f"elapsed, {span}"))
    return [*rows, _growth(calendar, progress), *_tables(progress)]


@dataclass(frozen=True)
class Pair:
    """The same question to both: medians in microseconds, and the median of the rounds' ratios."""

    ours: float
    theirs: float
    times: float

    def row(self, name: str, aim: int | None = None) -> Row:
        """As a line of the table."""
        figure = f"{self.ours:.2f} µs; theirs {self.theirs:,.0f} µs: {self.times:,.0f} times"
        return Row(name, figure, f"{aim:,} times" if aim else "")


def _due(calendar: Calendar, rules: Rules, hours: int, progress: Callable[[], None]) -> Pair:
    seconds, adding = hours * 3600, BusinessTimeDelta(rules, hours=hours)
    return _pair(lambda start: due(calendar, start, seconds), lambda start: start + adding, hours, progress)


def _elapsed(calendar: Calendar, rules: Rules, hours: int, progress: Callable[[], None]) -> Pair:
    """Over so much time on the wall that it holds about as much business time as was added."""
    length = timedelta(hours=hours * 24 / WORKING_DAY * 7 / 5)
    return _pair(
        lambda start: elapsed(calendar, start, start + length),
        lambda start: rules.difference(start, start + length).timedelta,
        hours,
        progress,
    )


def _pair(
    ours: Callable[[datetime], Any], theirs: Callable[[datetime], Any], hours: int, progress: Callable[[], None]
) -> Pair:
    """By turns, after a round that warms up and in which both must agree: else a comparison would say nothing."""
    for start in STARTS:
        ours(start)
    for start in STARTS[::20]:
        assert ours(start) == theirs(start), start
    found = []
    for _ in range(REPEATS):
        found.append((microseconds(ours, 20_000), microseconds(theirs, max(4, 2_000 // hours))))
        progress()
    our, their = (statistics.median(side) for side in zip(*found, strict=True))
    return Pair(our, their, statistics.median(b / a for a, b in found))


def _growth(calendar: Calendar, progress: Callable[[], None]) -> Row:
    """A year's span beside ten hours', by turns."""
    short, long = HOURS["10 hours"] * 3600, HOURS["one year"] * 3600
    found = []
    for _ in range(REPEATS):
        ten_hours = microseconds(lambda start: due(calendar, start, short), 20_000)
        found.append(microseconds(lambda start: due(calendar, start, long), 20_000) / ten_hours)
        progress()
    return Row("due, one year beside 10 hours", f"{statistics.median(found):.2f}", "at most 1.5")


def _tables(progress: Callable[[], None]) -> Iterator[Row]:
    for name, calendar in (("office", office()), ("6 spans a day", heavy()), ("24 spans a day", fullest())):
        times = []
        for _ in range(REPEATS):
            begin = clock.process_time()
            year = build(calendar.tables, 2026)
            times.append((clock.process_time() - begin) * 1e3)
        kept = f"{_kilobytes(year):,.0f} kB each, {KEPT.most // year.size:,} kept"
        yield Row(f"a year's table, {name}", f"{statistics.median(times):.1f} ms; {kept}", "under 10 ms")
        progress()


def _kilobytes(year: Year) -> float:
    columns: Sequence[Sequence[int]] = (year.starts, year.before)
    return sum(sys.getsizeof(column) + sum(map(sys.getsizeof, column)) for column in columns) / 1e3


def show(console: Console) -> None:
    """Measures, and prints the table."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("business time", total=STEPS)
        rows = measure(lambda: progress.advance(task))
    table = Table("", "figure", "aim", title=f"Business time, beside businesstimedelta {version('businesstimedelta')}")
    for row in rows:
        table.add_row(row.name, row.figure, row.aim)
    console.print(table)


if __name__ == "__main__":
    show(Console())
