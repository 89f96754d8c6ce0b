"""Clocks: business time counted towards a promise. Pure; a change takes the instant and the clock's pinned calendar.

A clock counts on its own axis: positions (`target`, marks) are counted business time, and instants follow from them
while it runs. Standing still keeps what was counted, so no pause can be counted twice, and no change of the target
forgets one. Counting is exact to the microsecond. Callers settle what fell due up to `at` before they change a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.dispatch.domain.clocks.clock_values import Clock, Lap, Standing, State, counted_at, standing
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import LEVEL, MISS, Kind, Mark, Promise, Terms
from shared.business_time import Calendar, due, extends, is_provisional
from shared.errors import ValidationError
from shared.values import replace

__all__ = [
    "Clock",
    "Kind",
    "Lap",
    "Mark",
    "Promise",
    "Standing",
    "State",
    "Terms",
    "call_off",
    "counted_at",
    "extend",
    "finish",
    "next_mark",
    "pause",
    "pin_of",
    "reopen",
    "resume",
    "retarget",
    "settle",
    "standing",
    "start",
]

MOST_LAPS = 32  # older ones are forgotten, so that a clock's size is bounded


def pin_of(calendar: Calendar) -> Pin:
    """The calendar's name and version."""
    return Pin(calendar.code, calendar.version)


def start(name: str, part: str | None, at: datetime, terms: Terms) -> Clock:
    """A clock that counts from `at`."""
    clock = Clock(
        name=name,
        part=part,
        started_at=at,
        target=terms.target,
        calendar=pin_of(terms.calendar),
        source=terms.source,
        marks=terms.marks,
    )
    return _run(clock, at, terms.calendar)


def pause(clock: Clock, at: datetime, reason: str, calendar: Calendar) -> Clock:
    """It stands still from `at`; a clock that does not run stays as it is, so pauses cannot overlap."""
    if clock.since is None:
        return clock
    return replace(_still(clock, at, calendar), paused=reason)


def resume(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """It counts again from `at`; a clock that is not paused stays as it is."""
    if clock.since is not None or clock.stopped:
        return clock
    return _run(clock, at, calendar)


def finish(clock: Clock, at: datetime, calendar: Calendar, *, resting: str | None = None) -> Clock:
    """What was promised is done, in or outside hours; a stopped clock stays as it is.

    `due` is told also of a clock that stood still, as if it had run on. `resting` is the reason (`resolved`) for which
    it stands still until it may be reopened.
    """
    if clock.stopped:
        return clock
    running = resume(clock, at, calendar)
    marks = tuple(replace(mark, at=None) for mark in running.marks)
    return replace(_still(running, at, calendar), done_at=at, due=running.due, marks=marks, paused=resting)


def call_off(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """Nothing is promised any more; a stopped clock stays as it is."""
    if clock.stopped:
        return clock
    return replace(_still(clock, at, calendar), called_off_at=at, marks=(), paused=None)


def reopen(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """A clock that was done goes on from what it had counted; the time in between does not count.

    The levels that it had reached are reached again at `at`: it runs as late as it did.
    """
    if clock.done_at is None:
        return clock
    again = replace(clock, done_at=None, due=clock.due if clock.missed else None)
    return _run(_levels_anew(again, at), at, calendar)


def retarget(clock: Clock, at: datetime, terms: Terms, old_calendar: Calendar) -> Clock:
    """Other terms for a clock that has not stopped: what was counted stays, the target counts from the original start.

    What lies ahead under the new terms may fall due, warnings and the miss also again: a miss is taken back. What they
    have passed already, and was never settled, falls due at `at`; `due` is then the instant at which the counted time
    reached the new target, if that lies within `laps`, else the first that they know. So does a level: one that lies
    ahead, or that the new terms do not have, is taken back; `acted` keeps it, so that what it did is not done again.
    """
    if clock.stopped:
        return clock
    counted = counted_at(clock, at, old_calendar)
    ahead = {mark.key for mark in terms.marks if mark.position > counted}
    passed = {mark.key for mark in terms.marks} - ahead
    settled = tuple(key for key in clock.settled if key in passed)
    changed = replace(
        clock,
        target=terms.target,
        calendar=pin_of(terms.calendar),
        source=terms.source,
        marks=tuple(
            replace(mark, at=None if mark.key in ahead else at) for mark in terms.marks if mark.key not in settled
        ),
        settled=settled,
        missed=MISS in settled,
        counted=counted,
        due=_reached(clock, at, terms.target, old_calendar) if terms.target <= counted else None,
        provisional=False,
    )
    if not _same_so_far(terms.calendar, old_calendar, at):
        changed = replace(changed, laps=())
    return changed if clock.since is None else _run(changed, at, terms.calendar)


def extend(clock: Clock, at: datetime, longer: Calendar, old_calendar: Calendar) -> Clock:
    """The same terms, for a clock that has not stopped, in a calendar that only knows further than the one before."""
    if clock.stopped:
        return clock
    laps = clock.laps if _same_so_far(longer, old_calendar, at) else ()
    further = replace(_still(clock, at, old_calendar), calendar=pin_of(longer), laps=laps)
    return further if clock.since is None else _run(further, at, longer)


def settle(clock: Clock) -> tuple[Clock, Mark]:
    """The clock after its next mark has fallen due, and that mark. There must be one (`next_mark`)."""
    mark, *rest = clock.marks
    missed = clock.missed or mark.kind is Kind.MISSED
    new = mark.kind is Kind.ESCALATED and mark.level not in clock.acted
    acted = (*clock.acted, mark.level) if new else clock.acted
    return replace(clock, marks=tuple(rest), settled=(*clock.settled, mark.key), missed=missed, acted=acted), mark


def next_mark(clock: Clock) -> Mark | None:
    """What falls due next, with its instant; None while nothing does."""
    return clock.marks[0] if clock.marks and clock.marks[0].at is not None else None


def _levels_anew(clock: Clock, at: datetime) -> Clock:
    """With the levels that it has reached still to be reached, at `at`."""
    levels = [key for key in clock.settled if key.startswith(LEVEL)]
    marks = [
        Mark(key=key, kind=Kind.ESCALATED, position=clock.counted, level=int(key.removeprefix(LEVEL)), at=at)
        for key in levels
    ]
    settled = tuple(key for key in clock.settled if key not in levels)
    return replace(clock, marks=(*marks, *clock.marks), settled=settled)


def _run(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """It counts from `at`, and what lies ahead has its instant; what has fallen due keeps its own."""
    marks = tuple(
        mark if mark.at else replace(mark, at=_instant(calendar, at, mark.position - clock.counted))
        for mark in clock.marks
    )
    falls_due = clock.due or _instant(calendar, at, clock.target - clock.counted)
    provisional = calendar.horizon is not None if falls_due is None else is_provisional(calendar, falls_due)
    laps = (*clock.laps, Lap(at, clock.counted))[-MOST_LAPS:]
    return replace(clock, since=at, paused=None, marks=marks, due=falls_due, provisional=provisional, laps=laps)


def _still(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """It has counted up to `at`; what lies ahead has no instant any more."""
    return replace(
        clock,
        counted=counted_at(clock, at, calendar),
        since=None,
        marks=tuple(mark if mark.at and mark.at <= at else replace(mark, at=None) for mark in clock.marks),
        due=clock.due if clock.due and clock.due <= at else None,
        provisional=False,
    )


def _instant(calendar: Calendar, since: datetime, remaining: timedelta) -> datetime | None:
    """When so much will have been counted; None where the calendar does not open that long any more."""
    try:
        return due(calendar, since, remaining)
    except ValidationError as error:
        if "seconds" not in error.fields:
            raise
        return None


def _reached(clock: Clock, at: datetime, target: timedelta, calendar: Calendar) -> datetime:
    """When the counted time reached a target that lies behind; the first instant known where that was before `laps`."""
    laps = [lap for lap in clock.laps if lap.counted < target]
    if laps:
        return due(calendar, laps[-1].since, target - laps[-1].counted)
    return clock.laps[0].since if clock.laps else at


def _same_so_far(new: Calendar, old: Calendar, at: datetime) -> bool:
    """Whether both count alike up to `at`, so that stretches under the old one tell when a target was reached."""
    return new.hours == old.hours or (extends(new, old) and not is_provisional(old, at))
