"""Reading a calendar's declared body, with every fault at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shared.business_time.hours import WEEKDAYS, Day, Hours, special_overlaps, weekly_overlaps
from shared.business_time.instants import FIRST_YEAR, LAST_YEAR
from shared.business_time.names import NAME, is_name
from shared.business_time.spans import MOST_SPANS, Span, Spans, duration, overlap, parse_span, text_of
from shared.business_time.tables import Tables, opens_from
from shared.business_time.zones import zone_named
from shared.errors import ValidationError

KEYS = frozenset({"name", "zone", "working_day", "horizon", "week", "days"})
DAY_KEYS = frozenset({"name", "closed", "as", "open", "without"})
BASES = ("closed", "as", "open")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Declared:
    """A body that has no faults."""

    name: str
    hours: Hours
    working_day: timedelta | None
    horizon: date | None
    names: tuple[tuple[int, str], ...]  # of the declared days that have one, by ordinal


def read(body: Any) -> Declared:
    """The declared calendar. Raises ValidationError with every fault by dotted path."""
    reader = _Reader()
    declared = reader.calendar(body)
    if declared is None:
        raise ValidationError(reader.faults)
    return declared


@dataclass
class _Reader:
    """Reads on after a fault, so that all of them are told together."""

    faults: dict[str, list[str]] = field(default_factory=dict)

    def fault(self, path: str, reason: str) -> None:
        self.faults.setdefault(path, []).append(reason)

    def calendar(self, body: Any) -> Declared | None:
        if not isinstance(body, Mapping):
            self.fault("body", "is not a mapping")
            return None
        for key in body.keys() - KEYS:
            self.fault(str(key), "is not a field of a calendar")
        name = self.name(body)
        working_day = self.working_day(body.get("working_day"))
        horizon = None if body.get("horizon") is None else self.calendar_date("horizon", body["horizon"])
        zone = self.zone(body.get("zone"))
        week = self.week(body.get("week"))
        days, names = self.days(body.get("days"), week)
        hours = Hours.of(zone, week, days)
        if not self.faults:
            self.check(hours, days, horizon)
        return None if self.faults else Declared(name, hours, working_day, horizon, names)

    def name(self, body: Mapping[Any, Any]) -> str:
        name = body.get("name")
        if not is_name(name):
            self.fault("name", f"is required, as {NAME}")
        return str(name)

    def zone(self, name: Any) -> str:
        try:
            zone_named(name)
        except (ValueError, TypeError):
            self.fault("zone", f"unknown time zone {name!r}")
        return str(name)

    def working_day(self, text: Any) -> timedelta | None:
        if text is None:
            return None
        try:
            length = duration(text)
        except ValueError as reason:
            self.fault("working_day", str(reason))
            return None
        if not timedelta() < length <= timedelta(days=1):
            self.fault("working_day", f"{text!r} is not over 0 and up to 24h")
        return length

    def mapping(self, path: str, body: Any, of: str) -> Mapping[Any, Any]:
        """It, or an empty one where it is not there or is none."""
        if isinstance(body, Mapping):
            return body
        if body is not None:
            self.fault(path, f"is not a mapping of {of}")
        return {}

    def week(self, body: Any) -> tuple[Spans, ...]:
        body = self.mapping("week", body, "weekdays")
        for key in body:
            if key not in WEEKDAYS:
                self.fault(f"week.{key}", f"unknown weekday; known: {', '.join(WEEKDAYS)}")
        return tuple(
            () if body.get(weekday) is None else self.spans(f"week.{weekday}", body[weekday]) for weekday in WEEKDAYS
        )

    def days(self, body: Any, week: tuple[Spans, ...]) -> tuple[dict[int, Day], tuple[tuple[int, str], ...]]:
        days: dict[int, Day] = {}
        names: dict[int, str] = {}
        for key, entry in self.mapping("days", body, "dates").items():
            path = f"days.{key}"
            day = self.calendar_date(path, key)
            found = self.day(path, entry, week)
            if day is None or found is None:
                continue
            if day.toordinal() in days:
                self.fault(path, "is declared twice")
            days[day.toordinal()] = found
            if entry.get("name") is not None:
                names[day.toordinal()] = entry["name"]
        return days, tuple(sorted(names.items()))

    def day(self, path: str, entry: Any, week: tuple[Spans, ...]) -> Day | None:
        if not isinstance(entry, Mapping):
            self.fault(path, "is not a mapping")
            return None
        for key in entry.keys() - DAY_KEYS:
            self.fault(f"{path}.{key}", "is not a field of a day")
        if "name" in entry and not is_name(entry["name"]):
            self.fault(f"{path}.name", f"is not {NAME}")
        bases = [base for base in BASES if base in entry]
        if len(bases) > 1:
            self.fault(path, f"has {' and '.join(bases)}; one of them says what the day is")
        if not bases and "without" not in entry:
            self.fault(path, f"says nothing: {', '.join(BASES)} or without is needed")
        spans = self.base(path, bases[0], entry[bases[0]], week) if bases else None
        return Day(spans, self.windows(f"{path}.without", entry.get("without", ())))

    def base(self, path: str, base: str, value: Any, week: tuple[Spans, ...]) -> Spans:
        path = f"{path}.{base}"
        if base == "open":
            spans = self.spans(path, value)
            if not value:
                self.fault(path, "is empty; a closed day is closed: true")
            return spans
        if base == "as":
            return self.like(path, value, week)
        if value is not True:
            self.fault(path, "can only be true")
        return ()

    def like(self, path: str, weekday: Any, week: tuple[Spans, ...]) -> Spans:
        if weekday not in WEEKDAYS:
            self.fault(path, f"unknown weekday {weekday!r}; known: {', '.join(WEEKDAYS)}")
            return ()
        spans = week[WEEKDAYS.index(weekday)]
        if not spans:
            self.fault(path, f"{weekday} has no hours; a closed day is closed: true")
        return spans

    def spans(self, path: str, texts: Any) -> Spans:
        spans = tuple(sorted(self.windows(path, texts)))
        both = overlap(spans)
        if both:
            self.fault(path, f"{text_of(both[0])} and {text_of(both[1])} overlap")
        return spans

    def windows(self, path: str, texts: Any) -> tuple[Span, ...]:
        if not isinstance(texts, Sequence) or isinstance(texts, str) or len(texts) > MOST_SPANS:
            self.fault(path, f"is not a list of up to {MOST_SPANS} spans")
            return ()
        found = []
        for place, text in enumerate(texts):
            try:
                found.append(parse_span(text))
            except ValueError as reason:
                self.fault(f"{path}.{place}", str(reason))
        return tuple(found)

    def calendar_date(self, path: str, value: Any) -> date | None:
        """YAML gives a date for a plain 2026-10-01, JSON a text."""
        try:
            found = date.fromisoformat(value) if isinstance(value, str) and _DATE.fullmatch(value) else value
        except ValueError:
            found = None
        if not isinstance(found, date) or isinstance(found, datetime):
            self.fault(path, f"{value} is not a date such as 2026-10-01")
        elif not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.fault(path, f"is not within {FIRST_YEAR} to {LAST_YEAR}")
        else:
            return found
        return None

    def check(self, hours: Hours, days: Mapping[int, Day], horizon: date | None) -> None:
        """What only shows once all parts are sound."""
        for weekday, reason in weekly_overlaps(hours.week):
            self.fault(f"week.{WEEKDAYS[weekday]}", reason)
        if not self.faults:
            for ordinal, reason in special_overlaps(hours):
                declared = ordinal if ordinal in days else ordinal - 1
                self.fault(f"days.{date.fromordinal(declared)}", reason)
        if not self.faults:
            self.check_opens(Tables(hours), horizon)

    def check_opens(self, tables: Tables, horizon: date | None) -> None:
        """No clock here: that it opens at all, and again once it goes by its weekly hours, from the horizon on."""
        if not opens_from(tables, 1):
            self.fault("week", "never opens")
        elif horizon is not None and not opens_from(tables, horizon.toordinal()):
            self.fault("week", f"never opens from the horizon on, {horizon}")
