"""What a declared limit measures: its target and what falls due on the way, on the axis of counted business time."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import lru_cache

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import LEVEL, MISS, Kind, Mark, Terms
from services.dispatch.domain.flows.steps import Escalation, Limit
from shared.business_time import Calendar, duration

LONGEST = timedelta(days=3652)
MILLISECOND = timedelta(milliseconds=1)


def time_of(text: str, working_day: timedelta | None) -> timedelta:
    """The time that a limit's text names in a calendar with that working day.

    `ValueError` with the reason: no such form, not over 0, over 10 years, `wd` without a working day.
    """
    time = duration(text, working_day)
    if not timedelta() < time <= LONGEST:
        raise ValueError(f"{text!r} must be over 0 and at most 10 years")
    return time


def terms_of(limit: Limit, calendar: Calendar, source: Pin) -> Terms:
    """What the limit promises in that calendar by the word of `source`. `ValueError` as `time_of`."""
    target, marks = measured(limit, calendar.working_day)
    return Terms(target=target, calendar=calendar, source=source, marks=marks)


@lru_cache(maxsize=4096)
def measured(limit: Limit, working_day: timedelta | None) -> tuple[timedelta, tuple[Mark, ...]]:
    """Its target, and its marks in their order, without instants."""
    target = time_of(limit.within, working_day)
    shares = dict.fromkeys(limit.warn_at)
    near = [Mark(key=f"near/{share}", kind=Kind.NEAR, position=part_of(target, share)) for share in shares]
    levels = [_level(escalation, target, working_day) for escalation in limit.escalations]
    missed = Mark(key=MISS, kind=Kind.MISSED, position=target)
    return target, tuple(sorted([*near, missed, *levels], key=lambda mark: mark.place))


def _level(escalation: Escalation, target: timedelta, working_day: timedelta | None) -> Mark:
    past_due = time_of(escalation.after, working_day) if escalation.after is not None else timedelta()
    position = target + past_due if escalation.at is None else part_of(target, escalation.at)
    return Mark(key=f"{LEVEL}{escalation.level}", kind=Kind.ESCALATED, position=position, level=escalation.level)


def part_of(whole: timedelta, share: float) -> timedelta:
    """That part of a time, to the millisecond (the database's), by the share as written: 0.1 is exactly a tenth.

    Never nothing: a mark at the very start would fall due before anything is counted.
    """
    return max(round(whole // MILLISECOND * Fraction(str(share))), 1) * MILLISECOND
