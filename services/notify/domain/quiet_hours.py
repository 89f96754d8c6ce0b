"""Quiet hours, and what a day is, by the recipient's own clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.business_time.instants import EPOCH
from shared.business_time.zones import WALL_EPOCH, offset, utc_seconds

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class QuietHours:
    """From `start` up to `end` on the wall clock, past midnight where `end` is the smaller; equal: never."""

    start: time
    end: time

    def hold(self, shown: time) -> bool:
        """Whether a clock that shows this is within them."""
        if self.start <= self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    @classmethod
    def parse(cls, start: str, end: str) -> QuietHours:
        """From `22:00` and `08:00`; `ValueError` for what is no time of day."""
        return cls(time.fromisoformat(start), time.fromisoformat(end))


def quiet_until(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours that it is now end; None: it is none.

    An end that a change of the clock skips is the instant of the change; where it comes twice, each ends what lies
    before it: going back into the quiet hours is quiet again.
    """
    local = now.astimezone(zone)
    shown = local.time().replace(fold=0)
    if not quiet.hold(shown):
        return None
    day = local.date() if shown < quiet.end else local.date() + _DAY
    return _first_after(zone, datetime.combine(day, quiet.end), now)


def local_day(zone: ZoneInfo, now: datetime) -> str:
    """The recipient's day: `2026-03-02`."""
    return now.astimezone(zone).date().isoformat()


def next_day(zone: ZoneInfo, now: datetime) -> datetime:
    """When the recipient's next day begins."""
    tomorrow = now.astimezone(zone).date() + _DAY
    return _first_after(zone, datetime.combine(tomorrow, time()), now)


def _first_after(zone: ZoneInfo, wall: datetime, now: datetime) -> datetime:
    """The first instant after `now` at which the zone's clock shows `wall`, or has just skipped it."""
    seconds = (wall - WALL_EPOCH) // timedelta(seconds=1)
    instant = _instant(utc_seconds(zone, seconds))
    return instant if instant > now else _instant(seconds - offset(zone, seconds, fold=1))


def _instant(seconds: int) -> datetime:
    return (EPOCH + timedelta(seconds=seconds)).astimezone(UTC)
