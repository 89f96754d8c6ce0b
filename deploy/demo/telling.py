"""What the log tells of one incident, as calls.

A row is the incident as it stood after an update, so calls come from what differs between a row and the one before it.
What differs without a call that could carry it is counted, never passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.demo import rules
from deploy.demo.log import Incident, Row

# The state in the log -> how the work stands; every other state of the log is 'Awaiting <somebody>'.
STANDING = {"New": "open", "Active": "open", "Resolved": "resolved", "Closed": "closed"}
# How it stood, how it stands now -> the call that leaves the one; below, the call that enters the other.
LEAVE: Mapping[tuple[str, str], str] = {
    ("held", "open"): "resume",
    ("held", "held"): "resume",
    ("held", "resolved"): "resume",
    ("resolved", "open"): "reopen",
    ("resolved", "held"): "reopen",
}
ENTER: Mapping[str, str] = {"held": "hold", "resolved": "resolve", "closed": "end_replay"}
FIRST_GROUP = "the first group in the log"
NEXT_GROUP = "the group changes in the log"
NEXT_PRIORITY = "the priority changes in the log"
REGISTERED = "register"  # the flow's first step, over when the log first leaves New (deploy/demo/promises.py)
LOADING = {"submit_ticket", "transfer", "complete_step", "resolve", "reopen"}  # changes how busy a team's agents are


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


class Telling:
    """Walks through the rows of one incident, remembering how its work stands; counts into `untold`."""

    def __init__(self, incident: Incident, routes: Mapping[str, str], untold: Counter[str]) -> None:
        self.incident = incident
        self.untold = untold
        self.standing, self.reason = "open", ""
        self.accepted = self.registered = self.responded = False
        self.priority = rules.priority_of(incident.rows[0])
        self.team = routes[rules.category_of(incident.rows[0])]
        self.teams = {self.team}

    def steps(self) -> Iterator[Step]:
        """Every call of the incident, in the order of the file."""
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
        standing = STANDING.get(row.state, "held")
        moves = standing != self.standing or (standing == "held" and row.state != self.reason)
        yield from self._transfer(number, row)
        yield from self._prioritise(number, row)
        if moves:
            yield from self._leave(number, row, standing)
        if row.state != "New" and standing != "closed":
            yield from self._work(number, row)
        if moves and standing in ENTER:
            yield self._step(number, ENTER[standing], row.at, **_words(ENTER[standing], row))
        self.standing, self.reason = standing, row.state

    def _transfer(self, number: int, row: Row) -> Iterator[Step]:
        if row.group and row.group != self.team:
            self.team = row.group
            self.teams.add(row.group)
            self.accepted = False
            reason = FIRST_GROUP if number == 1 else NEXT_GROUP
            yield self._step(number, "transfer", row.at, team=row.group, reason=reason)

    def _prioritise(self, number: int, row: Row) -> Iterator[Step]:
        if (priority := rules.priority_of(row)) != self.priority and self.standing != "resolved":
            self.priority = priority
            yield self._step(number, "prioritise", row.at, priority=priority, reason=NEXT_PRIORITY)

    def _leave(self, number: int, row: Row, standing: str) -> Iterator[Step]:
        if method := LEAVE.get((self.standing, standing)):
            self.standing = "open"
            self.accepted = self.accepted and method != "reopen"
            yield self._step(number, method, row.at, **_words(method, row))

    def _work(self, number: int, row: Row) -> Iterator[Step]:
        """Whoever has it now has taken it; the first time, it is registered, and that is also the first response."""
        if not self.registered:
            self.registered = True
            yield self._step(number, "complete_step", row.at, step=REGISTERED)
        if self.standing == "open" and not self.accepted:
            self.accepted = True
            yield self._step(number, "accept", row.at)
        if not self.responded:
            self.responded = True
            yield self._step(number, "respond", row.at)

    def _step(self, row: int, method: str, at: datetime, **fields: Any) -> Step:
        teams = self.teams if method in LOADING else set()
        lanes = frozenset({self.incident.number, *teams})
        return Step(incident=self.incident.number, row=row, method=method, at=at, lanes=lanes, fields=fields)


def _contact(incident: Incident) -> dict[str, Any]:
    first = incident.rows[0]
    return {
        "reference": incident.number,
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
        "hold": {"reason": rules.hold_reason_of(row.state), "note": row.state},
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
    if (row.impact, row.urgency) != (before.impact, before.urgency) and row.priority == before.priority:
        yield "impact or urgency changed, but not the priority"
    if before.group and not row.group:
        yield "group became unknown"
