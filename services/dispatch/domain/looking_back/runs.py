"""What a history tells of a clock: the phases that its entries made of it, and its runs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.domain.clocks.clock import Clock, finish
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.work.record import clock_of
from shared.business_time import Calendar
from shared.events import Fact

Entry = Mapping[str, Any]
Calendars = Callable[[Pin], Calendar]


@dataclass(frozen=True)
class Phase:
    """What one entry made of a clock: from `at` until the next phase it is this `clock`.

    `why`: what the entry says; `type` is its own, `by` who or what did it, where it says so.
    """

    at: datetime
    clock: Clock
    why: str | None = None
    type: str = ""
    by: str | None = None


Run = tuple[Phase, ...]
"""A clock from its start on. A promise made anew (the next update, a new round's resolution) is a new run."""


def as_entries(facts: Iterable[Fact]) -> list[Entry]:
    """What has happened, or would happen, as entries of a history that nobody has recorded yet."""
    return [{"type": fact.type, "at": fact.at, "data": fact.data, "set": fact.set} for fact in facts]


def runs(entries: Iterable[Entry], calendars: Calendars) -> dict[str, list[Run]]:
    """Name of the clock -> its runs, oldest first."""
    found: dict[str, list[list[Phase]]] = {}
    for entry, name, clock in _told(entries):
        mine = found.setdefault(name, [])
        last = mine[-1][-1] if mine else None
        if clock is None or _begins(last, clock):
            if last is not None and not last.clock.stopped:
                mine[-1].append(_ended(last, entry, calendars))
            if clock is None:
                continue
            mine.append([])
        mine[-1].append(Phase(entry["at"], clock, _why(entry), *_what(entry)))
    return {name: [tuple(run) for run in mine] for name, mine in found.items()}


def _told(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str, Clock | None]]:
    """(entry, name, the clock that it sets), in order."""
    for entry in entries:
        for name, told in ((entry.get("set") or {}).get("clocks") or {}).items():
            yield entry, name, clock_of(name, told) if told else None


def _begins(last: Phase | None, clock: Clock) -> bool:
    return last is None or clock.started_at != last.clock.started_at


def _ended(last: Phase, entry: Entry, calendars: Calendars) -> Phase:
    """A promise that gave way to its successor in one write was kept just then."""
    at = entry["at"]
    return Phase(at, finish(last.clock, at, calendars(last.clock.calendar)), None, *_what(entry))


def _what(entry: Entry) -> tuple[str, str | None]:
    return str(entry.get("type", "")), (entry.get("data") or {}).get("by")


def _why(entry: Entry) -> str | None:
    data = entry.get("data") or {}
    return data.get("why") or data.get("reason")
