"""One work order while a simulation plays it, and the handling of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from deploy.simulation.course import Course, Pause, Stint
from deploy.simulation.staff import Worker
from services.dispatch.domain.work.order import Order


class Do(IntEnum):
    """What the agent does at a point of the handling, in the order in which it does so at the same one."""

    ACCEPT = 0
    RESPOND = 1
    HOLD = 2
    END = 3


class Point(NamedTuple):
    """After so many seconds of handling."""

    after: float
    do: Do
    pause: Pause | None = None


@dataclass(slots=True, eq=False)
class Job:
    """An agent's handling of one step.

    `done` seconds lie behind at the last point, since `began` it goes on towards the next one; `deferred`: that waits
    for a resumption.
    """

    worker: Worker
    stint: Stint
    kind: str
    units: int
    done: float = 0.0
    points: list[Point] = field(default_factory=list)
    began: datetime | None = None
    deferred: bool = False


@dataclass(slots=True, eq=False)
class Live:
    """`since`: visit -> from when it has waited. `rest`: visit -> what is left to do where somebody began it."""

    order: Order
    course: Course
    jobs: dict[int, Job] = field(default_factory=dict)
    since: dict[int, datetime] = field(default_factory=dict)
    rest: dict[int, Stint] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    wake: datetime | None = None
    reopenings: int = 0


def points_of(stint: Stint) -> list[Point]:
    """What is to be done in a stint, the first last: points are taken from the end."""
    return sorted(_points(stint), key=lambda point: (point.after, point.do), reverse=True)


def _points(stint: Stint) -> Iterator[Point]:
    yield Point(min(stint.accepted or 0.0, stint.seconds), Do.ACCEPT)
    for after in stint.responses:
        yield Point(min(after, stint.seconds), Do.RESPOND)
    for pause in stint.pauses:
        yield Point(min(pause.after, stint.seconds), Do.HOLD, pause)
    yield Point(stint.seconds, Do.END)


def rest_of(stint: Stint, done: float) -> Stint:
    """What is left of a stint after so many seconds."""
    return replace(
        stint,
        seconds=max(0.0, stint.seconds - done),
        accepted=None,
        responses=tuple(after - done for after in stint.responses if after > done),
        pauses=tuple(replace(pause, after=pause.after - done) for pause in stint.pauses if pause.after > done),
    )
