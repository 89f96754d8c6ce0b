"""Counting in business time. Integers inside, one bisection per end of a span, whatever its length (ADR 0042)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from shared.business_time.calendar import Calendar
from shared.business_time.instants import (
    DAY_SECONDS,
    EPOCH_DAY,
    LAST_YEAR,
    MICRO,
    instant,
    length,
    micros,
    utc,
    year_start,
)
from shared.business_time.tables import Tables, joined, openings, year_of
from shared.errors import ValidationError

SETTLED = 3  # so many days after the last single day, only the weekly hours count


def due(calendar: Calendar, start: datetime, seconds: int | timedelta) -> datetime:
    """The instant by which so much business time has passed since `start`.

    A start outside hours counts from the next opening; a time that falls exactly on a closing is that closing; zero is
    the start, or the next opening where closed. Raises ValidationError: `start` out of range, `seconds` negative, over
    100 years, or more than the calendar has before 2201.
    """
    start = utc(start, "start")
    want = length(seconds)
    if not want:
        return _first_open(calendar, start)
    table = year_of(calendar.tables, start.year)
    position = table.position(micros(start)) + want
    if position <= table.total:
        return instant(table.instant(position))
    year, position = calendar.tables.locate(start.year, position)
    if year > LAST_YEAR:
        raise _runs_out(calendar)
    return instant(year_of(calendar.tables, year).instant(position))


def _first_open(calendar: Calendar, start: datetime) -> datetime:
    opening = next_open(calendar, start)
    if opening is None:
        raise _runs_out(calendar)
    return opening


def _runs_out(calendar: Calendar) -> ValidationError:
    return ValidationError(
        {"seconds": [f"calendar {calendar.code!r} has not so much open time before {LAST_YEAR + 1}"]}
    )


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The business time in [start, end). Raises ValidationError: either out of range, or `end` before `start`."""
    start, end = _ordered(start, end)
    tables = calendar.tables
    passed = year_of(tables, end.year).position(micros(end)) - year_of(tables, start.year).position(micros(start))
    if start.year != end.year:
        passed += tables.between(start.year, end.year)
    return timedelta(0, 0, passed)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """At an opening True, at a closing False. Raises ValidationError: `at` out of range."""
    at = utc(at, "at")
    return year_of(calendar.tables, at.year).is_open(micros(at))


def next_open(calendar: Calendar, at: datetime) -> datetime | None:
    """`at` itself if open, else the next opening; None: it never opens again before 2201. Raises as `is_open`."""
    at = utc(at, "at")
    for start, _ in openings(calendar.tables, micros(at), at.year):
        return max(at, instant(start))
    return None


def next_close(calendar: Calendar, at: datetime) -> datetime | None:
    """The first closing after `at`, whether open or not at `at`; None: none before 2201. Raises as `is_open`."""
    at = utc(at, "at")
    tables = calendar.tables
    closing: int | None = None
    for start, end in openings(tables, micros(at), at.year):
        if closing is not None and start != closing:
            return instant(closing)
        if _never_closes(tables, end):
            return None
        closing = end
    return None if closing is None or closing == year_start(LAST_YEAR + 1) else instant(closing)


def _never_closes(tables: Tables, end: int) -> bool:
    """That an opening which runs to `end` goes on for ever: weeks without a gap, and no single day any more."""
    return tables.hours.all_week and end > (tables.hours.last_special + SETTLED - EPOCH_DAY) * DAY_SECONDS * MICRO


def intervals(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """(from, to, open) by turns, none empty, covering [start, end) exactly. Raises as `elapsed`."""
    start, end = _ordered(start, end)
    return _intervals(calendar.tables, start, end) if start < end else iter(())


def _intervals(tables: Tables, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    last = micros(end)
    for opening in joined(takewhile(lambda run: run[0] < last, openings(tables, micros(start), start.year))):
        opens, closes = max(start, instant(opening[0])), min(end, instant(opening[1]))
        if start < opens:
            yield start, opens, False
        yield opens, closes, True
        start = closes
    if start < end:
        yield start, end, False


def _ordered(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    start, end = utc(start, "start"), utc(end, "end")
    if end < start:
        raise ValidationError({"end": [f"{end.isoformat()} is before the start, {start.isoformat()}"]})
    return start, end
