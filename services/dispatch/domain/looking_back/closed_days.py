"""Why a calendar was closed: the names of the declared days that took the time away. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.business_time import Calendar
from shared.business_time.hours import weekday_of
from shared.business_time.spans import without

#: Of a closed time, so many names are told.
MOST_NAMES = 40


def closed_for(calendar: Calendar, start: datetime, end: datetime) -> str | None:
    """The names of the declared days (国庆节) that closed what else would have been open in that closed time.

    None: it was just outside hours. A night before a holiday, or a make-up working day (调休), closes nothing.
    """
    zone = ZoneInfo(calendar.zone)
    # hours may run past midnight, so the day before counts, too
    first = start.astimezone(zone).toordinal() - 1
    last = (end - timedelta(microseconds=1)).astimezone(zone).toordinal()
    near = ((day, name) for day, name in calendar.names if name and first <= day <= last)
    names = dict.fromkeys(name for day, name in near if _took(calendar, day, zone, start, end))
    return ", ".join([*names][:MOST_NAMES]) or None


def _took(calendar: Calendar, day: int, zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether the day is closed at a time from `start` to `end` at which its weekday is open."""
    hours = calendar.hours
    midnight = datetime.fromordinal(day).replace(tzinfo=zone)
    return any(
        _wall(midnight, opens) < end and start < _wall(midnight, closes)
        for opens, closes in without(hours.week[weekday_of(day)], hours.on(day))
    )


def _wall(midnight: datetime, minutes: int) -> datetime:
    """That many minutes after midnight by the clock on the wall; comparable with instants of other zones."""
    return (midnight + timedelta(minutes=minutes)).astimezone(ZoneInfo("UTC"))
