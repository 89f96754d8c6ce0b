"""What the world does to one work order, apart from who gets it and what the rules make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Pause:
    """A hold: when so many seconds of handling are done, for `reason`, and it lasts so many seconds of the day."""

    after: float
    reason: str
    lasts: float


@dataclass(frozen=True, slots=True)
class Stint:
    """One time that somebody had a step.

    `seconds` of handling, without holds, of an agent on duty; after so many of them it was accepted, and the customer
    was answered (`responses`). `agent` is who it was. `to_team`: it ended by a transfer there; None: the step was done,
    with these `fields`.
    """

    seconds: float
    agent: str | None = None
    accepted: float | None = None
    responses: tuple[float, ...] = ()
    pauses: tuple[Pause, ...] = ()
    to_team: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Course:
    """One work order as the world had it.

    `ticket` is what `open_work` takes. `stints` are those of each step, in order. Counted in seconds from the opening:
    `priorities` that people gave, `routed` (to which team, while nobody had it), and `withdrawn`. `reopened`: seconds
    after each resolution that was not the last one; `closed`: seconds after the last one, None if it was not closed.
    Not `counted`: it is played, since it takes people's time, but stands in no figure about work; the record has no
    end of it.
    """

    ticket: Mapping[str, Any]
    opened_at: datetime
    stints: Mapping[str, tuple[Stint, ...]] = field(default_factory=dict)
    priorities: tuple[tuple[float, str], ...] = ()
    routed: tuple[tuple[float, str], ...] = ()
    reopened: tuple[float, ...] = ()
    closed: float | None = None
    withdrawn: float | None = None
    counted: bool = True
