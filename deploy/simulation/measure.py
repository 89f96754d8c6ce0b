"""What a run comes to: promises kept, waits, how evenly work was given out, idle and overtime hours."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.work.order import Order
from shared.events import Fact

#: Facts that end a promise: their type, and which one it is.
ENDS: Mapping[str, Promise] = {
    "work_responded": Promise.FIRST_RESPONSE,
    "work_responded_again": Promise.NEXT_UPDATE,
    "work_resolved": Promise.RESOLUTION,
    "step_completed": Promise.STEP,
}
COUNTED = ("work_assigned", "work_transferred", "work_escalated", "work_reopened", "deadline_missed")
SHARES = (0.5, 0.9, 0.99)


@dataclass
class Kept:
    """How often a promise was kept, and how often not."""

    met: int = 0
    missed: int = 0

    @property
    def share(self) -> float | None:
        """The part of what was decided that was kept; None where nothing was."""
        decided = self.met + self.missed
        return self.met / decided if decided else None


@dataclass
class Measure:
    """Sums over one run. `waits`: priority -> seconds from when a step waited for somebody until somebody had it."""

    kept: dict[tuple[str, str], Kept] = field(default_factory=lambda: defaultdict(Kept))
    waits: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    counts: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def opened(self, at: datetime) -> None:
        """One more work order."""
        self.orders += 1
        self.first_at = min(self.first_at or at, at)
        self.reached(at)

    def reached(self, at: datetime) -> None:
        """The run has come so far."""
        if self.last_at is None or at > self.last_at:
            self.last_at = at

    def facts(self, facts: Iterable[Fact]) -> None:
        """What has happened."""
        for fact in facts:
            self.happened(fact.type, fact.data)

    def happened(self, type: str, data: Mapping[str, Any]) -> None:
        """One fact."""
        if type in COUNTED:
            self.counts[type] += 1
        promise = ENDS.get(type)
        if promise is not None and (met := data.get("met")) is not None:
            self.decided(data["priority"], promise, met=met)

    def decided(self, priority: str, promise: str, *, met: bool) -> None:
        """A promise was kept, or not."""
        kept = self.kept[priority, str(promise)]
        if met:
            kept.met += 1
        else:
            kept.missed += 1

    def left_open(self, order: Order) -> None:
        """The run ends, or the work was withdrawn: what was missed by then stays missed."""
        for clock in order.clocks.values():
            if clock.missed and clock.done_at is None and clock.promise is not Promise.GROUP:
                self.decided(order.priority, clock.promise, met=False)

    def waited(self, priority: str, seconds: float) -> None:
        """A step waited so long for somebody."""
        self.waits[priority].append(seconds)


def quantiles(values: Sequence[float], shares: Sequence[float] = SHARES) -> tuple[float, ...] | None:
    """By the nearest rank: the least value that so many of them do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return tuple(ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in shares)


def fairness(given: Sequence[float]) -> float | None:
    """Jain's index: 1 where all have the same, 1/n where one has everything; None where there is nothing to share.

    (sum x)^2 / (n * sum x^2). R. Jain, D. Chiu, W. Hawe, A Quantitative Measure of Fairness and Discrimination for
    Resource Allocation in Shared Computer Systems, DEC-TR-301, 1984.
    """
    squares = sum(value * value for value in given)
    return sum(given) ** 2 / (len(given) * squares) if squares else None


@dataclass(frozen=True, kw_only=True)
class Person:
    """One agent's part in a run, times in hours; `busy` None: it is not known."""

    agent_id: str
    teams: tuple[str, ...]
    given: int
    duty: float
    busy: float | None
    overtime: float

    @property
    def idle(self) -> float | None:
        """On duty, and nothing to do."""
        return None if self.busy is None else max(0.0, self.duty - self.busy)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One column of the comparison. `attainment`: (priority, promise) -> kept and missed; `waits`: priority -> the
    values at SHARES in seconds; `seconds`: how long the run took."""

    name: str
    orders: int
    unfinished: int
    attainment: Mapping[tuple[str, str], Kept]
    waits: Mapping[str, tuple[float, ...]]
    people: tuple[Person, ...]
    counts: Mapping[str, int]
    seconds: float = 0.0

    @property
    def fairness(self) -> float | None:
        """Of the units given to each, per hour of duty, among those of teams that had work and were ever on duty."""
        busy = {team for person in self.people if person.given for team in person.teams}
        return fairness([one.given / one.duty for one in self.people if one.duty > 0 and busy.intersection(one.teams)])

    @property
    def idle_hours(self) -> float | None:
        """On duty with nothing to do, all agents together; None where it is not known."""
        idle = [person.idle for person in self.people]
        return None if None in idle else sum(hours for hours in idle if hours is not None)

    @property
    def overtime_hours(self) -> float | None:
        """After the end of a duty, all agents together; None where it is not known."""
        return None if self.idle_hours is None else sum(person.overtime for person in self.people)


def outcome(name: str, measure: Measure, people: Iterable[Person], unfinished: int, seconds: float = 0.0) -> Outcome:
    """The column that these sums make."""
    return Outcome(
        name=name,
        orders=measure.orders,
        unfinished=unfinished,
        attainment=dict(sorted(measure.kept.items())),
        waits={priority: found for priority in sorted(measure.waits) if (found := quantiles(measure.waits[priority]))},
        people=tuple(people),
        counts=dict(measure.counts),
        seconds=seconds,
    )
