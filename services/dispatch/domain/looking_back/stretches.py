"""The intervals of a clock's way: counted, paused, closed. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from services.dispatch.domain.clocks.clock import Clock
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.looking_back.closed_days import closed_for
from services.dispatch.domain.looking_back.runs import Calendars, Run
from shared.business_time import Calendar, elapsed, intervals

#: Why a clock stood still that had stopped and went on: the work was resolved; no step of the group was open.
RESOLVED, LEFT = "resolved", "left"


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


@dataclass(frozen=True)
class Sum:
    """Intervals too many to tell: from, to, how many, and how long they were by kind."""

    start: datetime
    end: datetime
    number: int
    lengths: Mapping[Kind, timedelta]


def way(run: Run, until: datetime, calendars: Calendars, most: int) -> tuple[Sequence[Interval], Sum | None]:
    """The last intervals, at most so many, from the clock's start to `until` or to where it stopped, and those before.

    There is no gap, and none is empty.
    """
    told: deque[Interval] = deque()
    earlier: list[Sum] = []
    for stretch in reversed([*_joined(_stretches(run, until))]):
        number, last = _newest(stretch, calendars, most - len(told))
        told.extendleft(reversed(last))
        if number > len(last):
            end = last[0].start if last else stretch.end
            earlier.append(_before(stretch, end, number - len(last), calendars))
    return tuple(told), _total(earlier)


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


def _newest(stretch: Interval, calendars: Calendars, most: int) -> tuple[int, list[Interval]]:
    """Into how many intervals the stretch falls, and the last of them, at most so many."""
    if stretch.kind is Kind.PAUSED:
        return 1, [stretch][:most]
    calendar = calendars(stretch.calendar)
    number, last = 0, deque[tuple[datetime, datetime, bool]](maxlen=most)
    for number, one in enumerate(intervals(calendar, stretch.start, stretch.end), 1):  # noqa: B007 - its last value
        last.append(one)
    return number, [_cut(stretch, calendar, *one) for one in last]


def _cut(running: Interval, calendar: Calendar, start: datetime, end: datetime, is_open: bool) -> Interval:
    """The part of a running stretch from an opening to a closing of its calendar, or the other way round."""
    kind, reason = (Kind.COUNTED, None) if is_open else (Kind.CLOSED, closed_for(calendar, start, end))
    return Interval(start, end, kind, reason, running.calendar, running.source)


def _before(stretch: Interval, end: datetime, number: int, calendars: Calendars) -> Sum:
    """So many intervals of the stretch, up to `end`."""
    lengths = dict.fromkeys(Kind, timedelta())
    if stretch.kind is Kind.PAUSED:
        lengths[Kind.PAUSED] = end - stretch.start
    else:
        lengths[Kind.COUNTED] = elapsed(calendars(stretch.calendar), stretch.start, end)
        lengths[Kind.CLOSED] = end - stretch.start - lengths[Kind.COUNTED]
    return Sum(stretch.start, end, number, lengths)


def _total(sums: Sequence[Sum]) -> Sum | None:
    """All of them, the newest of which comes first."""
    if not sums:
        return None
    lengths = {kind: sum((one.lengths[kind] for one in sums), timedelta()) for kind in Kind}
    return Sum(sums[-1].start, sums[0].end, sum(one.number for one in sums), lengths)
