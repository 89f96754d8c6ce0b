"""Dispatch's documents: work orders and agents, and the claims that bind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Visit
from services.dispatch.domain.people.agent import AgentDecide
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.rollouts.repin import extend_horizons, provisional
from services.dispatch.domain.work.fitness import role_may_have
from services.dispatch.domain.work.order import Books, Seat
from services.dispatch.events import ORDER_EVENTS
from services.dispatch.explaining.assignment import ExplainingAssignments
from services.dispatch.listing import INDEXES, PARTIAL, query
from services.dispatch.storage import ended_handovers, shift_logs, stranded
from services.dispatch.storage.agents import Agents, Answer, DecideBoth
from services.dispatch.storage.agents import Reply as AgentReply
from services.dispatch.storage.alarms import Alarms
from services.dispatch.storage.assignments import Assignments
from services.dispatch.storage.candidates import Candidates
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.claims import Claims, Counters, NeedsSeats, NobodyFree, needs_no_seats
from services.dispatch.storage.courtesy import Courtesy
from services.dispatch.storage.documents import order_document, order_faults, order_from
from services.dispatch.storage.duty_log import DutyLogs
from services.dispatch.storage.handovers import StandIns
from services.dispatch.storage.incidents import MassIncidents
from services.dispatch.storage.pulling import Pulling
from services.dispatch.storage.queue import Queue
from services.dispatch.storage.reference import DispatchReference
from services.dispatch.storage.rollouts import Rollouts
from services.dispatch.storage.shift_changes import ShiftChanges
from services.dispatch.storage.shift_logs import ShiftLogs
from services.dispatch.storage.stranded import Stranded
from services.dispatch.storage.waiting import Waiting
from services.dispatch.storage.walk import WALKS
from services.dispatch.storage.workload import Workload
from shared.aggregates import STATE_ONLY, Aggregates, AlreadyThere
from shared.answered import Answered
from shared.cause import Call, Cause
from shared.errors import NotFound, Unavailable
from shared.events import Fact
from shared.mongo import Database, Transaction

COLLECTIONS: dict[str, list[IndexModel]] = {
    "dispatch_orders": [
        IndexModel(
            [(field, ASCENDING) for field in fields],
            name=index,
            **({"partialFilterExpression": {PARTIAL[index]: {"$gt": ""}}} if index in PARTIAL else {}),
        )
        for index, fields in INDEXES.items()
    ]
    + [
        IndexModel([(field, ASCENDING), ("_id", ASCENDING)], name=field, partialFilterExpression={field: {"$gt": -1}})
        for field in WALKS.values()
    ],
    "dispatch_agents": [
        IndexModel([("queues", ASCENDING), ("has_room", ASCENDING)], name="seats"),
        IndexModel([("teams", ASCENDING), ("_id", ASCENDING)], name="of_team"),
        IndexModel([("rota", ASCENDING)], name="of_rota", partialFilterExpression={"rota": {"$gt": ""}}),
    ],
    "dispatch_assignments": [
        IndexModel([(field, ASCENDING) for field in fields], name=name)
        for name, fields in {
            "of_order": ("order_no", "number"),
            "of_agent": ("agent", "ended_at"),
            "of_team": ("team", "ended_at"),
            "given_in_team": ("team", "assigned_at"),
            "given_to_agent": ("agent", "assigned_at"),
        }.items()
    ],
    "dispatch_rollouts": [],
    "dispatch_handovers": [],
    ended_handovers.COLLECTION: [
        IndexModel([(field, ASCENDING) for field in fields], name=index)
        for index, fields in ended_handovers.INDEXES.items()
    ],
    "dispatch_shift_logs": [
        IndexModel([(field, ASCENDING) for field in fields], name=index) for index, fields in shift_logs.INDEXES.items()
    ],
    "dispatch_duty_logs": [IndexModel([("month", ASCENDING)], name="of_month")],
    "dispatch_stranded": [
        IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(stranded.KEPT.total_seconds()))
    ],
}
AGGREGATES = (
    *("dispatch_orders", "dispatch_agents", "dispatch_rollouts", "dispatch_handovers"),
    *("dispatch_shift_logs", "dispatch_duty_logs"),
)

Decide = Callable[[Order, datetime], Decision]
Reply = Callable[[Order], dict[str, Any]]
Also = Callable[[Transaction], None]


class DispatchStore:
    """Work orders change together with the claims on agents that they make or give back."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.agents = Agents(db)
        self.reference = DispatchReference(db, self.agents)
        self.orders = Aggregates(
            db,
            "dispatch_orders",
            what="work order",
            to_document=order_document,
            from_document=lambda doc: order_from(doc, self.books),
            published=ORDER_EVENTS,
            advance=domain.advance,
            next_due=domain.next_due,
            rebuilds=lambda doc, entries: order_faults(doc, entries, self.books),
        )
        self.assignments = Assignments(db)
        self.queue = Queue(self.orders, self._read)
        self.waiting = Waiting(self.queue, self.agents.seats, self._choosing, self._seat, self.now)
        self.stranded = Stranded(db, self.orders)
        self.alarms = Alarms(self.queue, self.stranded, self._choosing, self.change_with_seats)
        self.pulling = Pulling(
            self.orders,
            self.queue,
            self._choosing,
            self.change_with_seats,
            self.waiting.courtesy,
            Answered("dispatch_orders", db.collection("dispatch_requests")),
        )
        self.rollouts = Rollouts(db, self.orders, self.change, self.books)
        self.reference.rollouts = self.rollouts
        self.incidents = MassIncidents(db, self.orders, self.change, self.change_with_seats)
        self.stand_ins = StandIns(db, self.orders, self.change_with_seats, self._may_stand_in)
        self._candidates = Candidates(self.agents.aggregates, self.orders, self.stand_ins.register)
        self.explaining = ExplainingAssignments(self.orders, self.assignments, self._choosing, self.books, self.now)
        self._counters = Counters(
            seats=self.agents.seats,
            assignments=self.assignments,
            stranded=self.stranded,
            courtesy=Courtesy(),
        )
        self.shift_logs = ShiftLogs(db, self.agents, self.reference.current)
        self.duty_logs = DutyLogs(db)
        self.workload = Workload(db)
        self.shift_changes = ShiftChanges(self.shift_logs, self.agents, self.orders, self._read, self._roster)

    @property
    def books(self) -> Books:
        """Every version of the reference data, by its number."""
        return self.reference.version

    def _roster(self) -> Roster:
        return self.reference.current().roster

    def _may_stand_in(self, order: Order, visit: Visit, agent_id: str) -> bool:
        return role_may_have(self.agents.get(agent_id).role, order, visit, self.reference.current().assignment)

    def _read(self, doc: Mapping[str, Any]) -> Order:
        return order_from(doc, self.books)

    def now(self) -> datetime:
        """The present."""
        return self.db.clock.now()

    # changing

    def open(self, cause: Cause, order: Order, facts: list[Fact]) -> None:
        """Store new work, in the same write given to whoever may have it; nothing happens if it is there already.

        Work that is heard of late is given out now, after what fell due meanwhile; in replay, when it was opened.
        """
        claims = self._claims()
        order = replace(order, replay_until=cause.starts_replay)

        def as_of_now() -> tuple[Order, datetime, list[Fact]]:
            at = order.opened_at if cause.starts_replay else max(order.opened_at, self.now())
            begun, due = domain.advance(order, at)
            return begun, at, [*facts, *(replace(fact, by_time=True) for fact in due)]

        def attempt(tx: Transaction) -> None:
            begun, at, happened = as_of_now()
            seated, more = claims.settle(begun, at, happened, tx)
            self.orders.create(cause, order.order_no, seated, [*happened, *more], tx=tx)

        try:
            with claims:
                self.db.transact(attempt)
        except (AlreadyThere, DuplicateKeyError):  # the second: of its first assignment
            return
        except Unavailable:  # too many claim the same agents at once: then it waits its turn, but it is there
            begun, at, happened = as_of_now()
            self.orders.create(cause, order.order_no, begun, [*happened, *domain.newly_queued(begun, at)])
        self._give_out(claims, order.order_no)

    def change(self, cause: Cause, order_no: str, decide: Decide, reply: Reply | None = None) -> Answer:
        """Change work by one write; together with its claims only if the change, or time, has moved a seat."""
        try:
            return self.orders.change(cause, order_no, self._knowing_further(decide), reply, settle=needs_no_seats)
        except NeedsSeats:
            return self.change_with_seats(cause, order_no, decide, reply)

    def change_with_seats(
        self, cause: Cause, order_no: str, decide: Decide, reply: Reply | None = None, also: Also | None = None
    ) -> Answer:
        """Change work together with its claims, and what `also` writes; what waits is given to who has room."""
        claims = self._claims()
        answer = self._change(cause, order_no, decide, reply, claims, also)
        self._give_out(claims, order_no)
        return answer

    def withdraw(self, cause: Cause, ticket_no: str, reason: str) -> None:
        """Withdraw the ticket's work; where it is not known yet, see to it that it is never begun."""
        order_no = domain.order_no_for(ticket_no)
        claims = self._claims()

        def attempt(tx: Transaction) -> None:
            self.orders.change_or_create(
                cause,
                order_no,
                lambda: domain.tombstone(ticket_no),
                domain.coming_down(lambda order, at: domain.withdraw(order, at, reason)),
                tx=tx,
                settle=lambda order, at, happened: claims.settle(order, at, happened, tx),
            )

        with claims:
            self.db.transact(attempt)
        self._give_out(claims, order_no)

    def wake(self) -> None:
        """Let everything happen that fell due, each at the time it fell due."""
        self.orders.wake(self.now(), act=lambda order_no, cause: self.change(cause, order_no, _as_it_is))

    def save_agent(self, cause: Cause, agent_id: str, decide: AgentDecide, reply: AgentReply) -> Answer:
        """Create or change an agent; who has room then gets waiting work."""
        answer = self.agents.save(cause, agent_id, decide, reply)
        self._give_out_to(agent_id)
        return answer

    def change_agent(self, cause: Cause, agent_id: str, decide: AgentDecide, reply: AgentReply) -> Answer:
        """Change an agent that must be there; who has room then gets waiting work."""
        answer = self.agents.change(cause, agent_id, decide, reply)
        self._give_out_to(agent_id)
        return answer

    def swap_shifts(self, call: Call, first: str, second: str, decide: DecideBoth, reply: AgentReply) -> Answer:
        """Change two agents together; who has room then gets waiting work."""
        answer = self.agents.swap(call, first, second, decide, reply)
        for agent_id in (first, second):
            self._give_out_to(agent_id)
        return answer

    def _give_out(self, claims: Claims, order_no: str) -> None:
        self.waiting.give_out(claims.left, f"room after {order_no}")

    def _give_out_to(self, agent_id: str) -> None:
        agent = self.agents.get(agent_id)
        if agent.has_room:
            self.waiting.give_out(agent.queues, f"room with {agent_id}")

    def _change(
        self,
        cause: Cause,
        order_no: str,
        decide: Decide,
        reply: Reply | None,
        claims: Claims,
        also: Also | None = None,
    ) -> Answer:
        further = self._knowing_further(decide)

        def attempt(tx: Transaction) -> Answer:
            answer = self.orders.change(
                cause,
                order_no,
                further,
                reply,
                tx,
                settle=lambda order, at, happened: claims.settle(order, at, happened, tx),
            )
            if also is not None:
                also(tx)
            return answer

        with claims:
            return self.db.transact(attempt)

    def _knowing_further(self, decide: Decide) -> Decide:
        """The same; a deadline that it makes provisional by a calendar that knows further by now, is due by that."""

        def both(order: Order, at: datetime) -> Decision:
            order, facts = decide(order, at)
            if provisional(order) is None:
                return order, facts
            order, more = extend_horizons(order, at, self.reference.current())
            return order, [*facts, *more]

        return domain.coming_down(both)

    def _seat(self, waiting: Order, at: datetime, why: str) -> Sequence[Seat]:
        """Give what waits of one work order to agents: now, or, in replay, at that time.

        [] if it, or all room, is gone meanwhile.
        """

        def still_waiting(order: Order, at: datetime) -> Decision:
            if not domain.queues(order):
                raise NobodyFree(order.order_no)
            return order, []

        claims = self._claims(needed=True)
        try:
            cause = Cause(ref=why, at=at if waiting.replay_until else None)
            self._change(cause, waiting.order_no, still_waiting, None, claims)
        except (NobodyFree, Unavailable):
            return []
        return claims.taken

    def _claims(self, *, needed: bool = False) -> Claims:
        return Claims(self._counters, self._choosing(), needed=needed)

    def _choosing(self) -> Choosing:
        return Choosing(self._candidates, self.reference.current())

    # reading

    def order_no(self, order_no: str = "", ticket_no: str = "", reference: str = "") -> str:
        """The number of the work that one of its names names; of several with that reference, the newest."""
        if not reference:
            return order_no or domain.order_no_for(ticket_no)
        found, _ = self.find_work({"reference": reference}, 1, None)
        if not found:
            raise NotFound("work order with the reference", reference)
        return found[0].order_no

    def find_work(self, filters: Mapping[str, Any], limit: int, after: str | None) -> tuple[list[Order], str | None]:
        """At most `limit` work orders, the newest first, and the cursor of the next page (None: the last)."""
        wanted, index = query(filters, after)
        rows = self.orders.collection.find(wanted, STATE_ONLY).hint(index)
        found = list(rows.sort("place", DESCENDING).limit(limit + 1))
        more = found[limit - 1]["place"] if len(found) > limit else None
        return [order_from(doc, self.books) for doc in found[:limit]], more


def _as_it_is(order: Order, at: datetime) -> Decision:
    return order, []
