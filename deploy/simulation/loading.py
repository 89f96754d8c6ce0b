"""A log, read once: reproduced, measured as it was, and kept as courses to be played under something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy import declared
from deploy.simulation import foreign, logfile, own
from deploy.simulation.acts import always, course_of, is_over
from deploy.simulation.alternatives import Base, setting
from deploy.simulation.as_recorded import Agreement, AsRecorded
from deploy.simulation.course import Course
from deploy.simulation.duties import Duties
from deploy.simulation.duty import Duty
from deploy.simulation.errors import DamagedLog
from deploy.simulation.measure import Outcome
from deploy.simulation.named import require_named
from deploy.simulation.past import LeftOut, Past
from deploy.simulation.reproduce import Checked, Difference, Reproduction, ticket_of
from deploy.simulation.samples import Samples
from deploy.simulation.spool import Spool
from services.dispatch.domain.people.agent import Agent, declare
from services.dispatch.domain.reference.reference import Reference
from shared.clock import to_text

Progress = Callable[[int], None]
MOST_DIFFERENCES = 1000
NO_WORK = "there is no work order"


@dataclass
class Loaded:
    """`recorded`: what the log itself came to. Of an export: what was checked, and what did not come out the same; of
    a foreign log: how far the rules agree with its assignments. `left_out`: what stands in no column."""

    base: Base
    courses: Spool
    samples: Samples
    recorded: Outcome | None = None
    checked: Checked | None = None
    differences: list[Difference] = field(default_factory=list)
    agreement: Agreement | None = None
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def last_opened(self) -> datetime | None:
        """When the last work order was opened."""
        return self.courses.last_opened


# an export


class _Export:
    """Takes an export row by row."""

    def __init__(self) -> None:
        self.own = own.Own()
        self.reproduction = Reproduction(self.own.books, self.own.witness)
        self.past = Past()
        self.courses, self.samples = Spool(), Samples()
        self.differences: list[Difference] = []
        self.exported_at: datetime
        self._since: datetime | None = None
        self._last: tuple[datetime, str] | None = None
        self._duties: dict[str, Duty] = {}

    def take(self, line: int, kind: str, row: logfile.Row) -> None:
        """One row. Raises `DamagedLog`."""
        if kind == logfile.HEAD:
            self.exported_at = logfile.instant(line, "exported_at", row.get("exported_at"))
        elif kind == "orders":
            self._order(line, row)
        elif self._last is not None:
            raise DamagedLog(line, "kind", f"{kind} stand before the work orders: the log is not in order")
        else:
            self.own.take(line, kind, row)

    def _order(self, line: int, row: logfile.Row) -> None:
        opened = own.opening(line, row)
        place = (opened, str(row.get("order_no")))
        if self._last is not None and place <= self._last:
            raise DamagedLog(line, "opened_at", "lies before that of the work order before: the log is not in order")
        self._since = self._since or opened
        self._last = place
        entries = logfile.entries_of(line, row)
        if "set" not in entries[0]:
            raise DamagedLog(line, "entries.0.set", "is missing: this history does not say what it changed")
        assignments = row.get("assignments") or ()
        require_named(line, entries, assignments, self.own)
        if entries[0]["type"] == "work_opened" and opened != entries[0]["at"]:
            raise DamagedLog(line, "opened_at", f"is not the time of the first entry, {to_text(entries[0]['at'])}")
        try:
            self._play(entries, assignments, opened)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DamagedLog(line, "entries", f"tell no work order: {error!r}") from error

    def _play(self, entries: Sequence[own.Entry], assignments: Sequence[Mapping[str, Any]], opened: datetime) -> None:
        found = list(self.reproduction.differences(entries, assignments))
        self.differences += found[: MOST_DIFFERENCES - len(self.differences)]
        if not self.past.take(entries, self.reproduction.last):
            return
        course = course_of(ticket_of(entries[0]["set"]), opened, list(own.acts_of(entries)), self._on_duty)
        self.courses.add(course)
        self.samples.add(course)

    def _on_duty(self, agent_id: str, since: datetime, until: datetime) -> float:
        if agent_id not in self._duties:
            agent = self.own.agents.get(agent_id)
            self._duties[agent_id] = self.duties().of(agent) if agent else Duty()
        return self._duties[agent_id].seconds(since, until)

    def duties(self) -> Duties:
        """By the rotas of the newest version, and by when agents said that they were there."""
        roster = self.own.books(self.own.newest).roster
        since = self._since or self.exported_at
        return Duties(roster=roster, since=since, until=self.exported_at, presence=self.own.presence)

    def loaded(self, line: int) -> Loaded:
        """All of it."""
        if self._since is None:
            raise DamagedLog(line, "kind", NO_WORK)
        base = Base(
            body=self.own.bodies[self.own.newest],
            version=self.own.newest,
            agents=self.own.agents,
            since=self._since,
            until=self.exported_at,
            presence=self.own.presence,
        )
        people = [(agent, self.duties().of(agent)) for agent in self.own.agents.values()]
        recorded = self.past.outcome(people)
        loaded = Loaded(base, self.courses, self.samples, recorded, self.reproduction.checked, self.differences)
        return replace(loaded, left_out=self.past.left_out)


def export(path: Path, progress: Progress = lambda _: None) -> Loaded:
    """An export of one's own work. Raises `DamagedLog`, before anything is played."""
    taking, line = _Export(), 0
    for line, kind, row in logfile.read(path):
        taking.take(line, kind, row)
        if line % 100 == 0:
            progress(line)
    return taking.loaded(line)


# other logs


def incidents(path: Path, progress: Progress = lambda _: None) -> Loaded:
    """The log of another system, in the form of the shipped incidents. Raises `DamagedLog`."""
    found = foreign.read(path)
    sample, _ = declared.load(declared.CONFIG)
    body = foreign.body(found, sample)
    work = foreign.work(found)
    last = max(act.at for one in work for act in (*one.acts[-1:], *one.acts[:1]))
    base = declared_base(body, found[0].submitted_at, last)
    playing = AsRecorded(setting(base, "recorded"))
    recorded = playing.play(work, progress)
    courses, samples = Spool(), Samples()
    for one in work:
        course = course_of(one.ticket, one.opened_at, one.acts, always)
        courses.add(course)
        samples.add(course)
    left_out = LeftOut(open=sum(not is_over(one.acts) for one in work))
    return Loaded(base, courses, samples, recorded, agreement=playing.agreement, left_out=left_out)


def declared_base(body: Mapping[str, Any], since: datetime, until: datetime) -> Base:
    """Reference data with the agents that it declares, by their rotas, or always there."""
    reference = Reference.from_dict(body, 1)
    blank = {agent_id: Agent(agent_id=agent_id) for agent_id in reference.agents}
    agents = {id: declare(agent, since, reference.agents[id], 1)[0] for id, agent in blank.items()}
    return Base(body=body, version=1, agents=agents, since=since, until=until)


def made_up(courses: Sequence[Course] | Any, body: Mapping[str, Any], count: int, per_hour: float) -> Loaded:
    """A made-up log under these reference data."""
    since = datetime(2026, 1, 5, tzinfo=UTC)
    base = declared_base(body, since, since + timedelta(hours=count / per_hour + 24))
    spool, samples = Spool(), Samples()
    for course in courses:
        spool.add(course)
        samples.add(course)
    return Loaded(replace(base), spool, samples)
