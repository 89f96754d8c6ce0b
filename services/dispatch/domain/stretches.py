"""The intervals of a clock's way: counted, paused, closed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.dispatch.domain.clock import Clock
from services.dispatch.domain.pin import Pin
from services.dispatch.domain.promise import Promise
from services.dispatch.domain.runs import Calendars, Run
from shared.business_time import Calendar, day_name, intervals
from shared.business_time.hours import weekday_of
from shared.business_time.spans import Spans

#: Why a clock stood still that had stopped and went on: the work was resolved; no step of the group was open.
RESOLVED, LEFT = "resolved", "left"
#: Of a closed interval, so many days are looked at for the names that they were declared with.
MOST_NAMED_DAYS = 40


class Kind(StrEnum):
    """What an interval did to the clock."""

    COUNTED = "counted"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True)
class Interval:
    """From `start` to `end` the clock counted, was paused for `reason`, or its calendar was closed for `reason`."""

    start: datetime
    end: datetime
    kind: Kind
    reason: str | None
    calendar: Pin
    source: Pin

    @property
    def length(self) -> timedelta:
        """How long it took, by the wall clock; of a counted one that is what was counted."""
        return self.end - self.start


def way(run: Run, until: datetime, calendars: Calendars) -> Iterator[Interval]:
    """The intervals from the clock's start to `until` or to where it stopped, without a gap and none empty."""
    for stretch in _joined(_stretches(run, until)):
        if stretch.kind is Kind.PAUSED:
            yield stretch
        else:
            yield from _cut(stretch, calendars(stretch.calendar))


def _stretches(run: Run, until: datetime) -> Iterator[Interval]:
    """From phase to phase: running (as counted, not yet cut) or standing still."""
    for phase, after in pairwise(run):
        # a clock that had stopped and goes on stood still in between
        rested = LEFT if phase.clock.promise is Promise.GROUP else RESOLVED
        yield _stretch(phase.clock, phase.at, after.at, phase.clock.paused or rested)
    last = run[-1]
    if not last.clock.stopped:
        yield _stretch(last.clock, last.at, until, last.clock.paused)


def _stretch(clock: Clock, start: datetime, end: datetime, reason: str | None) -> Interval:
    if clock.since is not None:
        return Interval(start, end, Kind.COUNTED, None, clock.calendar, clock.source)
    return Interval(start, end, Kind.PAUSED, reason, clock.calendar, clock.source)


def _joined(stretches: Iterable[Interval]) -> Iterator[Interval]:
    """Without the empty ones; neighbours that differ in nothing but their times as one."""
    current: Interval | None = None
    for stretch in stretches:
        if stretch.start == stretch.end:
            continue
        if current is not None and _alike(current, stretch):
            stretch = _between(stretch, current.start, stretch.end)
        elif current is not None:
            yield current
        current = stretch
    if current is not None:
        yield current


def _alike(one: Interval, other: Interval) -> bool:
    return _between(other, one.start, one.end) == one


def _between(like: Interval, start: datetime, end: datetime) -> Interval:
    return Interval(start, end, like.kind, like.reason, like.calendar, like.source)


def _cut(running: Interval, calendar: Calendar) -> Iterator[Interval]:
    """A running stretch at the openings and closings of its calendar."""
    for start, end, is_open in intervals(calendar, running.start, running.end):
        kind, reason = (Kind.COUNTED, None) if is_open else (Kind.CLOSED, _closed_for(calendar, start, end))
        yield Interval(start, end, kind, reason, running.calendar, running.source)


def _closed_for(calendar: Calendar, start: datetime, end: datetime) -> str | None:
    """The names of the declared days (国庆节) that made it a closed time; None: it was just outside hours."""
    last = end - timedelta(microseconds=1)
    days = range(min((last - start).days, MOST_NAMED_DAYS) + 1)
    looked_at = (*(start + timedelta(days=day) for day in days), last)
    names = (day_name(calendar, at) for at in looked_at if _closes(calendar, at))
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _closes(calendar: Calendar, at: datetime) -> bool:
    """Whether the local day is open no longer than its weekday: a make-up working day (调休) closes nothing."""
    day = at.astimezone(ZoneInfo(calendar.zone)).toordinal()
    hours = calendar.hours
    return _open_minutes(hours.on(day)) <= _open_minutes(hours.week[weekday_of(day)])


def _open_minutes(spans: Spans) -> int:
    return sum(end - start for start, end in spans)
