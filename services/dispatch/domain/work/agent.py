"""Agents: who may be given work, and how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.dispatch.domain.reference.organisation import SERVES, AgentEntry
from services.dispatch.domain.work.visit import Need
from shared.events import Aggregate, Fact


@dataclass(frozen=True, kw_only=True)
class Agent(Aggregate):
    """One agent. `load` counts the open work it has; the store changes that together with the work itself."""

    agent_id: str
    name: str = ""
    teams: tuple[str, ...] = ()
    capacity: int = 0
    role: str = "agent"
    skills: tuple[str, ...] = ()
    present: bool = False
    load: int = 0
    last_assigned_at: datetime | None = None
    declared: int = 0  # the version of the reference data that it was last taken from

    @property
    def has_room(self) -> bool:
        """Whether work may be given to it now."""
        return self.present and self.load < self.capacity

    @property
    def queues(self) -> list[str]:
        """The queues that it serves: its teams', for everybody, by its role and each of its skills, and its own."""
        needs = (
            Need(team=team, role=role, skill=skill)
            for team in self.teams
            for role in (None, *SERVES[self.role])
            for skill in (None, *self.skills)
        )
        return [*(need.key for need in needs), *(Need(team=team, agent=self.agent_id).key for team in self.teams)]


AgentDecision = tuple[Agent, list[Fact]]
AgentDecide = Callable[[Agent, datetime], AgentDecision]


def save_agent(
    agent: Agent,
    at: datetime,
    *,
    name: str,
    teams: Sequence[str],
    capacity: int,
    role: str,
    skills: Sequence[str] = (),
) -> AgentDecision:
    """Who it is, where it belongs, what it can do and how much it takes; less than it has only stops new work."""
    own_teams, own_skills = tuple(dict.fromkeys(teams)), tuple(dict.fromkeys(skills))
    saved = replace(agent, name=name, teams=own_teams, capacity=capacity, role=role, skills=own_skills)
    told = {"name": name, "teams": list(own_teams), "capacity": capacity, "role": role, "skills": list(own_skills)}
    return saved, [Fact("agent_saved", at, told)]


def declare(agent: Agent, at: datetime, entry: AgentEntry, version: int) -> AgentDecision:
    """As that version of the reference data has it; what was saved by hand after that version stays."""
    if agent.declared >= version:
        return agent, []
    saved, facts = save_agent(
        agent,
        at,
        name=entry.name,
        teams=entry.teams,
        capacity=entry.capacity,
        role=entry.role,
        skills=entry.skills,
    )
    return replace(saved, declared=version), facts


def set_presence(agent: Agent, at: datetime, present: bool) -> AgentDecision:
    """It has come, or gone; what it has been given stays with it."""
    if present == agent.present:
        return agent, []
    return replace(agent, present=present), [Fact("agent_came" if present else "agent_left", at)]
