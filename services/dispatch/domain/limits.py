"""What a limit promises in a calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.dispatch.domain.pin import Pin
from services.dispatch.domain.promise import MISS, Kind, Mark, Terms
from services.dispatch.domain.steps import Escalation, Limit
from shared.business_time import Calendar, duration


def terms_of(limit: Limit, calendar: Calendar, source: Pin) -> Terms:
    """The limit as counted in the calendar: its target, and what falls due on the way, in order."""
    target = duration(limit.within, calendar.working_day)
    marks = sorted(_marks(limit, target, calendar), key=lambda mark: mark.place)
    return Terms(target=target, calendar=calendar, source=source, marks=tuple(marks))


def _marks(limit: Limit, target: timedelta, calendar: Calendar) -> Iterator[Mark]:
    for part in limit.warn_at:
        yield Mark(key=f"near/{part}", kind=Kind.NEAR, position=_part(target, part))
    yield Mark(key=MISS, kind=Kind.MISSED, position=target)
    for escalation in limit.escalations:
        position = _position(escalation, target, calendar)
        yield Mark(key=f"level/{escalation.level}", kind=Kind.ESCALATED, position=position, level=escalation.level)


def _position(escalation: Escalation, target: timedelta, calendar: Calendar) -> timedelta:
    if escalation.at is not None:
        return _part(target, escalation.at)
    return target + duration(str(escalation.after), calendar.working_day)


def _part(target: timedelta, part: float) -> timedelta:
    """A part of the target, to the whole second."""
    return timedelta(seconds=round(target.total_seconds() * part))
