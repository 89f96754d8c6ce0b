"""What one change of a work order does to agents' seats, inside the change's own transaction (ADR 0051)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from threading import Lock

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Rule, Visit, Wish
from services.dispatch.errors import NoRoom
from services.dispatch.seats import Seats
from shared.events import Fact
from shared.mongo import Transaction


class NobodyFree(Exception):
    """Nobody can take the work now; the transaction is given up."""


class NeedsSeats(Exception):
    """The change gives a seat back, or leaves work waiting anew: it has to be made together with its claims."""


def needs_no_seats(order: Order, at: datetime) -> Decision:
    """Settles a change that touches nobody's seat; raises `NeedsSeats` for any other."""
    if domain.claimed(order) != order.seated or domain.waits_in(order) - order.waited:
        raise NeedsSeats
    return order, []


class Claims:
    """One change's claims, kept over all its attempts; a context that ends after the commit.

    `needed`: unless somebody takes something of what waits there is no change, but `NobodyFree`.
    `left`: after a change, the queues where work is left waiting or room was made.
    """

    def __init__(self, seats: Seats, *, needed: bool = False) -> None:
        self.left: set[str] = set()
        self._seats = seats
        self._needed = needed
        self._asked: set[str] = set()
        self._held: list[Lock] = []

    def __enter__(self) -> Claims:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def settle(self, order: Order, at: datetime, tx: Transaction) -> Decision:
        """Give back the seats that the work no longer takes; for each step that waits, take one with who has room.

        What is left to wait and did not before is told of.
        Raises `NoRoom` where a caller has named an agent who cannot take it.
        """
        self._let_go()  # of what an earlier attempt held
        self.left = set()
        self._give_back(order, tx)
        facts: list[Fact] = []
        for visit in domain.waiting(order):
            order, more = self._seat(order, visit, at, tx)
            facts += more
        if self._needed and not facts:
            raise NobodyFree(order.order_no)
        return order, [*facts, *domain.newly_queued(order, at)]

    def _give_back(self, order: Order, tx: Transaction) -> None:
        kept = domain.claimed(order)
        for visit, agent_id in order.seated.items():
            if kept.get(visit) != agent_id:
                self.left.update(self._seats.give_back(agent_id, tx))

    def _seat(self, order: Order, visit: Visit, at: datetime, tx: Transaction) -> Decision:
        wish, queue = order.wishes.get(visit.number), visit.need.key
        agent_id = self._take(self._in_turn(queue, wish), queue, at, tx, fresh=order.version == 0)
        if agent_id is not None:
            return domain.assign(order, at, agent_id, visit.number, _rule(visit, wish, agent_id))
        if wish is not None and wish.only:
            raise NoRoom(wish.agent)
        self.left.add(queue)
        return order, []

    def _in_turn(self, queue: str, wish: Wish | None) -> Iterator[str]:
        if wish is not None:
            yield wish.agent
        if wish is None or not wish.only:
            yield from self._seats.candidates(queue, avoid=self._asked)

    def _take(self, agents: Iterable[str], queue: str, at: datetime, tx: Transaction, *, fresh: bool) -> str | None:
        for agent_id in agents:
            self._asked.add(agent_id)  # an attempt that ends in `take` lost a race for it: others first then
            lock = self._seats.hold(agent_id, wait=fresh)
            if self._seats.take(agent_id, queue, at, tx):
                self._asked.discard(agent_id)  # what ends it from here on is not about the agent: the same one again
                self._held += [lock] if lock else []
                return agent_id
            if lock:
                lock.release()
        return None

    def _let_go(self) -> None:
        for lock in self._held:
            lock.release()
        self._held = []


def _rule(visit: Visit, wish: Wish | None, agent_id: str) -> Rule:
    """By which rule the agent has got the step."""
    if wish is not None and wish.agent == agent_id:
        return wish.rule
    return Rule.BEST_SCORE if visit.need.agent is None else Rule.NAMED
