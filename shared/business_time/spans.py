"""Texts for times: spans of a day (`08:30-12:00`) and durations (`1h 30m`, `2wd`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

DAY = 1440  # minutes
MOST_SPANS = 24  # in one day; with it a year's table has a greatest size
SECOND = timedelta(seconds=1)
LONGEST = timedelta(days=36_525)  # 100 years: more is a mistake

Span = tuple[int, int]  # minutes from the local midnight at which the day begins; the end may lie in the next day
Spans = tuple[Span, ...]  # in order, without overlap

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)
_PARTS = re.compile(r"\d{1,12}(?:wd|[dhms])(?: ?\d{1,12}(?:wd|[dhms]))*", re.ASCII)
_PART = re.compile(r"(\d+)(wd|[dhms])", re.ASCII)
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": SECOND}


def parse_span(text: object) -> Span:
    """`08:30-12:00` as minutes; an end before the start lies in the next day. Raises ValueError with the reason."""
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a span such as 08:30-12:00")
    start = _minutes(match[1], match[2])
    end = _minutes(match[3], match[4])
    if start == DAY:
        raise ValueError(f"{text} begins at 24:00; write 00:00 of the next day")
    if start == end:
        raise ValueError(f"{text} is empty; a whole day is 00:00-24:00")
    return (start, end) if start < end else (start, end + DAY)


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY:
        raise ValueError(f"there is no time {hour}:{minute}")
    return minutes


def text_of(span: Span) -> str:
    """The span as it would be declared."""
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (span[0] % DAY, (span[1] - 1) % DAY + 1))
    return f"{start}-{end}"


def overlap(spans: Spans) -> tuple[Span, Span] | None:
    """The first two of the sorted spans that overlap; touching is not overlapping."""
    return next(((one, other) for one, other in pairwise(spans) if other[0] < one[1]), None)


def without(spans: Spans, windows: Iterable[Span]) -> Spans:
    """What is left of the spans outside the windows, all counted from the same midnight."""
    for start, end in windows:
        pieces = (piece for a, b in spans for piece in ((a, min(b, start)), (max(a, end), b)))
        spans = tuple((a, b) for a, b in pieces if a < b)
    return spans


def duration(text: str, working_day: timedelta | None = None) -> timedelta:
    """Business time as policies and flows write it: `90s`, `15m`, `1h 30m`, `3d`, `2wd`.

    `d` is 24 hours of business time; `wd` is the calendar's working day. Raises ValueError for anything else, a unit
    named twice, more than 100 years, and `wd` where the calendar declares no working day.
    """
    if not isinstance(text, str) or not _PARTS.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m, 4h, 3d, 2wd or 1h 30m")
    parts = _PART.findall(text)
    if len({unit for _, unit in parts}) < len(parts):
        raise ValueError(f"{text!r} names a unit twice")
    units = _UNITS if working_day is None else _UNITS | {"wd": working_day}
    if "wd" not in units and any(unit == "wd" for _, unit in parts):
        raise ValueError(f"{text!r} counts in working days, and the calendar declares no working_day")
    seconds = sum(int(number) * (units[unit] // SECOND) for number, unit in parts)
    if seconds > LONGEST // SECOND:
        raise ValueError(f"{text!r} is more than 100 years")
    return timedelta(seconds=seconds)
