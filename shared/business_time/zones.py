"""Local wall times as instants, by one rule for both clock changes."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from shared.business_time.instants import DAY_SECONDS, EPOCH

WALL_EPOCH = EPOCH.replace(tzinfo=None)  # naive: wall seconds count from this local time, as if every day had 24 hours
NOT_PLACES = frozenset({"localtime", "Factory"})  # depend on the machine


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - NOT_PLACES


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone. Raises ValueError for a name that the time zone data do not have."""
    if name not in _names():
        raise ValueError(f"unknown time zone {name!r}")
    return ZoneInfo(name)


def utc_seconds(zone: ZoneInfo, wall: int) -> int:
    """The first instant, in seconds since 1970 UTC, at which a clock of this zone shows `wall` or later.

    So a time that comes twice is its first occurrence, and one that is skipped is the instant of the change. Monotone:
    a later wall time is never an earlier instant, so that spans that touch or do not overlap stay so (ADR 0043).
    """
    before, after = offset(zone, wall), offset(zone, wall, fold=1)
    if before >= after:
        return wall - before
    return _change(zone, wall, wall - after, wall - before)


def offset(zone: ZoneInfo, wall: int, fold: int = 0) -> int:
    """How far the zone is ahead of UTC at a wall time, in seconds; at one that a change skips or repeats: before it.

    With `fold` 1: after it.
    """
    return _seconds(zone.utcoffset((WALL_EPOCH + timedelta(0, wall)).replace(fold=fold)))


def _change(zone: ZoneInfo, wall: int, early: int, late: int) -> int:
    """The instant in (early, late] from which on the clock shows `wall` or later, which it never shows itself."""
    while late - early > 1:
        middle = (early + late) // 2
        if middle + _offset_at(zone, middle) >= wall:
            late = middle
        else:
            early = middle
    return late


def _offset_at(zone: ZoneInfo, at: int) -> int:
    return _seconds((EPOCH + timedelta(0, at)).astimezone(zone).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one for a datetime
    return offset.days * DAY_SECONDS + offset.seconds
