"""Reading who does a step: everybody who is named exists, and an agent who is named can do it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.dispatch.domain.flows.steps import Who
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.organisation import SERVES, AgentEntry


def read_who(body: Mapping[str, Any]) -> Who:
    """From a body of the form of `flow_schemas.WhoForm`; a skill may come with its least level: `{network: 4}`."""
    skill = body.get("skill")
    if not isinstance(skill, Mapping):
        return Who(**body)
    ((code, level),) = skill.items()
    return Who(**{**body, "skill": code, "level": level})


def unfit_who(who: Who, known: Known) -> Iterator[tuple[str, str]]:
    """What is wrong with it: member, message. An agent by name fits all the rest too: its queue asks for no more."""
    named = {"team": known.teams, "role": known.roles, "skill": known.skills, "agent": known.agents}
    for kind, codes in named.items():
        code = getattr(who, kind)
        if code is not None and code not in codes:
            yield kind, f"no {kind} {code!r}; there are {', '.join(sorted(codes)) or 'none'}"
    agent = known.agents.get(who.agent or "")
    if agent is not None:
        yield from (("agent", message) for message in _unable(agent, who))


def _unable(agent: AgentEntry, who: Who) -> Iterator[str]:
    """Why that agent could never do it."""
    if who.team and who.team not in agent.teams:
        yield f"{agent.agent_id} is not on team {who.team}"
    if who.role and who.role not in SERVES[agent.role]:
        yield f"{agent.agent_id} is {agent.role}, not {who.role}"
    if who.skill and who.skill not in agent.skills:
        yield f"{agent.agent_id} has no skill {who.skill}"
    elif who.skill and agent.skills[who.skill] < who.level:
        yield f"{agent.agent_id} has {who.skill} at level {agent.skills[who.skill]}, not {who.level}"
    if agent.capacity == 0:
        yield f"{agent.agent_id} has capacity 0: no work is given to it"
