"""A rollout: newer reference data for work that is open already, a batch at a time (ADR 0056). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.events import Aggregate, Fact

#: A process trusts the reference data that it has read for a second: what it opens in that time is waited for.
HEAD_START = timedelta(seconds=5)


class RolloutKind(StrEnum):
    """What is rolled out."""

    APPLY_TO_OPEN = "apply_to_open"
    HORIZON = "horizon"


class RolloutState(StrEnum):
    """How far it has come."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True)
class Place:
    """Where the walk stands: seen is all work of versions before `version`, and of that version all up to `id`."""

    version: int = -1
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Rollout(Aggregate):
    """What is rolled out, and how far it has come.

    `to_version`: of the reference data; work pinned to an older one is looked at. `policies`: only work under these
    (empty: all). `calendars`: whose horizon was extended. `batch`: the work in hand, counted when all of it is done,
    so that a batch that a crash cut off is gone through again and counted once.
    """

    rollout_id: str
    kind: RolloutKind
    to_version: int
    begun_at: datetime
    by: str
    reason: str | None = None
    policies: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    state: RolloutState = RolloutState.RUNNING
    place: Place = Place()
    batch: tuple[str, ...] = ()
    seen: int = 0
    changed: int = 0
    refused: int = 0
    ended_at: datetime | None = None

    @property
    def why(self) -> str:
        """What the history of the work says."""
        if self.kind is RolloutKind.HORIZON:
            return f"horizon of {', '.join(self.calendars)} extended"
        return f"apply_to_open {self.rollout_id}: {self.reason}"


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: how much of it was changed, and how much a rule refused to change."""

    changed: int = 0
    refused: int = 0


RolloutDecision = tuple[Rollout, list[Fact]]


def begin(rollout: Rollout) -> RolloutDecision:
    """A new one, with what its history tells."""
    told = {
        "kind": rollout.kind.value,
        "version": rollout.to_version,
        "policies": list(rollout.policies),
        "calendars": list(rollout.calendars),
        "reason": rollout.reason,
    }
    return rollout, [Fact("rollout_begun", rollout.begun_at, told)]


def go_on(
    rollout: Rollout, at: datetime, seen: Rollout, outcome: Outcome, place: Place, batch: Sequence[str]
) -> RolloutDecision:
    """The batch of `seen` is done and the next one is in hand; without a next one the rollout has ended.

    Where another process was faster, it has counted the batch: nothing happens.
    """
    if (rollout.place, rollout.batch, rollout.state) != (seen.place, seen.batch, seen.state):
        return rollout, []
    rollout = replace(
        rollout,
        place=place,
        batch=tuple(batch),
        seen=rollout.seen + len(rollout.batch),
        changed=rollout.changed + outcome.changed,
        refused=rollout.refused + outcome.refused,
    )
    if batch:
        return rollout, []
    rollout = replace(rollout, state=RolloutState.DONE, ended_at=at)
    told = {"seen": rollout.seen, "changed": rollout.changed, "refused": rollout.refused}
    return rollout, [Fact("rollout_ended", at, told)]


def next_round(rollout: Rollout) -> datetime | None:
    """When it goes on: at once, but not before its head start is over; None: it has ended."""
    return rollout.begun_at + HEAD_START if rollout.state is RolloutState.RUNNING else None
