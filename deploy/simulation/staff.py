"""Who works in a simulation: agents with their duties, what they have, and what became of their time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from deploy.simulation.duty import Duty, Span
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.people.agent import Agent

DutyOf = Callable[[Agent], Duty]


class Worker:
    """One agent as the simulation goes: what it has now, and sums over the whole of it.

    `busy` seconds are those on duty in which it had work; `given` counts the units of all work that it was given.
    """

    __slots__ = (
        "agent", "busy", "customers", "day", "duty", "experience", "given", "kinds", "last_assigned_at", "load", "on",
        "open", "overtime", "queues", "shift_units", "since", "span",
    )  # fmt: skip

    def __init__(self, agent: Agent, duty: Duty) -> None:
        self.agent, self.duty = agent, duty
        self.queues = tuple(agent.queues)
        self.on = duty.spans is None
        self.span: Span | None = None
        self.load = self.open = self.given = self.shift_units = 0
        self.kinds: Counter[str] = Counter()
        self.experience: Counter[str] = Counter()
        self.customers: Counter[str] = Counter()
        self.last_assigned_at: datetime | None = None
        self.since: datetime | None = None
        self.day: date | None = None
        self.busy = self.overtime = 0.0

    def begins(self, span: Span) -> None:
        """A span of duty begins; what it was given in the duty counts from the duty's own beginning."""
        if self.span is None or self.span.duty_since != span.duty_since:
            self.shift_units = 0
        self.on, self.span = True, span

    def _new_day(self, at: datetime) -> None:
        """Without a rota, what it was given counts from midnight UTC."""
        if self.duty.spans is None and self.day != at.date():
            self.day, self.shift_units = at.date(), 0

    def take(self, at: datetime, kind: str, units: int) -> None:
        """It is given work."""
        self._new_day(at)
        if self.open == 0:
            self.since = at
        self.open += 1
        self.load += units
        self.given += units
        self.shift_units += units
        self.kinds[kind] += 1
        self.last_assigned_at = at

    def give_back(self, at: datetime, kind: str, units: int) -> None:
        """It has that work no more."""
        self.open -= 1
        self.load -= units
        self.kinds[kind] -= 1
        if self.open == 0 and self.since is not None:
            self.busy += self.duty.seconds(self.since, at)
            self.since = None

    def may_have_room(self, units: int) -> bool:
        """Whether it is on duty and has room for so much; every other limit is for `choose`."""
        return self.on and (self.load + units <= self.agent.capacity or (self.load == 0 and self.agent.capacity > 0))

    def candidate(self, task: Task, declined: bool, subject: bool, lapsed: int) -> Candidate:
        """What of it counts for the choice."""
        agent, span = self.agent, self.span
        self._new_day(task.at)
        return Candidate(
            agent_id=agent.agent_id,
            level=agent.skills.get(task.skill, 0) if task.skill else 0,
            role=agent.role,
            languages=agent.languages,
            channels=agent.channels,
            capacity=agent.capacity,
            load=self.load,
            kind_open=self.kinds[task.type],
            kind_limit=agent.at_once.get(task.type),
            status="available" if self.on else "off_shift",
            duty_since=span.duty_since if span else None,
            duty_until=span.duty_until if span else None,
            declined=declined,
            subject=subject,
            lapsed=lapsed,
            last_assigned_at=self.last_assigned_at,
            knows_customer=self.customers[task.customer_id],
            knows_matter=self.experience[task.category],
            shift_units=self.shift_units,
        )


class Staff:
    """All of them, by id and by the queues that they serve."""

    def __init__(self, agents: Iterable[Agent], duty_of: DutyOf) -> None:
        self.workers = {agent.agent_id: Worker(agent, duty_of(agent)) for agent in agents}
        serving: dict[str, list[Worker]] = {}
        for worker in self.workers.values():
            for queue in worker.queues:
                serving.setdefault(queue, []).append(worker)
        self.serving: Mapping[str, list[Worker]] = serving
