"""Agents' seats: the only place where a load changes, always inside the transaction that changes the work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from services.dispatch.domain import Agent, in_turn
from shared.aggregates import Aggregates
from shared.mongo import Transaction

#: How many agents are looked at for one work order: enough that all workers of a process find one each.
CANDIDATES = 16
#: How long one claim waits for another of this process on the same agent: a few transactions; then it takes its chance.
PATIENCE = 0.1  # seconds

_LOAD = {"$ifNull": ["$load", 0]}
_PRESENT = {"$eq": ["$presence.status", "available"]}
_HAS_ROOM = {"$set": {"has_room": {"$and": [_PRESENT, {"$lt": ["$load", "$capacity"]}]}}}


class Seats:
    """The agents' seats: `load` of `capacity` are taken."""

    def __init__(self, agents: Aggregates[Agent]) -> None:
        self._agents = agents.collection
        self._in_hand: defaultdict[str, Lock] = defaultdict(Lock)

    def candidates(self, queue: str, avoid: Collection[str] = ()) -> list[str]:
        """Whom to ask of those who serve a queue (`Need.key`), in turn.

        Those to avoid, and those whom others of this process are just claiming, come last.
        """
        found = self._agents.find(
            {"queues": queue, "has_room": True},
            {"load": 1, "last_assigned_at": 1},
            sort=[("load", 1), ("last_assigned_at", 1), ("_id", 1)],
            limit=CANDIDATES,
        )
        agents = [Agent(agent_id=a["_id"], load=a["load"], last_assigned_at=a.get("last_assigned_at")) for a in found]
        turn = [agent.agent_id for agent in in_turn(agents)]
        return sorted(turn, key=lambda agent_id: (agent_id in avoid, self._in_hand[agent_id].locked()))

    def hold(self, agent_id: str, *, wait: bool) -> Lock | None:
        """Keep other claims of this process off the agent, to be released after the commit; None if they have it.

        Only courtesy: what two processes claim at once, the database decides. But waiting for the other is cheaper than
        an aborted transaction, as long as this one has read nothing yet (`wait`); afterwards waiting would not help.
        """
        lock = self._in_hand[agent_id]
        return lock if (lock.acquire(timeout=PATIENCE) if wait else lock.acquire(blocking=False)) else None

    def has_room(self, queue: str) -> bool:
        """Whether somebody who serves the queue may be given work now."""
        return self._agents.find_one({"queues": queue, "has_room": True}, {"_id": 1}) is not None

    def take(self, agent_id: str, queue: str, at: datetime, tx: Transaction) -> bool:
        """One more piece of work for the agent, if it serves the queue, is present and has room."""
        taken = {"load": {"$add": [_LOAD, 1]}, "last_assigned_at": {"$max": ["$last_assigned_at", at]}}
        done = self._agents.update_one(
            {"_id": agent_id, "queues": queue, "has_room": True}, [{"$set": taken}, _HAS_ROOM], session=tx.session
        )
        return done.matched_count == 1

    def give_back(self, agent_id: str, tx: Transaction) -> Sequence[str]:
        """One piece of work less; gives the queues for which the agent has room now."""
        freed: dict[str, Any] | None = self._agents.find_one_and_update(
            {"_id": agent_id},
            [{"$set": {"load": {"$add": [_LOAD, -1]}}}, _HAS_ROOM],
            {"queues": 1, "has_room": 1},
            return_document=True,
            session=tx.session,
        )
        return freed["queues"] if freed and freed["has_room"] else ()

    def recount_room(self, agent_id: str, tx: Transaction) -> None:
        """After its capacity or presence has changed."""
        self._agents.update_one({"_id": agent_id}, [{"$set": {"load": _LOAD}}, _HAS_ROOM], session=tx.session)
