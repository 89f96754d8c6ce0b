"""What the log says, as calls in the order of play: pure, so that it can be read and tested with nothing started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from deploy.demo.log import Incident
from deploy.demo.telling import FIRST_GROUP, Step, Telling


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every call in the order of play, the caller of each incident, and what the log says that no call can carry."""

    steps: list[Step]
    callers: dict[str, str]
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
        callers={incident.number: incident.caller for incident in chosen},
        untold=untold,
        reroutes=sum(step.method == "transfer" and step.fields["reason"] == FIRST_GROUP for step in steps),
    )
