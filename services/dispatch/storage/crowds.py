"""Who is free in a few teams, as one walk through their queues sees it: read once, kept up with what they are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.dispatch.domain import Agent, Order, Visit
from services.dispatch.domain.people.availability import AVAILABLE, availability
from services.dispatch.domain.work.order import Seat
from services.dispatch.storage.candidates import Crowd
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.fitting import Filter, for_any

#: So many free agents are told apart by what they may have; of more, somebody may have most of it.
FEW = 10


class Crowds:
    """Team -> those of its crowd who are there and have room, as of `now`."""

    def __init__(self, choosing: Choosing, now: datetime) -> None:
        self._choosing = choosing
        self._now = now
        self._crowds: dict[str, Crowd] = {}

    def served(self, teams: Iterable[str]) -> set[str]:
        """The queues that somebody serves, by itself or for another, who is there and has room."""
        for team in sorted(teams):
            self._crowds[team] = self._free(self._choosing.candidates.of_team(team, self._now))
        return {queue for crowd in self._crowds.values() for agent in crowd.agents.values() for queue in agent.queues}

    def fitting(self) -> Filter:
        """What else to ask of waiting work, so that what none of them may have is not read; {}: they are too many."""
        free = {
            name: agent
            for crowd in self._crowds.values()
            for name, agent in crowd.agents.items()
            if name not in crowd.away
        }
        return for_any(list(free.values())) if 0 < len(free) <= FEW else {}

    def may_take(self, order: Order, visit: Visit, at: datetime) -> bool:
        """Whether somebody may have that step, as far as this walk knows."""
        picked = self._choosing.among(self._crowds[visit.need.team], order, visit, at)
        return picked.choice.agent_id is not None

    def taken(self, seats: Sequence[Seat], at: datetime) -> None:
        """Those who have taken these have so much less room."""
        for seat in seats:
            for team, crowd in self._crowds.items():
                if seat.agent in crowd.agents:
                    busier = _busier(crowd.agents[seat.agent], seat, at)
                    self._crowds[team] = Crowd({**crowd.agents, seat.agent: busier}, crowd.away)

    def _free(self, crowd: Crowd) -> Crowd:
        """Only who may be given work, and those for whom they stand in."""
        free = {name for name, agent in crowd.agents.items() if name not in crowd.away and self._is_free(agent)}
        kept = {name: agent for name, agent in crowd.agents.items() if crowd.away.get(name, name) in free}
        return Crowd(kept, crowd.away)

    def _is_free(self, agent: Agent) -> bool:
        if agent.load >= agent.capacity:
            return False
        return availability(agent, self._choosing.reference.roster, self._now).status == AVAILABLE


def _busier(agent: Agent, seat: Seat, at: datetime) -> Agent:
    kinds = {**agent.kinds, seat.kind: agent.kinds.get(seat.kind, 0) + 1}
    return replace(agent, load=agent.load + seat.units, open=agent.open + 1, kinds=kinds, last_assigned_at=at)
