"""Agents: who may be given work, and how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.people.exceptions import RotaException
from services.dispatch.domain.people.need import Need
from services.dispatch.domain.people.presence import Presence, Status, presence
from services.dispatch.domain.reference.organisation import SERVES, AgentEntry
from shared.events import Aggregate, Fact


@dataclass(frozen=True, kw_only=True)
class Agent(Aggregate):
    """One agent.

    `skills`: code -> level, 1 to 5. `languages` [] is not said, `channels` [] all. `at_once`: type of work -> how much
    of it at once. `rota_offset`: by how many days it is ahead in the pattern of its rota. `declared`: the version of
    the reference data that it was last taken from.

    Read only here, the store changes them together with the work (seats.py): `load` (units), `open` (pieces of work),
    `kinds` (type -> pieces), `last_assigned_at`, `shift_units` (units given since `shift_since`), `experience`
    (category -> steps completed).
    """

    agent_id: str
    name: str = ""
    teams: tuple[str, ...] = ()
    capacity: int = 0
    role: str = "specialist"
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    at_once: Mapping[str, int] = field(default_factory=dict)
    rota: str | None = None
    rota_offset: int = 0
    presence: Presence = field(default_factory=Presence)
    exceptions: tuple[RotaException, ...] = ()
    declared: int = 0

    load: int = 0
    open: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    last_assigned_at: datetime | None = None
    shift_since: datetime | None = None
    shift_units: int = 0
    experience: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether it may be worth asking: it says that it is there, and has less than it takes.

        Whether its shift, its rest and its presence allow it at some time: `availability`.
        """
        return self.presence.status is Status.AVAILABLE and self.load < self.capacity

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


def save_agent(agent: Agent, at: datetime, entry: AgentEntry) -> AgentDecision:
    """Who it is, where it belongs, what it can do and how much it takes; less than it has only stops new work."""
    profile = {each.name: getattr(entry, each.name) for each in fields(entry) if each.name != "agent_id"}
    return replace(agent, **profile), [Fact("agent_saved", at, _told(profile))]


def declare(agent: Agent, at: datetime, entry: AgentEntry, version: int) -> AgentDecision:
    """As that version of the reference data has it; what was saved by hand after that version stays."""
    if agent.declared >= version:
        return agent, []
    saved, facts = save_agent(agent, at, entry)
    return replace(saved, declared=version), facts


def set_presence(agent: Agent, at: datetime, status: Status, lasts: timedelta | None = None) -> AgentDecision:
    """What it says of itself, for as long as signs of life come within `lasts` of each other (None: for good).

    What it has been given stays with it. To say the same again holds it up, and is no news.
    """
    said = presence(status, at, lasts)
    if status is agent.presence.status and not agent.presence.expired(at):
        return replace(agent, presence=replace(said, since=agent.presence.since)), []
    return replace(agent, presence=said), [Fact("presence_set", at, {"status": status.value, "until": said.until})]


def _told(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in profile.items()}
