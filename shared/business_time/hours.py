"""What a calendar's hours come to on each local day: weekly hours, with single days worked in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from shared.business_time.spans import DAY, Span, Spans, text_of, without

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FULL_WEEK = 7 * DAY


def weekday_of(ordinal: int) -> int:
    """0 is Monday; the day with ordinal 1 (`date.toordinal`) was one."""
    return (ordinal + 6) % 7


@dataclass(frozen=True, slots=True)
class Day:
    """One declared date: its own spans (None: the weekday's), and the windows in which it is closed."""

    spans: Spans | None = None
    without: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Hours:
    """When a calendar is open in local wall time; equal content, equal hours, whatever words declared it.

    `special` has, by ordinal and in order, the days whose spans are not those of their weekday.
    """

    zone: str
    week: tuple[Spans, ...]
    special: tuple[tuple[int, Spans], ...]

    @classmethod
    def of(cls, zone: str, week: tuple[Spans, ...], days: Mapping[int, Day]) -> Hours:
        """The hours that result from the weekly ones and the declared days (ordinal -> Day)."""
        touched = sorted({ordinal + near for ordinal in days for near in (-1, 0, 1)})
        resolved = ((ordinal, _resolved(week, days, ordinal)) for ordinal in touched)
        return cls(zone, week, tuple((at, spans) for at, spans in resolved if spans != week[weekday_of(at)]))

    @cached_property
    def _special(self) -> dict[int, Spans]:
        return dict(self.special)

    def on(self, ordinal: int) -> Spans:
        """The spans that belong to this local day, in minutes from its midnight."""
        spans = self._special.get(ordinal)
        return self.week[weekday_of(ordinal)] if spans is None else spans

    @cached_property
    def all_week(self) -> bool:
        """That the weekly hours never close."""
        return sum(end - start for spans in self.week for start, end in spans) == FULL_WEEK

    @property
    def last_special(self) -> int:
        """The ordinal of the last special day; 0 where there is none."""
        return self.special[-1][0] if self.special else 0

    def before(self, ordinal: int) -> Hours:
        """The same hours with the weekly ones from this day on, and nothing of earlier spans past its midnight.

        For comparison only: it is equal for two calendars that agree in every instant before that midnight.
        """
        kept = [(at, spans) for at, spans in self.special if at < ordinal - 1]
        kept.append((ordinal - 1, without(self.on(ordinal - 1), [(DAY, 3 * DAY)])))
        return Hours(self.zone, self.week, tuple(kept))


def weekly_overlaps(week: tuple[Spans, ...]) -> Iterator[tuple[int, str]]:
    """(weekday, reason) for each weekday that begins before the last span of the day before has ended."""
    for weekday, spans in enumerate(week):
        reason = _overlap(week[weekday - 1], spans)
        if reason:
            yield weekday, f"{reason} of {WEEKDAYS[weekday - 1]}"


def special_overlaps(hours: Hours) -> Iterator[tuple[int, str]]:
    """(ordinal of the later day, reason) wherever a special day overlaps a neighbour across midnight."""
    special = {ordinal for ordinal, _ in hours.special}
    for ordinal in sorted(special | {each + 1 for each in special}):
        reason = _overlap(hours.on(ordinal - 1), hours.on(ordinal))
        if reason:
            yield ordinal, f"{reason} of {date.fromordinal(ordinal - 1)}"


def _overlap(earlier: Spans, later: Spans) -> str | None:
    if earlier and later and earlier[-1][1] - DAY > later[0][0]:
        return f"{text_of(later[0])} overlaps {text_of(earlier[-1])}"
    return None


def _resolved(week: tuple[Spans, ...], days: Mapping[int, Day], ordinal: int) -> Spans:
    """The day's own spans, or its weekday's, less the windows of this day and its neighbours."""
    nothing = Day()
    own = days.get(ordinal, nothing).spans
    spans = week[weekday_of(ordinal)] if own is None else own
    for near in (-1, 0, 1):
        shift = near * DAY
        windows = days.get(ordinal + near, nothing).without
        spans = without(spans, ((start + shift, end + shift) for start, end in windows))
    return spans
