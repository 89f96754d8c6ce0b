"""What the log says, as calls in the order of play: pure, so that it can be read and tested with nothing started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from deploy.demo.log import Incident
from deploy.demo.telling import FIRST_GROUP, Step, Telling


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every call in the order of play, and what the log says that no call can carry."""

    steps: list[Step]
    callers: list[str]
    untold: Counter[str]
    reroutes: int


def plan(incidents: Iterable[Incident], routes: Mapping[str, str]) -> Plan:
    """The calls of all incidents, merged by recorded time; `routes` is the team that intake's category leads to.

    Rows of one incident stay in the order of the file, which is the order of events, even where a time goes back.
    """
    chosen = list(incidents)
    untold: Counter[str] = Counter()
    ordered: list[tuple[datetime, Step]] = []
    for incident in chosen:
        newest = incident.submitted_at
        for step in Telling(incident, routes, untold).steps():
            newest = max(newest, step.at)
            ordered.append((newest, step))
    ordered.sort(key=lambda timed: timed[0])
    steps = [step for _, step in ordered]
    return Plan(
        steps=steps,
        callers=sorted({incident.caller for incident in chosen}),
        untold=untold,
        reroutes=sum(step.method == "transfer" and step.fields["reason"] == FIRST_GROUP for step in steps),
    )


def waves(steps: Iterable[Step], *, size: int = 40, ahead: int = 200) -> Iterator[list[Step]]:
    """The steps in groups that may be under way at the same time: no two of a group share a lane.

    Within a lane the order of play stays; a step overtakes only steps that it has nothing to do with, and at most
    `ahead` of them.
    """
    source = iter(steps)
    waiting = list(islice(source, ahead))
    while waiting:
        taken: set[str] = set()
        wave: list[Step] = []
        later: list[Step] = []
        for step in waiting:
            (later if len(wave) == size or taken & step.lanes else wave).append(step)
            taken |= step.lanes
        yield wave
        waiting = later + list(islice(source, ahead - len(later)))
