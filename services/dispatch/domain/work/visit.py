"""A visit: one opening of one step, from when the work comes to it until it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.work.states import Stage


@dataclass(frozen=True, kw_only=True)
class Need:
    """Who can do it: somebody of the team, of that role, with that skill; or only that agent."""

    team: str
    role: str | None = None
    skill: str | None = None
    agent: str | None = None
    level: int = 1  # of the skill, at least; the queue is the same for every level

    @property
    def key(self) -> str:
        """The name of its queue: `it`, `it#expert`, `it~network`, `it#expert~network`, `it=a1`.

        A code holds none of the three signs, so a key means one thing only; whom an agent named by it serves is
        `Agent.queues`.
        """
        if self.agent is not None:
            return f"{self.team}={self.agent}"
        role = f"#{self.role}" if self.role is not None else ""
        skill = f"~{self.skill}" if self.skill is not None else ""
        return f"{self.team}{role}{skill}"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One opening of a step, numbered through the life of the work order. `block`: the parallel block that it is in.

    Of who has it: `principal` is for whom that agent stands in; it takes `units` of the agent's capacity and counts as
    work of that `kind`; not accepted by `accept_by`, it is offered to the next. `offers` counts how often it was given
    to somebody, `lapsed` are those who let an offer pass. `stranded` is why nobody at all could take it when that was
    last told of.
    """

    number: int
    step: str
    need: Need
    opened_at: datetime
    state: Stage = Stage.QUEUED
    agent: str | None = None
    block: int | None = None
    supervisor: str | None = None
    duty_manager: str | None = None
    principal: str | None = None
    units: int = 0
    kind: str = ""
    accept_by: datetime | None = None
    offers: int = 0
    lapsed: tuple[str, ...] = ()
    stranded: str | None = None

    @property
    def clock(self) -> str:
        """The name of its clock, if its step has a limit."""
        return f"step/{self.number}"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Parallel branches that are under way: `open` of them have still to come to the step `join`."""

    number: int
    join: str
    open: int
    parent: int | None = None
