"""Teams and agents as declared: who handles what, who is called when it goes wrong, who helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.dispatch.domain.reference.faults import Faults

ROLES = ("intern", "specialist", "expert", "supervisor")
USUAL_ROLE = "specialist"

SERVES = {
    "intern": ("intern",),
    "specialist": ("intern", "specialist"),
    "expert": ("intern", "specialist", "expert"),
    "supervisor": ("intern", "specialist", "supervisor"),
}
"""Role -> the roles that a step may ask for which it meets."""

EXPERT = "expert"  # as where to move work: the expert team of the work's own team

USUAL_LEVEL, HIGHEST_LEVEL = 3, 5  # of a skill; the usual one is meant where a skill is only named


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who handles some categories; `supervisor` and `duty_manager` are agents' ids, `expert_team` is a team's code.

    `calendar` and `skills` tell people when it is there and what its agents should know; no rule asks them.
    """

    code: str
    name: str
    categories: frozenset[str] = frozenset()
    supervisor: str | None = None
    duty_manager: str | None = None
    expert_team: str | None = None
    calendar: str | None = None
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AgentEntry:
    """Who an agent is, as declared or saved (the fields: `Agent`); presence is told by `set_presence`."""

    agent_id: str
    name: str
    teams: tuple[str, ...]
    capacity: int
    role: str = USUAL_ROLE
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    at_once: Mapping[str, int] = field(default_factory=dict)
    rota: str | None = None
    rota_offset: int = 0

    @classmethod
    def from_dict(cls, agent_id: str, body: Mapping[str, Any]) -> AgentEntry:
        """From a body that has the form of `schemas_people.AgentFields`; what is named twice is one."""
        skills = body.get("skills") or {}
        return cls(
            agent_id=agent_id,
            name=body["name"],
            teams=_each(body["teams"]),
            capacity=body["capacity"],
            role=body.get("role", USUAL_ROLE),
            skills=dict(skills) if isinstance(skills, Mapping) else dict.fromkeys(skills, USUAL_LEVEL),
            languages=_each(body.get("languages") or ()),
            channels=_each(body.get("channels") or ()),
            at_once=dict(body.get("at_once") or {}),
            rota=body.get("rota"),
            rota_offset=body.get("rota_offset") or 0,
        )


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
        _require_hints(team, body, faults)
    if EXPERT in teams:
        faults.add(f"teams.{EXPERT}", "no team can have this code: it names the expert team of the work's own team")
    return teams


def read_agents(body: Mapping[str, Any], teams: Mapping[str, Team], faults: Faults) -> dict[str, AgentEntry]:
    """Agent id -> agent; its teams and skills are declared, and its channels, where any are.

    Where agents are declared, those whom teams name as their supervisor or duty manager are among them.
    """
    skills, channels = body.get("skills") or {}, body.get("channels") or {}
    agents = {agent_id: AgentEntry.from_dict(agent_id, agent) for agent_id, agent in (body.get("agents") or {}).items()}
    for agent in agents.values():
        for team in agent.teams:
            faults.require_known(f"agents.{agent.agent_id}.teams", "team", team, teams)
        for skill in agent.skills:
            faults.require_known(f"agents.{agent.agent_id}.skills", "skill", skill, skills)
        for channel in agent.channels if channels else ():
            faults.require_known(f"agents.{agent.agent_id}.channels", "channel", channel, channels)
    for one in teams.values() if agents else ():
        faults.require_known(f"teams.{one.code}.supervisor", "agent", one.supervisor, agents)
        faults.require_known(f"teams.{one.code}.duty_manager", "agent", one.duty_manager, agents)
    return agents


def _require_hints(team: Team, body: Mapping[str, Any], faults: Faults) -> None:
    faults.require_known(f"teams.{team.code}.calendar", "calendar", team.calendar, body.get("calendars") or {})
    for skill in team.skills:
        faults.require_known(f"teams.{team.code}.skills", "skill", skill, body.get("skills") or {})


def _team(code: str, body: Mapping[str, Any]) -> Team:
    return Team(
        code=code,
        name=body["name"],
        categories=frozenset(body.get("categories") or ()),
        supervisor=body.get("supervisor"),
        duty_manager=body.get("duty_manager"),
        expert_team=body.get("expert_team"),
        calendar=body.get("calendar"),
        skills=_each(body.get("skills") or ()),
    )


def _each(codes: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
