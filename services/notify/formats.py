"""Times, numbers, money and durations as the recipient's language and zone write them, by Babel's tables (CLDR)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import TemplateError, pass_context
from jinja2.runtime import Context

LANGUAGE, ZONE = "_language", "_zone"
"""Variables of every text, for the filters alone: how it is to be written."""
_FALLBACK = Locale("en")


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """`zh-CN` -> Chinese as written in China; a language that CLDR does not know is written as English."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return _FALLBACK


def local(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """`2026年3月2日 20:00`, `Mar 2, 2026 20:00`: day and minute, 24 hours, on the recipient's clock."""
    at = _time(value, "local").astimezone(zone)
    return f"{_plain(format_date(at, 'medium', locale))} {at:%H:%M}"


def day(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """The day alone: of a time on the recipient's clock, or a date as it is, also as ISO 8601 writes it."""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return _plain(format_date(value, "medium", locale))
    return _plain(format_date(_time(value, "day").astimezone(zone), "medium", locale))


def weekday(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """`星期一`, `Monday`."""
    return _plain(format_datetime(_time(value, "weekday"), "EEEE", tzinfo=zone, locale=locale))


def clock(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """`20:00` on the recipient's clock."""
    return f"{_time(value, 'clock').astimezone(zone):%H:%M}"


def number(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """`12,345.68`."""
    return _plain(format_decimal(_decimal(value, "number"), locale=locale))


def percent(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """A share of 1: `86%`."""
    return _plain(format_percent(_decimal(value, "percent"), locale=locale))


def money(value: Any, locale: Locale, zone: ZoneInfo, currency: str = "CNY") -> str:
    """`¥120.00`, by the currency's code (ISO 4217)."""
    return _plain(format_currency(_decimal(value, "money"), currency, locale=locale))


def duration(value: Any, locale: Locale, zone: ZoneInfo) -> str:
    """A timedelta or seconds, in its largest fitting unit: `3小时`, `3 hours`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = timedelta(seconds=value)
    if not isinstance(value, timedelta):
        raise TemplateError("`duration` needs a timedelta or seconds")
    return _plain(format_timedelta(value, locale=locale, threshold=1.5))


FORMATS: Mapping[str, Callable[..., str]] = {
    **{"local": local, "day": day, "weekday": weekday, "clock": clock},
    **{"number": number, "percent": percent, "money": money, "duration": duration},
}


def filters() -> dict[str, Callable[..., str]]:
    """Jinja2's filters: each writes None as nothing, and the rest as the text's own language and zone have it."""
    return {name: _filter(form) for name, form in FORMATS.items()}


def _filter(form: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def write(context: Context, value: Any, *more: Any) -> str:
        return "" if value is None else form(value, locale_of(context[LANGUAGE]), context[ZONE], *more)

    return write


def _time(value: Any, name: str) -> datetime:
    if not isinstance(value, datetime):
        raise TemplateError(f"`{name}` needs a time")
    return value


def _decimal(value: Any, name: str) -> Decimal:
    """Amounts come as text, so that none is rounded on its way."""
    if isinstance(value, bool):
        raise TemplateError(f"`{name}` needs a number")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise TemplateError(f"`{name}` needs a number") from None


def _plain(text: str) -> str:
    """CLDR's narrow and no-break spaces as plain ones: one of them would make a whole SMS UCS-2."""
    return text.replace("\u202f", " ").replace("\xa0", " ")
