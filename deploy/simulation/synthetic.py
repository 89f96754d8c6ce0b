"""A log of any length, made up by rule: the same seed makes the same work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from deploy.simulation.course import Course, Pause, Stint
from services.dispatch import domain
from services.dispatch.domain.reference.reference import Reference

PRIORITIES = ("P1", "P2", "P3", "P4")
SHARES = (3, 12, 55, 30)
WEEK_HOURS = 168


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """`count` work orders, `per_hour` of them on average, more by day than by night; handling takes `handling` seconds
    on average (exponential), one in `held_one_in` waits for its customer for a while (0: none does).
    `even`: as much by night as by day; `shares`: how much there is of each priority."""

    count: int
    per_hour: float = 60.0
    handling: float = 1200.0
    categories: Sequence[str] = ("network",)
    types: Sequence[str] = ("fault",)
    since: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    seed: int = 1
    held_one_in: int = 20
    even: bool = False
    shares: Sequence[int] = SHARES
    steps: Sequence[str] = field(default=("work",))

    @classmethod
    def fitting(cls, count: int, body: Mapping[str, Any]) -> Synthetic:
        """Faults as these reference data have them done, step by step: as many as the shipped agents can do in time."""
        made = cls(count=count, per_hour=6.0)
        first, reference = next(cls(count=1).courses()), Reference.from_dict(body, 1)
        order, _ = domain.open_work(first.ticket, first.opened_at, reference, lambda _: reference)
        return replace(made, steps=tuple(reference.flows[order.flow.code].steps)) if order.flow else made

    def courses(self) -> Iterator[Course]:
        """In the order of opening."""
        random, at = Random(self.seed), self.since  # noqa: S311 - made up, not secret
        for number in range(1, self.count + 1):
            at += timedelta(seconds=random.expovariate(self._rate(at) / 3600))
            yield self._course(number, at, random)

    def _rate(self, at: datetime) -> float:
        """Per hour: three times as much from 8 to 18 as in the other hours."""
        if self.even:
            return self.per_hour
        return self.per_hour * (3 if 8 <= at.hour < 18 else 1) * 24 / (3 * 10 + 14)

    def _course(self, number: int, at: datetime, random: Random) -> Course:
        (priority,) = random.choices(PRIORITIES, self.shares)
        ticket = {
            "ticket_no": f"T-{number}",
            "customer_id": f"customer-{random.randrange(5000)}",
            "type": random.choice(self.types),
            "category": random.choice(self.categories),
            "priority": priority,
            "subject": "",
            "channel": "phone",
            "tier": "",
            "reference": "",
        }
        stints = {step: (self._stint(random, first=place == 0),) for place, step in enumerate(self.steps)}
        return Course(ticket=ticket, opened_at=at, stints=stints, closed=0.0)

    def _stint(self, random: Random, *, first: bool) -> Stint:
        seconds = random.expovariate(1 / self.handling)
        held = self.held_one_in and random.randrange(self.held_one_in) == 0
        pauses = (Pause(seconds / 2, "waiting_for_customer", 3600 * (1 + random.randrange(24))),) if held else ()
        return Stint(seconds=seconds, accepted=0.0, responses=(0.0,) if first else (), pauses=pauses)
