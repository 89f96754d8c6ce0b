"""Calendars and instants for the tests of business time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.business_time import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = {weekday: ["08:30-12:00", "13:30-18:00"] for weekday in WEEKDAYS[:5]}
ALWAYS = {weekday: ["00:00-24:00"] for weekday in WEEKDAYS}
HOUR = 3600


def a_body(**changes: Any) -> dict[str, Any]:
    return {"name": "Office hours", "zone": "Asia/Shanghai", "week": OFFICE} | changes


def a_calendar(**changes: Any) -> Calendar:
    return Calendar.from_dict("office", a_body(**changes))


def local(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
    """A local wall time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
