"""Instants and spans as whole microseconds, and back; what is out of range is refused by the argument's name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from shared.business_time.spans import LONGEST
from shared.errors import ValidationError

FIRST_YEAR, LAST_YEAR = 1970, 2200
MICRO = 1_000_000
DAY_SECONDS = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
MOST = LONGEST.days * DAY_SECONDS * MICRO


def utc(at: datetime, name: str) -> datetime:
    """The instant in UTC. Raises ValidationError naming the argument: no time zone, or not within 1970 to 2200."""
    if at.tzinfo is not UTC:
        at = _converted(at, name)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValidationError({name: [f"{at.isoformat()} is not within {FIRST_YEAR} to {LAST_YEAR}"]})
    return at


def _converted(at: datetime, name: str) -> datetime:
    if at.utcoffset() is None:
        raise ValidationError({name: [f"{at.isoformat()} has no time zone"]})
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValidationError({name: [f"{at.isoformat()} is not within {FIRST_YEAR} to {LAST_YEAR}"]}) from None


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an instant in UTC."""
    since = at - EPOCH
    return (since.days * DAY_SECONDS + since.seconds) * MICRO + since.microseconds


def instant(at: int) -> datetime:
    """The instant, in UTC, of so many microseconds since 1970."""
    return EPOCH + timedelta(0, at // MICRO, at % MICRO)


def length(seconds: int | timedelta) -> int:
    """A span of business time in microseconds. Raises ValidationError: negative, over 100 years, or no whole number."""
    if type(seconds) is int:
        span = seconds * MICRO
    elif isinstance(seconds, timedelta):
        span = (seconds.days * DAY_SECONDS + seconds.seconds) * MICRO + seconds.microseconds
    else:
        raise ValidationError({"seconds": [f"{seconds!r} is neither whole seconds nor a timedelta"]})
    if not 0 <= span <= MOST:
        raise ValidationError({"seconds": [f"{seconds} is negative" if span < 0 else f"{seconds} is over 100 years"]})
    return span


def year_start(year: int) -> int:
    """Microseconds since 1970 of the year's first instant, UTC."""
    return (date(year, 1, 1).toordinal() - EPOCH_DAY) * DAY_SECONDS * MICRO
