"""What one change of a work order does to agents' seats, inside the change's own transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from threading import Lock

from services.dispatch import domain
from services.dispatch.domain import Decision, Order
from services.dispatch.errors import NoRoom
from services.dispatch.seats import Seats
from shared.mongo import Transaction


class NobodyFree(Exception):
    """Nobody can take the work now; the transaction is given up."""


class Claims:
    """One change's claims, kept over all its attempts; a context that ends after the commit.

    `wanted`: only this agent will do, else `NoRoom`. `needed`: without an agent there is no change, but `NobodyFree`.
    `left`: after a change, the teams where work is left waiting or room was made.
    """

    def __init__(self, seats: Seats, *, wanted: str | None = None, needed: bool = False) -> None:
        self.left: set[str] = set()
        self._seats = seats
        self._wanted = wanted
        self._needed = needed
        self._asked: set[str] = set()
        self._held: Lock | None = None

    def __enter__(self) -> Claims:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def settle(self, before: Order | None, order: Order, at: datetime, tx: Transaction) -> Decision:
        """Give back the seat that the work no longer takes; if it waits, take one with whoever has room."""
        self._let_go()  # of what an earlier attempt held
        self.left = set(self._give_back(before, order, tx))
        if not domain.waits(order):
            return order, []
        agent_id = self._take(self._in_turn(before, order), order.team, at, tx, fresh=before is None)
        if agent_id is not None:
            return domain.assign(order, at, agent_id)
        if self._wanted is not None:
            raise NoRoom(self._wanted)
        if self._needed:
            raise NobodyFree(order.team)
        self.left.add(order.team)
        return order, []

    def _give_back(self, before: Order | None, order: Order, tx: Transaction) -> Collection[str]:
        holder = domain.claimed_by(before) if before else None
        if holder is None or holder == domain.claimed_by(order):
            return ()
        return self._seats.give_back(holder, tx)

    def _in_turn(self, before: Order | None, order: Order) -> list[str]:
        if self._wanted is not None:
            return [self._wanted]
        former = domain.former_agent(before, order) if before else None
        others = self._seats.candidates(order.team, avoid=self._asked)
        return [former, *others] if former else others

    def _take(self, agents: Iterable[str], team: str, at: datetime, tx: Transaction, *, fresh: bool) -> str | None:
        for agent_id in agents:
            self._asked.add(agent_id)  # an attempt that ends in `take` lost a race for it: others first then
            self._held = self._seats.hold(agent_id, wait=fresh)
            if self._seats.take(agent_id, team, at, tx):
                self._asked.discard(agent_id)  # what ends it from here on is not about the agent: the same one again
                return agent_id
            self._let_go()
        return None

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None
