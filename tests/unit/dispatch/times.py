"""Calendars, terms and clocks as tests of time need them. Monday 2 March 2026, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.dispatch.domain.clocks.clock import Clock, Terms, next_mark, settle, start
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.terms import terms_of
from services.dispatch.domain.flows.steps import Escalation, Limit
from shared.business_time import Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri")
ALL_WEEK = (*DAYS, "sat", "sun")
OFFICE_BODY = {
    "name": "Office",
    "zone": "UTC",
    "working_day": "8h",
    "week": {day: ["09:00-12:00", "13:00-18:00"] for day in DAYS},
}
ALWAYS_BODY = {
    "name": "Always",
    "zone": "UTC",
    "working_day": "24h",
    "week": {day: ["00:00-24:00"] for day in ALL_WEEK},
}
OFFICE = Calendar.from_dict("office", OFFICE_BODY, 1)
ALWAYS = Calendar.from_dict("always", ALWAYS_BODY, 1)
STANDARD = Pin("standard", 1)
LEVEL_1 = Escalation(level=1, at=0.9, tell=("owner",))
LEVEL_2 = Escalation(level=2, after="1h", tell=("duty_manager",))


def on(weekday: str, clock: str) -> datetime:
    """`on("tue", "09:30")`: that time in the week of Monday 2 March 2026; `next mon` is a week later."""
    day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=ALL_WEEK.index(weekday.removeprefix("next ")))
    hours, minutes = clock.split(":")
    week = timedelta(days=7 if weekday.startswith("next ") else 0)
    return day + week + timedelta(hours=int(hours), minutes=int(minutes))


def hours(count: float) -> timedelta:
    """So many hours of business time."""
    return timedelta(hours=count)


def terms(
    within: str, *, calendar: Calendar = OFFICE, warn_at: Iterable[float] = (), levels: Iterable[Escalation] = ()
) -> Terms:
    """What is promised."""
    limit = Limit(within=within, calendar=calendar.code, warn_at=tuple(warn_at), escalations=tuple(levels))
    return terms_of(limit, calendar, STANDARD)


def a_clock(within: str = "4h", at: datetime | None = None, **given: object) -> Clock:
    """A resolution clock that runs since Monday at nine, unless said otherwise."""
    return start("resolution", None, at or on("mon", "09:00"), terms(within, **given))  # type: ignore[arg-type]


def settled_to(clock: Clock, to: datetime) -> tuple[Clock, list[tuple[str, datetime]]]:
    """The clock after all that falls due up to `to`, and what that was, with its instants."""
    fell: list[tuple[str, datetime]] = []
    while (mark := next_mark(clock)) and mark.at and mark.at <= to:
        fell.append((mark.key, mark.at))
        clock, _ = settle(clock)
    return clock, fell
