"""What a clock is, and how it stands at an instant. Its changes: clock.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Kind, Mark, Promise
from shared.business_time import Calendar, elapsed

NOTHING = timedelta()


class Lap(NamedTuple):
    """A stretch of running: from when, and what had been counted before."""

    since: datetime
    counted: timedelta


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One clock of a work order. A mark leaves `marks` when it is settled, so each falls due once.

    `name` is `first_response`, `resolution`, `next_update`, `step/<visit number>` or `group/<group code>`; `part` is
    the step's or group's code. It counts while `since` is set; `counted` is what was counted up to there, or in all.
    `due` is None while it stands still before its target, and where its calendar never has enough open time.
    """

    name: str
    started_at: datetime
    target: timedelta
    calendar: Pin
    source: Pin
    part: str | None = None
    marks: tuple[Mark, ...] = ()  # still to fall due, in order; without instants once it is done
    settled: tuple[str, ...] = ()  # keys of those that have
    counted: timedelta = NOTHING
    since: datetime | None = None
    paused: str | None = None  # the reason for which it stands still
    due: datetime | None = None
    provisional: bool = False  # it runs, and is due beyond the horizon of its calendar
    laps: tuple[Lap, ...] = ()  # under the present calendar: to find when a target was reached
    done_at: datetime | None = None
    called_off_at: datetime | None = None
    missed: bool = False
    acted: tuple[int, ...] = ()  # levels that were reached under whatever terms: what one does is done once

    @property
    def promise(self) -> Promise:
        """What kind of promise it measures."""
        return Promise(self.name.partition("/")[0])

    @property
    def stopped(self) -> bool:
        """Whether it is done or called off."""
        return self.done_at is not None or self.called_off_at is not None

    @property
    def met(self) -> bool | None:
        """Whether the promise was kept; None as long as that is open."""
        if self.missed:
            return False
        return True if self.done_at else None


def counted_at(clock: Clock, at: datetime, calendar: Calendar) -> timedelta:
    """The business time counted up to `at`, which is not before the clock's last change."""
    return clock.counted if clock.since is None else clock.counted + elapsed(calendar, clock.since, at)


class State(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    NEAR = "near"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    CALLED_OFF = "called_off"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a clock stands at an instant, in business time; `over` is by how much it is late, None if it is not."""

    state: State
    counted: timedelta
    remaining: timedelta
    over: timedelta | None


def standing(clock: Clock, at: datetime, calendar: Calendar) -> Standing:
    """How it stands at `at`, which is not before its last change; also where what fell due is not settled yet."""
    counted = counted_at(clock, at, calendar)
    missed = clock.missed or (not clock.stopped and counted >= clock.target)
    return Standing(
        state=_state(clock, counted, missed),
        counted=counted,
        remaining=max(clock.target - counted, NOTHING),
        over=counted - clock.target if missed else None,
    )


def _state(clock: Clock, counted: timedelta, missed: bool) -> State:
    if clock.called_off_at:
        return State.CALLED_OFF
    if missed:
        return State.MISSED
    if clock.done_at:
        return State.MET
    if clock.since is None:
        return State.PAUSED
    warned = any(key.startswith(Kind.NEAR) for key in clock.settled)
    near = warned or any(mark.kind is Kind.NEAR and mark.position <= counted for mark in clock.marks)
    return State.NEAR if near else State.RUNNING
