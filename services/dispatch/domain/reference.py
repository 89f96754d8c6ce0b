"""Reference data: teams, their categories and supervisors, promised times, agents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.dispatch.domain.deadlines import Clock, Target
from shared.errors import NotFound, ValidationError

DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who handles some categories, and who is called when that goes wrong (an agent's id, or None)."""

    code: str
    name: str
    categories: frozenset[str] = frozenset()
    supervisor: str | None = None


@dataclass(frozen=True, kw_only=True)
class AgentEntry:
    """An agent as declared in reference data; presence is not declared but told by `set_presence`."""

    agent_id: str
    name: str
    teams: tuple[str, ...]
    capacity: int
    role: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One version of dispatch's reference data."""

    teams: Mapping[str, Team]
    default_team: str
    targets: Mapping[str, Mapping[Clock, Target]]
    agents: Mapping[str, AgentEntry] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int = 0) -> Reference:
        """Reference data from a body that has the form of `schemas.ReferenceData`.

        `ValidationError` names what does not fit together: unknown teams, a category with two teams.
        """
        errors = _contradictions(body)
        if errors:
            raise ValidationError(errors)
        return cls(
            teams={code: _team(code, team) for code, team in body["teams"].items()},
            default_team=body["default_team"],
            targets={priority: _targets(target) for priority, target in body["targets"].items()},
            agents={agent_id: _agent(agent_id, agent) for agent_id, agent in (body.get("agents") or {}).items()},
            version=version,
        )

    def team(self, code: str) -> Team:
        """The team of that code, or `NotFound`."""
        if code not in self.teams:
            raise NotFound("team", code)
        return self.teams[code]

    def team_for(self, category: str) -> Team:
        """The team that handles a category; the default team where none does."""
        named = (team for team in self.teams.values() if category in team.categories)
        return next(named, self.teams[self.default_team])

    def target(self, priority: str, clock: Clock) -> Target:
        """What is promised for a priority; that of the least urgent one where the priority is not declared."""
        return self.targets.get(priority, self.targets[max(self.targets)])[clock]


def duration(text: str) -> timedelta:
    """The time that `90s`, `15m`, `4h` or `3d` names; `ValueError` for anything else."""
    match = DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a time such as 90s, 15m, 4h or 3d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _team(code: str, body: Mapping[str, Any]) -> Team:
    return Team(
        code=code,
        name=body["name"],
        categories=frozenset(body.get("categories") or ()),
        supervisor=body.get("supervisor"),
    )


def _targets(body: Mapping[str, Any]) -> dict[Clock, Target]:
    escalate_after = duration(body.get("escalate_after", "0m"))
    return {
        clock: Target(within=duration(body[clock]), warn_at=body["warn_at"], escalate_after=escalate_after)
        for clock in Clock
    }


def _agent(agent_id: str, body: Mapping[str, Any]) -> AgentEntry:
    return AgentEntry(
        agent_id=agent_id,
        name=body["name"],
        teams=tuple(body["teams"]),
        capacity=body["capacity"],
        role=body.get("role", "agent"),
    )


def _contradictions(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """What does not fit together, by the dotted path of the entry."""
    errors: dict[str, list[str]] = {}
    teams = body["teams"]
    if body["default_team"] not in teams:
        errors["default_team"] = [f"no team {body['default_team']!r}"]
    owner: dict[str, str] = {}
    for code, team in teams.items():
        for category in team.get("categories") or ():
            if category in owner:
                errors[f"teams.{code}.categories"] = [f"{category!r} is with team {owner[category]!r} already"]
            owner.setdefault(category, code)
    for agent_id, agent in (body.get("agents") or {}).items():
        unknown = [team for team in agent["teams"] if team not in teams]
        if unknown:
            errors[f"agents.{agent_id}.teams"] = [f"no team {team!r}" for team in unknown]
    return errors


BEFORE_FIRST_APPLY: Mapping[str, Any] = {
    "teams": {"service-desk": {"name": "Service desk"}},
    "default_team": "service-desk",
    "targets": {
        "P1": {"first_response": "15m", "resolution": "4h", "warn_at": 0.8},
        "P2": {"first_response": "1h", "resolution": "8h", "warn_at": 0.8},
        "P3": {"first_response": "4h", "resolution": "3d", "warn_at": 0.8},
        "P4": {"first_response": "8h", "resolution": "5d", "warn_at": 0.8},
    },
}
"""What holds until the operators apply their own, so that no ticket has to wait for that."""
