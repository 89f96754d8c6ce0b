"""Teams and agents as declared: who handles what, who is called when it goes wrong, who helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.dispatch.domain.reference.faults import Faults

ROLES = ("agent", "expert", "supervisor")

SERVES = {"agent": ("agent",), "expert": ("agent", "expert"), "supervisor": ("agent", "supervisor")}
"""Role -> the roles that a step may ask for which it meets."""

EXPERT = "expert"  # as where to move work: the expert team of the work's own team


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who handles some categories; `supervisor` and `duty_manager` are agents' ids, `expert_team` is a team's code."""

    code: str
    name: str
    categories: frozenset[str] = frozenset()
    supervisor: str | None = None
    duty_manager: str | None = None
    expert_team: str | None = None


@dataclass(frozen=True, kw_only=True)
class AgentEntry:
    """An agent as declared in reference data; presence is not declared but told by `set_presence`."""

    agent_id: str
    name: str
    teams: tuple[str, ...]
    capacity: int
    role: str
    skills: tuple[str, ...] = ()


def read_teams(body: Mapping[str, Any], faults: Faults) -> dict[str, Team]:
    """Code -> team. A category has one team; an expert team is another team; no team is called `expert`."""
    teams = {code: _team(code, team) for code, team in body["teams"].items()}
    faults.require_known("default_team", "team", body["default_team"], teams)
    owner: dict[str, str] = {}
    for team in teams.values():
        for category in sorted(team.categories):
            if owner.setdefault(category, team.code) != team.code:
                faults.add(f"teams.{team.code}.categories", f"{category!r} is with team {owner[category]!r} already")
        faults.require_known(f"teams.{team.code}.expert_team", "team", team.expert_team, teams)
        if team.expert_team == team.code:
            faults.add(f"teams.{team.code}.expert_team", "is the team itself")
    if EXPERT in teams:
        faults.add(f"teams.{EXPERT}", "no team can have this code: it names the expert team of the work's own team")
    return teams


def read_agents(body: Mapping[str, Any], teams: Mapping[str, Team], faults: Faults) -> dict[str, AgentEntry]:
    """Agent id -> agent; its teams and skills are declared."""
    skills = body.get("skills") or {}
    agents = {agent_id: _agent(agent_id, agent) for agent_id, agent in (body.get("agents") or {}).items()}
    for agent in agents.values():
        for team in agent.teams:
            faults.require_known(f"agents.{agent.agent_id}.teams", "team", team, teams)
        for skill in agent.skills:
            faults.require_known(f"agents.{agent.agent_id}.skills", "skill", skill, skills)
    return agents


def _team(code: str, body: Mapping[str, Any]) -> Team:
    return Team(
        code=code,
        name=body["name"],
        categories=frozenset(body.get("categories") or ()),
        supervisor=body.get("supervisor"),
        duty_manager=body.get("duty_manager"),
        expert_team=body.get("expert_team"),
    )


def _agent(agent_id: str, body: Mapping[str, Any]) -> AgentEntry:
    return AgentEntry(
        agent_id=agent_id,
        name=body["name"],
        teams=tuple(body["teams"]),
        capacity=body["capacity"],
        role=body.get("role", "agent"),
        skills=tuple(body.get("skills") or ()),
    )
