"""Deadlines in plain elapsed time: a warning before, the miss, an escalation after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Clock(StrEnum):
    """What is promised, in the order in which simultaneous milestones are settled."""

    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


class Kind(StrEnum):
    """What falls due on the way, in the order in which simultaneous milestones are settled."""

    NEAR = "near"
    MISSED = "missed"
    ESCALATED = "escalated"


CLOCK_RANK = {clock: rank for rank, clock in enumerate(Clock)}
KIND_RANK = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Milestone:
    """Something that falls due once, at an instant."""

    kind: Kind
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is promised for one clock: the time allowed, the part of it at which to warn, how long after to escalate."""

    within: timedelta
    warn_at: float
    escalate_after: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """One running or finished clock. A milestone leaves `pending` when it is settled, so each happens once."""

    clock: Clock
    due: datetime
    pending: tuple[Milestone, ...] = ()
    done_at: datetime | None = None
    missed: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the promise was kept; None as long as that is open."""
        if self.missed:
            return False
        return True if self.done_at else None


def start(clock: Clock, at: datetime, target: Target) -> Deadline:
    """A clock that starts at `at`."""
    due = at + target.within
    pending = (
        Milestone(Kind.NEAR, at + _fraction(target.within, target.warn_at)),
        Milestone(Kind.MISSED, due),
        Milestone(Kind.ESCALATED, due + target.escalate_after),
    )
    return Deadline(clock=clock, due=due, pending=pending)


def shift(deadline: Deadline, by: timedelta) -> Deadline:
    """The same clock after it stood still for `by`: what had not fallen due moves, what had stays."""
    if not deadline.pending:
        return deadline
    pending = tuple(Milestone(milestone.kind, milestone.at + by) for milestone in deadline.pending)
    return replace(deadline, due=deadline.due if deadline.missed else deadline.due + by, pending=pending)


def settle(deadline: Deadline) -> Deadline:
    """The same clock after its next milestone has happened."""
    first, *rest = deadline.pending
    return replace(deadline, pending=tuple(rest), missed=deadline.missed or first.kind is Kind.MISSED)


def finish(deadline: Deadline, at: datetime) -> Deadline:
    """The clock stops because what was promised is done."""
    return replace(deadline, done_at=at, pending=())


def call_off(deadline: Deadline) -> Deadline:
    """The clock stops because nothing is promised any more."""
    return replace(deadline, pending=())


def _fraction(whole: timedelta, part: float) -> timedelta:
    """That part of a time, to the millisecond, which is what the database keeps."""
    return timedelta(milliseconds=round(whole / timedelta(milliseconds=1) * part))
