"""What the log says, as calls: pure, so that it can be read and tested with nothing started.

A row is the incident as it stood after an update, so calls come from what differs between a row and the one before it.
What differs without a call that could carry it is counted in `Plan.untold`, never passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from deploy.demo import rules
from deploy.demo.log import Incident, Row

# The state in the log -> how the work stands; every other state of the log is 'Awaiting <somebody>'.
STANDING = {"New": "open", "Active": "open", "Resolved": "resolved", "Closed": "closed"}
# How it stood, how it stands now -> the calls that lead there.
MOVES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("open", "held"): ("hold",),
    ("open", "resolved"): ("resolve",),
    ("held", "open"): ("resume",),
    ("held", "held"): ("resume", "hold"),
    ("held", "resolved"): ("resume", "resolve"),
    ("resolved", "open"): ("reopen",),
    ("resolved", "held"): ("reopen", "hold"),
    ("open", "closed"): ("end_replay",),
    ("held", "closed"): ("end_replay",),
    ("resolved", "closed"): ("end_replay",),
}
FIRST_GROUP = "the first group in the log"
NEXT_GROUP = "the group changes in the log"
LOADING = {"submit_ticket", "transfer", "resolve", "reopen"}  # what changes how busy a team's agents are


@dataclass(frozen=True, kw_only=True)
class Step:
    """One call of one incident. `row` counts its rows from 1; 0 is the submission.

    `lanes` names what the call acts upon (the incident; the teams whose load it may change): two steps that share one
    must be played one after the other, so that assignment comes out the same in every run.
    """

    incident: str
    row: int
    method: str
    at: datetime
    lanes: frozenset[str]
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def request_id(self) -> str:
        """The same for the same row in every run: a second play is answered, not done again."""
        return f"{self.incident}/{self.row}/{self.method}"


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
        for step in _Telling(incident, routes, untold).steps():
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


class _Telling:
    """Walks through the rows of one incident, remembering how its work stands."""

    def __init__(self, incident: Incident, routes: Mapping[str, str], untold: Counter[str]) -> None:
        self.incident = incident
        self.untold = untold
        self.standing, self.reason = "open", ""
        self.responded = False
        self.team = routes[rules.category_of(incident.rows[0])]
        self.teams = {self.team}

    def steps(self) -> Iterator[Step]:
        yield self._step(0, "submit_ticket", self.incident.submitted_at, **_contact(self.incident))
        before = None
        for number, row in enumerate(self.incident.rows, start=1):
            yield from self._row(number, row, before)
            before = row

    def _row(self, number: int, row: Row, before: Row | None) -> Iterator[Step]:
        self.untold.update(_untold(row, before))
        if self.standing == "closed":
            self.untold["row after Closed"] += 1
            return
        if row.group and row.group != self.team:
            self.team = row.group
            self.teams.add(row.group)
            reason = FIRST_GROUP if number == 1 else NEXT_GROUP
            yield self._step(number, "transfer", row.at, team=row.group, reason=reason)
        if not self.responded and row.state != "New":
            self.responded = True
            yield self._step(number, "accept", row.at)
            yield self._step(number, "respond", row.at)
        yield from self._move(number, row)

    def _move(self, number: int, row: Row) -> Iterator[Step]:
        standing = STANDING.get(row.state, "held")
        if standing == self.standing and (standing != "held" or row.state == self.reason):
            return
        for method in MOVES[self.standing, standing]:
            yield self._step(number, method, row.at, **_words(method, row))
        self.standing, self.reason = standing, row.state

    def _step(self, row: int, method: str, at: datetime, **fields: Any) -> Step:
        teams = self.teams if method in LOADING else set()
        lanes = frozenset({self.incident.number, *teams})
        return Step(incident=self.incident.number, row=row, method=method, at=at, lanes=lanes, fields=fields)


def _contact(incident: Incident) -> dict[str, Any]:
    first = incident.rows[0]
    return {
        "channel": "phone",
        "type": "fault",
        "subject": rules.subject_of(first),
        "text": rules.text_of(incident),
        "category": rules.category_of(first),
        "impact": rules.level_of(first.impact),
        "urgency": rules.level_of(first.urgency),
    }


def _words(method: str, row: Row) -> dict[str, str]:
    """What a call says beside its name; the log's state and codes are all the words there are."""
    said = {
        "hold": {"reason": row.state},
        "reopen": {"reason": f"the log goes back to {row.state}"},
        "resolve": {"solution": f"resolved by {row.group or 'an unrecorded group'}"},
    }
    return said.get(method, {})


def _untold(row: Row, before: Row | None) -> Iterator[str]:
    """What a row says beyond the row before, and no call can carry yet."""
    if row.person and (before is None or row.person != before.person):
        yield "person assigned, or another one"
    if before is None:
        return
    if rules.category_of(row) != rules.category_of(before):
        yield "category or subcategory changed"
    if (row.impact, row.urgency) != (before.impact, before.urgency):
        yield "impact or urgency changed"
    if before.group and not row.group:
        yield "group became unknown"
