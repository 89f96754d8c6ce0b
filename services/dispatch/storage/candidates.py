"""Who might get a piece of work: the team's agents and those who stand in for them, as a transaction sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain import Agent, Order
from services.dispatch.domain.people import stand_ins
from services.dispatch.domain.people.stand_ins import Register
from services.dispatch.storage.agent_documents import agent_from
from shared.aggregates import STATE_ONLY, Aggregates
from shared.mongo import Transaction

#: So many of a customer's last work orders tell who knows the customer.
LAST_ORDERS = 10

#: So many agents come with the first answer of the database; for most teams that is one round trip.
AT_ONCE = 2000
#: What a choice does not need of an agent's document.
_WITHOUT = {**STATE_ONLY, **dict.fromkeys(("queues", "has_room", "revision", "unspilled"), 0)}

ReadRegister = Callable[[], Register]


@dataclass(frozen=True)
class Crowd:
    """A team's agents, and those who stand in for somebody now; `away`: agent -> who has its work."""

    agents: Mapping[str, Agent]
    away: Mapping[str, str]


class Candidates:
    """`register` reads the hand-overs: those of now, also in a transaction that sees the agents as they were.

    For work that a hand-over concerns it is the timer of stand-ins that has the last word (handovers.py).
    """

    def __init__(self, agents: Aggregates[Agent], orders: Aggregates[Order], register: ReadRegister) -> None:
        self._aggregates = agents
        self._agents = agents.collection
        self._orders = orders.collection
        self._register = register

    def of_team(self, team: str, at: datetime, tx: Transaction | None = None) -> Crowd:
        """Everybody of the team, read at once, and their stand-ins of other teams."""
        away = stand_ins.away(self._register(), at)
        people = self._read({"teams": team}, tx)
        missing = {away[name] for name in people if name in away} - people.keys()
        if missing:
            people |= self._read({"_id": {"$in": sorted(missing)}}, tx)
        return Crowd(people, away)

    def of_agent(self, agent_id: str, at: datetime, tx: Transaction | None = None) -> Crowd:
        """That agent, whoever stands in for it, and all for whom one of the two does."""
        away = stand_ins.away(self._register(), at)
        holder = away.get(agent_id, agent_id)
        wanted = {agent_id, holder, *(name for name, to in away.items() if to == holder)}
        return Crowd(self._read({"_id": {"$in": sorted(wanted)}}, tx), away)

    def get(self, agent_id: str, tx: Transaction) -> Agent:
        """The agent. Raises NotFound."""
        return self._aggregates.get(agent_id, tx)

    def anybody_away(self, at: datetime) -> bool:
        """Whether anybody has handed over now."""
        return bool(stand_ins.away(self._register(), at))

    def know_customer(self, order: Order) -> Counter[str]:
        """Agent -> how many of the customer's last work orders it has completed a step of, or had as the last one."""
        wanted = {"customer_id": order.customer_id, "_id": {"$ne": order.order_no}}
        shown = {"doers": 1, "agent": 1, "state": 1}
        found = self._orders.find(wanted, shown, hint="of_customer").sort("place", -1).limit(LAST_ORDERS)
        known: Counter[str] = Counter()
        for doc in found:
            known.update(_doers(doc))
        return known

    def _read(self, wanted: Mapping[str, object], tx: Transaction | None) -> dict[str, Agent]:
        session = tx.session if tx else None
        found = self._agents.find(wanted, _WITHOUT, session=session, batch_size=AT_ONCE)
        return {doc["_id"]: agent_from(doc) for doc in found}


def _doers(doc: Mapping[str, object]) -> set[str]:
    """Who has done something of that work."""
    doers = doc["doers"]
    done = set(doers.values()) if isinstance(doers, Mapping) else set()
    if doc["state"] in ("resolved", "closed") and isinstance(doc["agent"], str):
        done.add(doc["agent"])
    return done
