"""Agents: who may be given work, and how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.dispatch.domain.reference import AgentEntry
from shared.events import Aggregate, Fact

ROLES = ("agent", "expert", "supervisor")


@dataclass(frozen=True, kw_only=True)
class Agent(Aggregate):
    """One agent. `load` counts the open work it has; the store changes that together with the work itself."""

    agent_id: str
    name: str = ""
    teams: tuple[str, ...] = ()
    capacity: int = 0
    role: str = "agent"
    present: bool = False
    load: int = 0
    last_assigned_at: datetime | None = None
    declared: int = 0  # the version of the reference data that it was last taken from

    @property
    def has_room(self) -> bool:
        """Whether work may be given to it now."""
        return self.present and self.load < self.capacity


AgentDecision = tuple[Agent, list[Fact]]
AgentDecide = Callable[[Agent, datetime], AgentDecision]


def save_agent(
    agent: Agent, at: datetime, *, name: str, teams: Sequence[str], capacity: int, role: str
) -> AgentDecision:
    """Who it is, where it belongs and how much it takes; less than it has already only stops new work."""
    saved = replace(agent, name=name, teams=tuple(dict.fromkeys(teams)), capacity=capacity, role=role)
    return saved, [
        Fact("agent_saved", at, {"name": name, "teams": list(saved.teams), "capacity": capacity, "role": role})
    ]


def declare(agent: Agent, at: datetime, entry: AgentEntry, version: int) -> AgentDecision:
    """As that version of the reference data has it; what was saved by hand after that version stays."""
    if agent.declared >= version:
        return agent, []
    saved, facts = save_agent(agent, at, name=entry.name, teams=entry.teams, capacity=entry.capacity, role=entry.role)
    return replace(saved, declared=version), facts


def set_presence(agent: Agent, at: datetime, present: bool) -> AgentDecision:
    """It has come, or gone; what it has been given stays with it."""
    if present == agent.present:
        return agent, []
    return replace(agent, present=present), [Fact("agent_came" if present else "agent_left", at)]
