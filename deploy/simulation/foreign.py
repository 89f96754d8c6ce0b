"""A log of another system: the incidents, read as the demo reads them; who had them is a fact of the record."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.demo import log, reference, rules
from deploy.demo.log import Incident
from deploy.demo.telling import STANDING
from deploy.simulation.acts import Act, Kind
from deploy.simulation.errors import DamagedLog

#: What the log is read by; other columns may be missing.
COLUMNS = (
    "number", "incident_state", "caller_id", "opened_at", "sys_updated_at", "category", "subcategory", "u_symptom",
    "location", "impact", "urgency", "priority", "assignment_group", "assigned_to", "made_sla",
)  # fmt: skip
TIMES = ("opened_at", "sys_updated_at")
STEP, VISIT = "work", 1
#: The rows of an incident stand as they happened, though some were dated by another clock: the shipped log has five
#: from before the opening (by 2:30 h at most) and one from before the row above (by 1:18 h).
BACK = timedelta(hours=3)


@dataclass(frozen=True)
class ForeignWork:
    """One incident as a ticket, its acts in order, and the team that the rules route it to."""

    ticket: Mapping[str, Any]
    opened_at: datetime
    acts: tuple[Act, ...]


def read(path: Path) -> list[Incident]:
    """Every incident, in order of opening. Raises `DamagedLog` naming line and column."""
    _check(path)
    return sorted(log.read(path), key=lambda incident: incident.submitted_at)


def _check(path: Path) -> None:
    seen: set[str] = set()
    last: Mapping[str, str] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        try:
            table = csv.DictReader(lines, strict=True)
            for column in COLUMNS:
                if column not in (table.fieldnames or ()):
                    raise DamagedLog(1, column, "this column is missing")
            for row in table:
                _check_row(table.line_num, row, last, seen)
                last = row
                seen.add(row["number"])
        except (csv.Error, UnicodeDecodeError) as error:
            raise DamagedLog(table.line_num + 1, "text", f"cannot be read: {error}") from error
    if not seen:
        raise DamagedLog(2, "number", "there is no incident")


def _check_row(line: int, row: Mapping[str, Any], last: Mapping[str, str], seen: set[str]) -> None:
    for column in COLUMNS:
        if not row.get(column):
            raise DamagedLog(line, column, "is empty")
    for column in TIMES:
        try:
            log.time_of(row[column])
        except ValueError as error:
            raise DamagedLog(line, column, f"{row[column]!r} is no time like 29-02-2016 01:16") from error
    if f"P{row['priority'][0]}" not in ("P1", "P2", "P3", "P4"):
        raise DamagedLog(line, "priority", f"{row['priority']!r} does not begin with 1, 2, 3 or 4")
    if row["number"] != last.get("number") and row["number"] in seen:
        raise DamagedLog(line, "number", f"rows of {row['number']} stand apart: the log is not in order")
    _check_order(line, row, last)


def _check_order(line: int, row: Mapping[str, Any], last: Mapping[str, str]) -> None:
    """Incidents stand in the order of opening, the rows of each one in the order of their times, but for `BACK`."""
    opened, at = log.time_of(row["opened_at"]), log.time_of(row["sys_updated_at"])
    before = log.time_of(last["opened_at"]) if last else opened
    if row["number"] != last.get("number"):
        if opened < before:
            raise DamagedLog(line, "opened_at", "lies before that of the incident before: the log is not in order")
        earliest = opened
    elif opened != before:
        raise DamagedLog(line, "opened_at", f"is another than in the row before of {row['number']}")
    else:
        earliest = max(opened, log.time_of(last["sys_updated_at"]))
    if at < earliest - BACK:
        raise DamagedLog(line, "sys_updated_at", f"lies more than three hours before {earliest:%d-%m-%Y %H:%M}")


def body(incidents: Sequence[Incident], sample: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Dispatch's reference data of the demo, without a flow, with the people whom the log names as agents.

    The groups keep their supervisors, who take no work.
    """
    made = deepcopy(reference.bodies(list(incidents), sample)["dispatch"])
    made["flows"] = {}
    called = {id: agent for id, agent in made["agents"].items() if agent["role"] == "supervisor"}
    made["agents"] = {**called, **agents(incidents)}
    return made


def agents(incidents: Sequence[Incident]) -> dict[str, dict[str, Any]]:
    """Everybody whom the log names, in all groups in which it does; where it names nobody, one for the group."""
    teams: dict[str, dict[str, None]] = {}
    routes = reference.routes(incidents)
    for incident in incidents:
        for act, group in _assignments(incident, routes):
            teams.setdefault(str(act.word), {})[group] = None
    return {
        person: {"name": person, "teams": list(groups), "capacity": reference.CAPACITY}
        for person, groups in sorted(teams.items())
    }


def work(incidents: Sequence[Incident]) -> list[ForeignWork]:
    """Every incident as a ticket with its acts."""
    routes = reference.routes(incidents)
    return [_work(incident, routes) for incident in incidents]


def _work(incident: Incident, routes: Mapping[str, str]) -> ForeignWork:
    first = incident.rows[0]
    ticket = {
        "ticket_no": f"T-{incident.number}",
        "customer_id": incident.caller,
        "type": "fault",
        "category": rules.category_of(first),
        "priority": rules.priority_of(first),
        "subject": rules.subject_of(first),
        "channel": "phone",
        "tier": "",
        "reference": incident.number,
    }
    walk = _Walk(incident, routes[rules.category_of(first)])
    return ForeignWork(ticket, incident.submitted_at, tuple(walk.acts()))


def _assignments(incident: Incident, routes: Mapping[str, str]) -> Iterator[tuple[Act, str]]:
    """Each, with the group in which it was."""
    walk = _Walk(incident, routes[rules.category_of(incident.rows[0])])
    for act in walk.acts():
        if act.kind is Kind.ASSIGNED:
            yield act, walk.team


class _Walk:
    """Through the rows of an incident, in the order of the file; a time that goes back counts as the newest one."""

    def __init__(self, incident: Incident, team: str) -> None:
        self._incident = incident
        self.team = team
        self._person: str | None = None
        self._standing, self._reason = "open", ""
        self._begun = False
        self._priority = rules.priority_of(incident.rows[0])

    def acts(self) -> Iterator[Act]:
        """What each row tells that the one before did not."""
        at = self._incident.submitted_at
        for row in self._incident.rows:
            at = max(at, row.at)
            if self._standing == "closed":
                return
            yield from self._row(at, row)

    def _row(self, at: datetime, row: log.Row) -> Iterator[Act]:
        standing = STANDING.get(row.state, "held")
        if self._standing != "resolved":
            yield from self._group(at, row)
            yield from self._assigned(at, row, standing)
            if (priority := rules.priority_of(row)) != self._priority:
                self._priority = priority
                yield Act(at, Kind.PRIORITISED, word=priority)
        if standing != self._standing or (standing == "held" and row.state != self._reason):
            yield from self._moves(at, row, standing)
        self._standing, self._reason = standing, row.state

    def _group(self, at: datetime, row: log.Row) -> Iterator[Act]:
        if row.group and row.group != self.team:
            if self.team:
                yield Act(at, Kind.LEFT, STEP, VISIT, row.group)
            self.team, self._person = row.group, None

    def _assigned(self, at: datetime, row: log.Row, standing: str) -> Iterator[Act]:
        """Whoever the row names has it; from when work on it goes on, somebody has, named or not."""
        if standing == "closed":
            return
        person = row.person or (self._person if self._person or row.state == "New" else unnamed(self.team))
        if person and person != self._person:
            if self._person:
                yield Act(at, Kind.LEFT, STEP, VISIT)
            self._person = person
            yield Act(at, Kind.ASSIGNED, STEP, VISIT, person)
        if row.state != "New" and not self._begun:
            self._begun = True
            yield Act(at, Kind.ACCEPTED, STEP, VISIT)
            yield Act(at, Kind.RESPONDED)

    def _moves(self, at: datetime, row: log.Row, standing: str) -> Iterator[Act]:
        if self._standing == "held":
            yield Act(at, Kind.RESUMED)
        if self._standing == "resolved" and standing in ("open", "held"):
            yield Act(at, Kind.REOPENED)
            self._person = None
            yield from self._assigned(at, row, standing)
        if standing == "held":
            yield Act(at, Kind.HELD, word=rules.hold_reason_of(row.state))
        elif standing == "resolved":
            yield Act(at, Kind.RESOLVED)
        elif standing == "closed":
            if self._standing != "resolved":
                yield Act(at, Kind.RESOLVED)
            yield Act(at, Kind.CLOSED)


def unnamed(group: str) -> str:
    """Who has it in that group where the log does not say."""
    return f"{group}.unnamed"
