"""Agents as stored: who they are, whether they are there, and how they are found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain import Agent, Reference, declare
from services.dispatch.domain.people.agent import AgentDecide, AgentDecision
from services.dispatch.storage.agent_documents import agent_document, agent_from
from services.dispatch.storage.seats import Seats
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Call, Cause
from shared.errors import NotFound
from shared.mongo import Database, Transaction

Reply = Callable[[Agent], dict[str, Any]]
Answer = dict[str, Any] | None
DecideBoth = Callable[[Agent, Agent, datetime], tuple[AgentDecision, AgentDecision]]


class Agents:
    """The agents; a change that may make room recounts it in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.aggregates = Aggregates(
            db, "dispatch_agents", what="agent", to_document=agent_document, from_document=agent_from
        )
        self.seats = Seats(self.aggregates)

    def get(self, agent_id: str) -> Agent:
        """The agent, or `NotFound`."""
        return self.aggregates.get(agent_id)

    def known(self, names: Collection[str]) -> set[str]:
        """Which of these agents there are."""
        wanted = {"_id": {"$in": sorted(names)}}
        return {doc["_id"] for doc in self.aggregates.collection.find(wanted, {"_id": 1})} if names else set()

    def save(self, cause: Cause, agent_id: str, decide: AgentDecide, reply: Reply | None = None) -> Answer:
        """Create or change an agent."""

        def attempt(tx: Transaction) -> Answer:
            blank = Agent(agent_id=agent_id)
            answer = self.aggregates.change_or_create(cause, agent_id, lambda: blank, decide, reply, tx)
            self.seats.recount_room(agent_id, tx)
            return answer

        return self._db.transact(attempt)

    def change(self, cause: Cause, agent_id: str, decide: AgentDecide, reply: Reply | None = None) -> Answer:
        """Change an agent that must be there."""

        def attempt(tx: Transaction) -> Answer:
            answer = self.aggregates.change(cause, agent_id, decide, reply, tx)
            self.seats.recount_room(agent_id, tx)
            return answer

        return self._db.transact(attempt)

    def swap(self, call: Call, first: str, second: str, decide: DecideBoth, reply: Reply) -> Answer:
        """Change two agents by one transaction; both must be there."""

        def attempt(tx: Transaction) -> Answer:
            other, decided = self.aggregates.get(second, tx), []

            def of_first(agent: Agent, at: datetime) -> AgentDecision:
                mine, its = decide(agent, other, max(at, other.last_at or at))
                decided.append(its)
                return mine

            answer = self.aggregates.change(call, first, of_first, reply, tx)
            if decided:  # else the call was answered before
                self.aggregates.change(call.without_key(), second, lambda *_: decided[-1], None, tx)
            return answer

        return self._db.transact(attempt)

    def hear(self, agent_id: str, at: datetime) -> Agent:
        """A sign of life, which holds its presence up: one small write, told nowhere. Raises NotFound."""
        doc = self.aggregates.collection.find_one_and_update(
            {"_id": agent_id}, {"$max": {"heard_at": at}}, STATE_ONLY, return_document=True
        )
        if doc is None:
            raise NotFound("agent", agent_id)
        return agent_from(doc)

    def declare_all(self, reference: Reference) -> None:
        """Take over the agents of the reference data; those of this version or a newer one are left alone."""
        known = self.aggregates.collection.find({"_id": {"$in": list(reference.agents)}}, {"declared": 1})
        done = {doc["_id"] for doc in known if doc["declared"] >= reference.version}
        cause = Cause(ref=f"reference data {reference.version}")
        for agent_id in reference.agents.keys() - done:
            self._declare(cause, agent_id, reference)

    def _declare(self, cause: Cause, agent_id: str, reference: Reference) -> None:
        entry = reference.agents[agent_id]
        self.save(cause, agent_id, lambda agent, at: declare(agent, at, entry, reference.version))

    def find(self, filters: Mapping[str, Any], limit: int, after: str | None) -> tuple[list[Agent], str | None]:
        """At most `limit` agents by id, and the cursor of the next page (None: the last); `team`: one of theirs."""
        stored = {"team": "teams", "status": "presence.status"}
        wanted = {stored.get(name, name): value for name, value in filters.items()}
        if after:
            wanted["_id"] = {"$gt": after}
        rows = self.aggregates.collection.find(wanted, STATE_ONLY).sort("_id", 1).limit(limit + 1)
        agents = [agent_from(doc) for doc in rows]
        return agents[:limit], agents[limit - 1].agent_id if len(agents) > limit else None

    def on_rotas(self, team: str | None = None) -> Iterator[Agent]:
        """All who have a rota, or those of them who are on a team."""
        wanted: dict[str, Any] = {"rota": {"$gt": ""}} | ({"teams": team} if team is not None else {})
        found = self.aggregates.collection.find(wanted, STATE_ONLY).hint("of_rota" if team is None else "of_team")
        yield from (agent_from(doc) for doc in found)
