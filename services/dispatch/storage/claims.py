"""What one change of a work order does to agents' seats, inside the change's own transaction (ADR 51, 61)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Visit
from services.dispatch.domain.work.order import Seat
from services.dispatch.domain.work.picking import Picked, cause_of
from services.dispatch.errors import Ineligible
from services.dispatch.storage import assignments
from services.dispatch.storage.assignments import Assignments
from services.dispatch.storage.candidates import Crowd
from services.dispatch.storage.choosing import Choosing, Given
from services.dispatch.storage.courtesy import Courtesy
from services.dispatch.storage.seats import Seats, Taken
from services.dispatch.storage.stranded import Stranded
from shared.events import Fact
from shared.mongo import LostRace, Transaction

#: How long one claim waits for another of this process on the same agent: a few transactions; then it takes its chance.
PATIENCE = 0.1  # seconds


class NobodyFree(Exception):
    """Nobody can take the work now; the transaction is given up."""


class NeedsSeats(Exception):
    """The change concerns seats, or leaves work waiting anew: it has to be made together with its claims."""


def needs_no_seats(order: Order, at: datetime, happened: Sequence[Fact]) -> Decision:
    """Settles a change that touches nobody's seat; raises `NeedsSeats` for any other."""
    moved = domain.claimed(order) != order.seated or domain.waits_in(order) - order.waited
    if moved or assignments.concerns_assignments(order, happened):
        raise NeedsSeats
    return order, []


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Where claims are made: the seats, what was given to whom, who waits in vain, and who is just being claimed."""

    seats: Seats
    assignments: Assignments
    stranded: Stranded
    courtesy: Courtesy


class Claims:
    """One change's claims, kept over all its attempts; a context that ends after the commit.

    `needed`: unless somebody takes something of what waits there is no change, but `NobodyFree`.
    After a change, `left` are the queues where work is left waiting or room was made, `taken` the seats that it took.
    """

    def __init__(self, at: Counters, choosing: Choosing, *, needed: bool = False) -> None:
        self.left: set[str] = set()
        self.taken: list[Seat] = []
        self._at = at
        self._choosing = choosing
        self._needed = needed
        self._asked: set[str] = set()
        self._held: set[str] = set()
        self._waited_for: set[str] = set()
        self._since = 0

    def __enter__(self) -> Claims:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go(self._held)

    def settle(self, order: Order, at: datetime, happened: Sequence[Fact], tx: Transaction) -> Decision:
        """Give back the seats that the work no longer takes; each step that waits goes to who is chosen for it.

        A seat that is kept but weighs otherwise by now is changed, whatever the capacity of who has it.
        What is left to wait and did not before is told of, and what nobody at all can take.
        Raises `Ineligible` where a caller has named an agent who cannot take it.
        """
        self._let_go(self._held - self._waited_for)  # of what an earlier attempt held
        self.left, self._waited_for, self.taken = set(), set(), []
        self._since = self._at.courtesy.turn()
        self._give_back(order, at, happened, tx)
        given = self._handed_over(order, at, tx)
        facts: list[Fact] = []
        causes: dict[int, str] = {}
        for visit in domain.waiting(order):
            picked, crowd = self._pick(order, visit, at, tx)
            if picked.choice.agent_id is None:
                causes[visit.number] = self._refused(visit, picked)
            else:
                (order, more), given[visit.number] = self._choosing.give(order, visit, at, picked, crowd)
                self._take(order, visit, at, given[visit.number], tx)
                facts += more
        if self._needed and not facts:
            raise NobodyFree(order.order_no)
        order, more = self._left_waiting(order, at, causes, tx)
        facts += more
        self._at.assignments.write(order, at, [*happened, *facts], given, tx)
        return order, facts

    def _give_back(self, order: Order, at: datetime, happened: Sequence[Fact], tx: Transaction) -> None:
        for visit, seat in assignments.ended(order).items():
            done = assignments.end_of(visit, happened, at).outcome in assignments.DONE
            self.left.update(self._at.seats.give_back(seat, tx, order.category if done else None))
        for before, now in assignments.reweighed(order):
            self.left.update(self._at.seats.reweigh(before, now, tx))

    def _handed_over(self, order: Order, at: datetime, tx: Transaction) -> dict[int, Given]:
        """What the change itself has given to somebody, whatever room that one has."""
        given: dict[int, Given] = {}
        for visit in assignments.begun(order):
            given[visit.number] = self._choosing.handed(str(visit.agent), at, tx)
            self._take(order, visit, at, given[visit.number], tx)
        return given

    def _take(self, order: Order, visit: Visit, at: datetime, given: Given, tx: Transaction) -> None:
        seat = domain.claimed(order)[visit.number]
        self._asked.add(seat.agent)  # an attempt that ends here lost a race for it: others first then
        self._at.seats.take(Taken(seat=seat, at=at, shift_since=given.shift_since), tx)
        self._asked.discard(seat.agent)  # what ends it from here on is not about the agent: the same one again
        self.taken.append(seat)

    def _refused(self, visit: Visit, picked: Picked) -> str:
        """Why nobody can take the step now; it waits on, unless a caller has named the agent."""
        if picked.task.only and picked.task.wish is not None:
            raise Ineligible(picked.task.wish, picked.choice.limits_of(picked.task.wish))
        self.left.add(visit.need.key)
        return cause_of(picked.choice)

    def _left_waiting(self, order: Order, at: datetime, causes: Mapping[int, str], tx: Transaction) -> Decision:
        queued = domain.newly_queued(order, at)
        order, stranded = self._at.stranded.settle(order, at, causes, tx)
        return order, [*queued, *stranded]

    # courtesy

    def _pick(self, order: Order, visit: Visit, at: datetime, tx: Transaction) -> tuple[Picked, Crowd]:
        """Who is chosen, and in hand if possible; whom others of this process have claimed meanwhile comes last."""
        crowd = self._choosing.crowd(order, visit, at, tx)
        with self._at.courtesy.choosing:  # else two would choose the same agent, and one of them again
            contended = (self._asked | self._at.courtesy.busy_since(self._since)) - self._held
            picked = self._choosing.among(crowd, order, visit, at, contended)
            agent_id = picked.choice.agent_id
            if agent_id is not None and agent_id not in contended and self._at.courtesy.hold(agent_id):
                self._held.add(agent_id)
        if agent_id is not None and agent_id in contended:  # there is nobody else
            self._wait_for(agent_id)
        return picked, crowd

    def _wait_for(self, agent_id: str) -> None:
        """Until the other claim is through; what this transaction has read is old then, and it is begun again."""
        wait = 0.0 if self._held else PATIENCE  # two that wait for each other would wait in vain
        if self._at.courtesy.hold(agent_id, wait):
            self._held.add(agent_id)
            self._waited_for.add(agent_id)
            raise LostRace

    def _let_go(self, names: set[str]) -> None:
        for name in names:
            self._at.courtesy.let_go(name)
        self._held = self._held - names
