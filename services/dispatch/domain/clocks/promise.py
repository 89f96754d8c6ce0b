"""What is promised: kinds of promise, the terms of one, and what falls due on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.dispatch.domain.clocks.pin import Pin
from shared.business_time import Calendar

MISS = "missed"  # the key of the miss among a clock's marks
LEVEL = "level/"  # with which the keys of escalation levels begin


class Promise(StrEnum):
    """What is promised, in the order in which simultaneous marks are settled."""

    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"
    NEXT_UPDATE = "next_update"
    STEP = "step"
    GROUP = "group"


class Kind(StrEnum):
    """What falls due on the way, in the order in which simultaneous marks are settled."""

    NEAR = "near"
    MISSED = "missed"
    ESCALATED = "escalated"


PROMISE_RANK = {promise: rank for rank, promise in enumerate(Promise)}
KIND_RANK = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that falls due once on a clock's way.

    `key` names it across targets (`near/0.5`, `missed`, `level/2`), `position` is the counted business time at which it
    falls due, `at` the instant; None while the clock stands still.
    """

    key: str
    kind: Kind
    position: timedelta
    level: int = 0
    at: datetime | None = None

    @property
    def share(self) -> float | None:
        """The part of the target that a warning stands for (0.5); None for other marks."""
        return float(self.key.partition("/")[2]) if self.kind is Kind.NEAR else None

    @property
    def place(self) -> tuple[timedelta, int, int]:
        """Its turn among the marks of its clock."""
        return self.position, KIND_RANK[self.kind], self.level


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is promised and by whose word: `source` is the policy or flow; `marks` in their order, without instants."""

    target: timedelta
    calendar: Calendar
    source: Pin
    marks: tuple[Mark, ...]
