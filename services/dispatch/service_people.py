"""Dispatch's RPC methods: agents, their shifts and their presence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.dispatch import answers_people, domain, schemas_people
from services.dispatch.domain import Agent, AgentEntry
from services.dispatch.domain.people.agent import AgentDecision
from services.dispatch.domain.people.presence import Status
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.errors import NotFound
from shared.mongo import Mongo


class People:
    """Agents, their shifts and their presence."""

    store: Mongo[DispatchStore]

    @command("supervise", schemas_people.SaveAgent)
    def save_agent(self, call: Call, agent_id: str, **given: Any) -> Any:
        """Creates or changes an agent: the agent. Raises NotFound (team, skill)."""
        reference = self.store.reference.current()

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            for team in given["teams"]:
                reference.team(team)
            for skill in given["skills"]:
                if skill not in reference.skills:
                    raise NotFound("skill", skill)
            return domain.save_agent(agent, at, AgentEntry.from_dict(agent_id, given))

        return self.store.save_agent(call, agent_id, decide, answers_people.agent)

    @command("work", schemas_people.SetPresence)
    def set_presence(self, call: Call, agent_id: str, status: str, expires_in: int | None) -> Any:
        """What an agent says of itself: the agent. Raises NotFound."""
        lasts = timedelta(seconds=expires_in) if expires_in is not None else None

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return domain.set_presence(agent, at, Status(status), lasts)

        return self.store.change_agent(call, agent_id, decide, answers_people.agent)

    @query("read", schemas_people.GetAgent)
    def get_agent(self, call: Call, agent_id: str) -> Any:
        """The agent. Raises NotFound."""
        return answers_people.agent(self.store.agents.get(agent_id))

    @query("read", schemas_people.FindAgents)
    def find_agents(self, call: Call, limit: int, after: str | None, **filters: Any) -> Any:
        """A page, by id: {agents: [...], next: cursor of the next page, or null}."""
        found, more = self.store.agents.find(filters, limit, after)
        return {"agents": [answers_people.agent(agent) for agent in found], "next": more}
