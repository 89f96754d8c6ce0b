"""Generated days within a calendar's YAML file: between two marker lines, all else left as it was written.

days:
  2026-12-24: {without: ["14:00-24:00"]}             # by hand: stays, and wins over a generated one
  # >>> loopdesk holidays office CN: …
  2026-10-01: {closed: true, name: 国庆节}           # generated: replaced by the next run
  # <<< loopdesk holidays
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.declared import Unreadable, read
from deploy.public_holidays import Day

BEGIN, END = "# >>> loopdesk holidays", "# <<< loopdesk holidays"
EMPTY_DAYS = re.compile(r"days:\s*(\{\s*\}|null|~)?\s*(#.*)?$")


class CannotEdit(ValueError):
    """The file does not have a form in which the days can be written; the message says what to do."""


@dataclass(frozen=True)
class Row:
    """One day before and after; None: not there. `by_hand`: a day written by hand stands in its place."""

    day: date
    before: Day | None
    after: Day | None
    by_hand: bool = False


@dataclass(frozen=True)
class Edit:
    """What a run makes of a file."""

    text: str
    horizon: date
    rows: tuple[Row, ...]  # of the years that were asked for, by date


def edit(text: str, fresh: Mapping[date, Day], years: Iterable[int], told_by: str) -> Edit:
    """Put the fresh days of these years in; generated days of other years stay. Raises `CannotEdit`."""
    body = _readable(text)
    lines = text.splitlines()
    begin, end = _block(lines)
    old = _days(_readable("days:\n" + "\n".join(lines[begin + 1 : end]))) if begin < end else {}
    hand = {day: told for day, told in _days(body).items() if day not in old}
    others = {day: told for day, told in old.items() if day.year not in set(years)}
    new = {day: told for day, told in sorted({**others, **fresh}.items()) if day not in hand}
    horizon = _horizon({*years, *(day.year for day in others)})
    made = _with_horizon(_with_block(lines, begin, end, _written(new, told_by, _indent(lines))), horizon)
    _agree(made, body, {**hand, **new}, horizon)
    return Edit(made, horizon, tuple(_rows(old, fresh, hand, set(years))))


def _rows(old: Mapping[date, Day], fresh: Mapping[date, Day], hand: Mapping[date, Day], years: set[int]) -> list[Row]:
    days = sorted({*fresh, *(day for day in old if day.year in years)})
    return [
        Row(day, hand[day], fresh[day], True) if day in hand else Row(day, old.get(day), fresh.get(day)) for day in days
    ]


def _horizon(years: set[int]) -> date:
    """The first day of the first year for which no holidays are in the file."""
    year = min(years)
    while year in years:
        year += 1
    return date(year, 1, 1)


def _readable(text: str) -> dict[str, Any]:
    try:
        return read(text)
    except Unreadable as error:
        raise CannotEdit(f"it cannot be read: {error}") from error


def _days(body: Mapping[str, Any]) -> dict[date, Day]:
    days = body.get("days") or {}
    try:
        return {date.fromisoformat(day): told for day, told in days.items()}
    except (AttributeError, ValueError) as error:
        raise CannotEdit(f"its days are no mapping of dates: {error}") from error


def _block(lines: list[str]) -> tuple[int, int]:
    """Where the marker lines are; twice the same place where there are none yet, and the block belongs."""
    begins = [at for at, line in enumerate(lines) if line.strip().startswith(BEGIN)]
    ends = [at for at, line in enumerate(lines) if line.strip().startswith(END)]
    if len(begins) == len(ends) == 1 and begins < ends:
        return begins[0], ends[0]
    if begins or ends:
        raise CannotEdit(f"it has to have both lines, once and in this order: {BEGIN} … and {END}")
    return (_end_of_days(lines),) * 2


def _end_of_days(lines: list[str]) -> int:
    starts = [at for at, line in enumerate(lines) if line.startswith("days:")]
    if not starts:
        return len(lines)
    if not EMPTY_DAYS.match(lines[starts[0]]):
        raise CannotEdit("write its days one to a line below `days:`")
    at = last = starts[0] + 1
    while at < len(lines) and (not lines[at].strip() or lines[at][0] in " #"):
        last = at + 1 if lines[at].startswith(" ") and lines[at].strip() else last
        at += 1
    return last


def _with_block(lines: list[str], begin: int, end: int, block: list[str]) -> list[str]:
    if begin < end:
        return [*lines[:begin], *block, *lines[end + 1 :]]
    headed = [re.sub(r"^(days:)\s*(\{\s*\}|null|~)", r"\1", line) for line in lines[:begin]]
    head = [] if any(line.startswith("days:") for line in headed) else ["days:"]
    return [*headed, *head, *block, *lines[begin:]]


def _indent(lines: list[str]) -> str:
    """That of the days in the file; two blanks where there are none."""
    day = next((line for line in lines if re.match(r" +['\"]?\d{4}-\d\d-\d\d['\"]?:", line)), "  -")
    return day[: len(day) - len(day.lstrip())]


def _written(days: Mapping[date, Day], told_by: str, indent: str) -> list[str]:
    entries = [f"{day}: {_flow(told)}" for day, told in days.items()]
    lines = [f"{BEGIN} {told_by}; the next run replaces what is below", *entries, END]
    return [f"{indent}{line}" for line in lines]


def _flow(told: Day) -> str:
    return "{" + ", ".join(f"{name}: {_scalar(value)}" for name, value in told.items()) + "}"


def _scalar(value: str | bool) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[^\W\d_](?:[^\W_]|[ .'()-])*", value) and not value.endswith(" ")
    return str(value) if plain and read(f"a: {value}")["a"] == value else json.dumps(value, ensure_ascii=False)


def _with_horizon(lines: list[str], horizon: date) -> str:
    at = next((at for at, line in enumerate(lines) if line.startswith("horizon:")), None)
    if at is None:
        before = next(at for at, line in enumerate(lines) if re.match(r"(week|days):", line))
        lines = [*lines[:before], f"horizon: {horizon}", *lines[before:]]
    else:
        remark = re.search(r"\s+#.*$", lines[at])
        lines = [*lines[:at], f"horizon: {horizon}{remark[0] if remark else ''}", *lines[at + 1 :]]
    return "\n".join(lines) + "\n"


def _agree(text: str, before: Mapping[str, Any], days: Mapping[date, Day], horizon: date) -> None:
    """What was written reads as what was meant: an edit of text may never change anything else."""
    meant = {**before, "horizon": horizon.isoformat(), "days": {day.isoformat(): told for day, told in days.items()}}
    if _readable(text) != json.loads(json.dumps(meant)):
        raise CannotEdit("its form is too unusual to be edited; write its days one to a line, at the end")
