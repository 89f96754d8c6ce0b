"""Where a calendar's knowledge ends, and what its declared days are called."""

from __future__ import annotations

from datetime import datetime

from shared.business_time.calendar import Calendar
from shared.business_time.instants import utc


def horizon_of(calendar: Calendar) -> datetime | None:
    """The local midnight with which the first day begins whose holidays are not known yet; None: all are known."""
    return calendar.horizon_at


def is_provisional(calendar: Calendar, at: datetime) -> bool:
    """That the instant is at or after the horizon. Raises ValidationError: `at` out of range."""
    at = utc(at, "at")
    return calendar.horizon_at is not None and at >= calendar.horizon_at


def day_name(calendar: Calendar, at: datetime) -> str | None:
    """The name that the local day of the instant was declared with (国庆节, 调休). Raises as `is_provisional`."""
    day = utc(at, "at").astimezone(calendar.tables.zone).toordinal()
    return dict(calendar.names).get(day)


def extends(new: Calendar, old: Calendar) -> bool:
    """That `new` only knows more: a later horizon (or none any more), and nothing before the old one has changed.

    Compared are the zone, the weekly hours, the working day, and what is open at every instant before the old horizon;
    codes, versions and names are not.
    """
    if old.horizon is None or (new.horizon is not None and new.horizon <= old.horizon):
        return False
    first_unknown = old.horizon.toordinal()
    return new.working_day == old.working_day and new.hours.before(first_unknown) == old.hours.before(first_unknown)
