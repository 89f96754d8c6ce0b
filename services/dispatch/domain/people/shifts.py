"""Shifts and rotas: who works from when to when on which day, in local wall time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.business_time.instants import DAY_SECONDS, EPOCH_DAY, MICRO, instant
from shared.business_time.spans import Span, Spans
from shared.business_time.zones import utc_seconds, zone_named

MOST_KEPT = 4096  # duties that one rota remembers: years of a long pattern


class Duty(NamedTuple):
    """One agent works a shift, from `since` to before `until`; `breaks` lie within.

    `day` is the local day on which it was to begin, `extra` that it is none of the rota's own.
    """

    shift: str
    since: datetime
    until: datetime
    breaks: tuple[tuple[datetime, datetime], ...]
    day: date
    extra: bool = False

    def __str__(self) -> str:
        return f"{self.shift or 'duty'} of {self.day}"

    def holds(self, at: datetime) -> bool:
        """Whether that instant is in it."""
        return self.since <= at < self.until

    def break_at(self, at: datetime) -> bool:
        """Whether that instant is in one of its breaks."""
        return any(since <= at < until for since, until in self.breaks)


@dataclass(frozen=True)
class Shift:
    """Hours with a name; all in minutes from the local midnight of the day on which it begins."""

    code: str
    name: str
    start: int
    end: int
    breaks: Spans = ()

    def duty(self, zone: ZoneInfo, ordinal: int, *, extra: bool = False) -> Duty | None:
        """Worked on that local day (`date.toordinal`); None where a clock change leaves nothing of it."""
        since, until = _instants(zone, ordinal, (self.start, self.end))
        breaks = (_instants(zone, ordinal, span) for span in self.breaks)
        kept = tuple((begin, end) for begin, end in breaks if begin < end)
        return Duty(self.code, since, until, kept, date.fromordinal(ordinal), extra) if since < until else None


@dataclass(frozen=True)
class Rota:
    """Shifts day by day (None: a rest day), over and over from the local day `starts_on`; before it there is no duty.

    An agent whose offset is 2 is two days ahead: on the first day it has the third entry.
    """

    code: str
    name: str
    zone: str
    starts_on: date
    pattern: tuple[Shift | None, ...]
    _kept: dict[tuple[int, int], Duty] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def clock(self) -> ZoneInfo:
        """The zone in whose wall time it counts."""
        return zone_named(self.zone)

    @cached_property
    def _first(self) -> int:
        return self.starts_on.toordinal()

    def ordinal(self, at: datetime) -> int:
        """The local day of an instant."""
        return at.astimezone(self.clock).toordinal()

    def duty_on(self, ordinal: int, offset: int) -> Duty | None:
        """The duty that begins on that local day."""
        if ordinal < self._first:
            return None
        place = (ordinal - self._first + offset) % len(self.pattern)
        shift = self.pattern[place]
        if shift is None:
            return None
        duty = self._kept.get((place, ordinal))
        return duty if duty is not None else self._found(shift, place, ordinal)

    def _found(self, shift: Shift, place: int, ordinal: int) -> Duty | None:
        duty = shift.duty(self.clock, ordinal)
        if duty is not None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[place, ordinal] = duty
        return duty


def _instants(zone: ZoneInfo, ordinal: int, span: Span) -> tuple[datetime, datetime]:
    """By the rule of all wall times (ADR 0043): skipped ones are the change, of repeated ones it is the first."""
    midnight = (ordinal - EPOCH_DAY) * DAY_SECONDS
    since, until = (instant(utc_seconds(zone, midnight + minutes * 60) * MICRO) for minutes in span)
    return since, until
