"""A deadline explained from the history of its work: what counted, what did not, and why (ADR 0055). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise, takewhile

from services.dispatch.domain.clocks.clock import Clock, Standing, standing
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.looking_back.runs import Calendars, Entry, Phase, Run, runs
from services.dispatch.domain.looking_back.stretches import Interval, Sum, way
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.errors import NoSuchClock
from shared.business_time import Calendar

MOST_INTERVALS = 1000  # told one by one; what lies before them is told in sum


class What(StrEnum):
    """What changed a deadline for another reason than standing still."""

    RETARGETED = "retargeted"
    CALENDAR_EXTENDED = "calendar_extended"
    REOPENED = "reopened"


@dataclass(frozen=True)
class Change:
    """At `at` the clock `before` became `after`; `why` in the words of whoever changed it."""

    at: datetime
    what: What
    before: Clock
    after: Clock
    why: str | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One run of one clock as it stood at `as_of`; its counted intervals sum up to `standing.counted`, always.

    `end` is what it ended by (None: it has not).
    """

    clock: Clock
    run: int
    of_runs: int
    as_of: datetime
    intervals: tuple[Interval, ...]
    earlier: Sum | None
    changes: tuple[Change, ...]
    standing: Standing
    zone: str
    end: Phase | None


def explain(
    entries: Iterable[Entry], name: str, as_of: datetime, books: Callable[[int], Reference], *, order_no: str = ""
) -> Explanation:
    """The clock that `name` names as it stood at `as_of`, from the history entries up to then.

    Names: `first_response`, `resolution`, `next_update`, `step:<code or number of the visit>`, `group:<code>`, or the
    clock's own (`step/3`); with `#2` the second run, else the newest. `books` gives a version of the reference data.
    Raises NoSuchClock.
    """
    told = [entry for entry in entries if entry["at"] <= as_of]
    calendars = _calendars(books)
    found = runs(told, calendars)
    key, number = _find(name, found, order_no)
    run = found[key][number - 1]
    clock = run[-1].clock
    intervals, earlier = way(run, as_of, calendars, MOST_INTERVALS)
    return Explanation(
        clock=clock,
        run=number,
        of_runs=len(found[key]),
        as_of=as_of,
        intervals=tuple(intervals),
        earlier=earlier,
        changes=tuple(changes(run)),
        standing=standing(clock, max(as_of, run[-1].at), calendars(clock.calendar)),
        zone=calendars(clock.calendar).zone,
        end=_end(run),
    )


def names_of(clocks: Mapping[str, Clock]) -> list[str]:
    """The names by which callers may ask for these clocks; of the visits of a step, its newest."""
    return sorted({f"{clock.promise.value}:{clock.part}" if clock.part else key for key, clock in clocks.items()})


def changes(run: Run) -> Iterable[Change]:
    """What changed on the way but standing still and running on."""
    for before, after in pairwise(run):
        what = _what(before.clock, after.clock)
        if what is not None:
            yield Change(after.at, what, before.clock, after.clock, after.why)


def _end(run: Run) -> Phase | None:
    """The first of the last phases in which the clock has ended; entries after it may have touched it still."""
    over = list(takewhile(lambda phase: phase.clock.stopped, reversed(run)))
    return over[-1] if over else None


def _what(before: Clock, after: Clock) -> What | None:
    if before.done_at and not after.done_at:
        return What.REOPENED
    if (before.target, before.source) != (after.target, after.source):
        return What.RETARGETED
    if before.calendar != after.calendar:
        return What.CALENDAR_EXTENDED if before.calendar.code == after.calendar.code else What.RETARGETED
    return None


def _calendars(books: Callable[[int], Reference]) -> Calendars:
    def calendar(pin: Pin) -> Calendar:
        return books(pin.version).calendar(pin.code)

    return calendar


def _find(name: str, found: Mapping[str, Sequence[Run]], order_no: str) -> tuple[str, int]:
    """The clock's key and the number of its run."""
    clocks = {key: mine[-1][-1].clock for key, mine in found.items() if mine}
    wanted, numbered, number = name.partition("#")
    keys = [key for key, clock in clocks.items() if wanted in _names(key, clock)]
    if keys:
        key = max(keys, key=lambda key: (clocks[key].started_at, _visit(key)))
        known = [str(run) for run in range(1, len(found[key]) + 1)]
        if not numbered or number in known:
            return key, int(number or len(known))
    raise NoSuchClock(order_no, name, names_of(clocks))


def _names(key: str, clock: Clock) -> set[str]:
    """`step/3` of the step `survey` is step:survey, step:3 and, as `get_work` calls it, step/3."""
    kind, _, own = key.partition("/")
    return {key, *(f"{kind}:{part}" for part in (own, clock.part) if own and part)}


def _visit(key: str) -> int:
    own = key.partition("/")[2]
    return int(own) if own.isdigit() else 0
