"""Mass incidents as stored: the link of a child and its parent in one transaction, and what goes from one to many.

What the parent tells its children goes by its own events (ADR 0064): each child is changed once for each of them, by
the event's id, and the parent is settled last. So it may be cut off and begun again anywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from services.dispatch.domain import Decision, Order, order_no_for
from services.dispatch.domain.work import families, incidents, supervising
from services.dispatch.domain.work.states import State
from services.dispatch.storage.claims import NeedsSeats, needs_no_seats
from services.dispatch.storage.courtesy import Courtesy
from shared.aggregates import Aggregates, AlreadyThere
from shared.cause import Call, Cause
from shared.errors import IllegalMove, LoopdeskError, NotFound, Unavailable
from shared.events import Event
from shared.mongo import Database, Transaction
from shared.outage import is_outage
from shared.together import Asked, Together

log = logging.getLogger("loopdesk.incidents")

MATCHES = "triage has shown that it is part of it"
#: The rule by which work is linked to nothing that there is not.
UNKNOWN = "unknown"
#: Children that are looked up at a time.
PAGE = 100
#: Open mass incidents that new work is compared with, the oldest first.
MOST = 100
#: How long one link waits for others of this process to the same parent; then it takes its chance.
PATIENCE = 4.0  # seconds
#: How often a link begins again because time has just moved an agent's seat at the parent.
TRIES = 5

Decide = Callable[[Order, datetime], Decision]
Reply = Callable[[Order], dict[str, Any]]
Answer = dict[str, Any] | None
NotLinked = Mapping[str, str]
"""Why new work is no part of the mass incident that it names: `ticket_no` of that, and the `rule` that refuses it."""
Opening = Callable[[Order | None, NotLinked | None], Decision]
"""Makes the work, given its parent, and what its history is to say of one that it names in vain."""
Change = Callable[..., Answer]  # as `DispatchStore.change` and `change_with_seats`


class NotAllTold(Exception):
    """Some children could not be changed: the event comes again for them, and is parked in the end."""


class MassIncidents:
    """Parents and their children."""

    def __init__(self, db: Database, orders: Aggregates[Order], change: Change, reseat: Change) -> None:
        self._db = db
        self._orders = orders
        self._change = change
        self._reseat = reseat
        self._courtesy = Courtesy()
        self._open_now: Together[None, list[Mapping[str, Any]]] = Together(self._read_open)

    # linking

    def link(self, call: Call, order_no: str, parent_no: str, reason: str, reply: Reply) -> Answer:
        """Work becomes part of a mass incident, which counts it, in one transaction.

        Raises NotFound, and what `incidents.link` refuses.
        """

        def decide(order: Order, at: datetime) -> Decision:
            # read after the transaction has begun: had it changed since, counting the child would not commit
            return incidents.link(order, at, self._orders.get(parent_no), reason)

        return self._linked(call, order_no, parent_no, decide, reply)

    def change(self, call: Call, order_no: str, decide: Decide, reply: Reply) -> Answer:
        """A change that says what the work is; if an open mass incident matches that, it is linked in the same write.

        The oldest takes it. Raises NotFound, and what `decide` refuses.
        """
        for parent_no in self._matching_change(order_no, decide):

            def both(order: Order, at: datetime, parent_no: str = parent_no) -> Decision:
                known, facts = decide(order, at)
                linked, more = incidents.link(known, at, self._orders.get(parent_no), MATCHES)
                return linked, [*facts, *more]

            try:
                return self._linked(call, order_no, parent_no, both, reply)
            except (NotFound, IllegalMove):  # the mass incident is over by now; what else is wrong is wrong below, too
                continue
        return self._reseat(call, order_no, decide, reply)

    def open(self, cause: Cause, opening: Opening, incident: str | None) -> Decision | None:
        """Store new work as part of the mass incident that it names, or else of the oldest that it matches.

        Gives the work as it is by itself, not stored, if there is none; None: it is stored. `incident` is a ticket: of
        a mass incident, or of work that is part of one.
        """
        refused: NotLinked | None = None
        if incident is not None:
            refused = self._open_as_part(cause, opening, self._meant(incident), None)
            if refused is None:
                return None
            refused = {"ticket_no": incident, **refused}
        for parent_no in self._matching(cause, opening):
            if self._open_as_part(cause, opening, parent_no, refused) is None:
                return None
        return opening(None, refused)

    def _open_as_part(
        self, cause: Cause, opening: Opening, parent_no: str, not_linked: NotLinked | None
    ) -> NotLinked | None:
        """None: it is stored. Else why it is no part of that: it is over by now, or was never a mass incident."""
        try:
            self._with_parent(
                parent_no, partial(self._open, cause, lambda parent: opening(parent, not_linked), parent_no)
            )
        except (NotFound, IllegalMove) as refusal:
            return {"rule": str(refusal.details.get("rule", UNKNOWN))}
        return None

    def _meant(self, ticket_no: str) -> str:
        """The mass incident that the ticket, or, if it is linked to one, its parent, may be."""
        order = self._orders.find(order_no_for(ticket_no))
        linked = order is not None and order.state is State.LINKED and order.parent is not None
        return str(order.parent) if order is not None and linked else order_no_for(ticket_no)

    def _matching(self, cause: Cause, opening: Opening) -> Iterator[str]:
        found = self._open_now.ask(None)
        if not found:
            return
        order, _ = opening(None, None)
        yield from _that_match(found, order, replayed=cause.starts_replay is not None)

    def _matching_change(self, order_no: str, decide: Decide) -> list[str]:
        """Those that match the work as it would be after the change, as far as can be told before it."""
        found = self._open_now.ask(None)
        if not found:
            return []
        try:
            order = self._orders.get(order_no)
            known, _ = decide(order, max(self._db.clock.now(), order.last_at or order.opened_at))
        except LoopdeskError:  # it is refused, or was done before: whoever makes the change sees to that
            return []
        return list(_that_match(found, known, replayed=order.replay_until is not None))

    def _linked(self, call: Call, order_no: str, parent_no: str, decide: Decide, reply: Reply) -> Answer:
        counted = _for_parent(call, order_no)
        return self._with_parent(
            parent_no,
            lambda: self._reseat(
                call, order_no, decide, reply, lambda tx: self._take_in(counted, parent_no, order_no, tx)
            ),
        )

    def _open(self, cause: Cause, opening: Callable[[Order], Decision], parent_no: str) -> None:
        def attempt(tx: Transaction) -> None:
            order, facts = opening(self._orders.get(parent_no, tx))
            self._orders.create(cause, order.order_no, order, facts, tx=tx)
            self._take_in(cause, parent_no, order.order_no, tx)

        try:
            self._db.transact(attempt)
        except AlreadyThere:
            return

    def _with_parent(self, parent_no: str, write: Callable[[], Answer | None]) -> Answer:
        """What `write` gives; again after time has been let do at the parent what moves agents' seats there."""
        with self._in_turn(parent_no):
            for _ in range(TRIES - 1):
                try:
                    return write()
                except NeedsSeats:
                    self._change(Cause.tick(self._db.clock.now()), parent_no, _as_it_is)
            return write()

    @contextmanager
    def _in_turn(self, parent_no: str) -> Iterator[None]:
        """Every link to a parent writes that parent: in one process one after the other, or most would abort."""
        mine = self._courtesy.hold(parent_no, wait=PATIENCE)
        try:
            yield
        finally:
            if mine:
                self._courtesy.let_go(parent_no)

    def _take_in(self, cause: Cause, parent_no: str, child_no: str, tx: Transaction) -> None:
        self._orders.change(
            cause,
            parent_no,
            lambda parent, at: incidents.take_in(parent, at, child_no),
            tx=tx,
            settle=needs_no_seats,
        )

    # what one tells the other

    def ended(self, event: Event) -> None:
        """A mass incident has ended: its children are resolved with it, or go their own way; then it is settled."""
        told, cause, parent_no = event.data, Cause.from_event(event), event.data["order_no"]

        def resolve(child: Order, at: datetime) -> Decision:
            return incidents.resolve_with(child, at, parent_no, told["solution"], told["language"])

        def leave(child: Order, at: datetime) -> Decision:
            return incidents.leave(child, at, parent_no, f"{parent_no} was withdrawn")

        self._tell_children(cause, parent_no, resolve if told["how"] == families.RESOLVED else leave)
        self._change(cause, parent_no, lambda parent, at: incidents.settled(parent, at, told["round"]))

    def eta_announced(self, event: Event) -> None:
        """Every child hears the ETA, unless another has been announced meanwhile: that has an event of its own."""
        told, parent_no = event.data, event.data["order_no"]
        if told["parent_no"] is not None:
            return  # a child has heard it

        def hear(child: Order, at: datetime) -> Decision:
            return incidents.hear_eta(child, at, parent_no, told["eta"], told["note"])

        self._tell_children(
            Cause.from_event(event), parent_no, hear, still=lambda: self._promises(parent_no, told["eta"], told["note"])
        )

    def urged(self, event: Event) -> None:
        """A child was urged: its parent is, too, once for each of them; no limit but the child's own."""
        told = event.data
        if told["parent_no"] is None:
            return

        def urge(parent: Order, at: datetime) -> Decision:
            return supervising.urge_passed_on(parent, at, by=told["by"], note=told["note"], child_no=told["order_no"])

        self._change(Cause.from_event(event), told["parent_no"], urge)

    def unlinked(self, event: Event) -> None:
        """The parent has one child less."""
        child_no = event.data["order_no"]
        self._change(
            Cause.from_event(event),
            event.data["parent_no"],
            lambda parent, at: incidents.let_go(parent, at, child_no),
        )

    def _tell_children(
        self, cause: Cause, parent_no: str, decide: Decide, still: Callable[[], bool] = lambda: True
    ) -> None:
        """Change every child that is linked now; those that fail do not keep the others waiting: `NotAllTold`."""
        failed: list[str] = []
        for child_no in self._children(parent_no):
            if not still():
                return
            try:
                self._change(cause, child_no, decide)
            except Exception as error:
                if is_outage(error) or isinstance(error, Unavailable):
                    raise
                log.exception("a child could not be told", extra={"parent": parent_no, "child": child_no})
                failed.append(child_no)
        if failed:
            raise NotAllTold(f"{parent_no}: {len(failed)} of what is linked to it, {failed[0]} first")

    # reading

    def open_ones(self, limit: int) -> Iterator[Mapping[str, Any]]:
        """Open mass incidents, the oldest first: `_id`, `mass`, `replay_until`; read by their index alone."""
        shown = {"mass": 1, "replay_until": 1}
        return self._orders.collection.find(
            {"mass_incident": {"$gt": ""}}, shown, sort=[("mass_incident", 1)], limit=limit, hint="of_mass_incident"
        )

    def _read_open(self, batch: Sequence[Asked[None, list[Mapping[str, Any]]]]) -> None:
        """What new work is compared with: one read for all that is opened at the same time."""
        found = list(self.open_ones(MOST))
        for one in batch:
            one.answer = found

    def _children(self, parent_no: str) -> Iterator[str]:
        """The work that is linked to it, the oldest first, in pages: what is linked meanwhile may be among it."""
        place = ""
        while True:
            wanted = {"parent": parent_no, "place": {"$gt": place}, "state": "linked"}
            page = list(
                self._orders.collection.find(wanted, {"place": 1}, sort=[("place", 1)], limit=PAGE, hint="of_parent")
            )
            yield from (doc["_id"] for doc in page)
            if len(page) < PAGE:
                return
            place = page[-1]["place"]

    def _promises(self, parent_no: str, eta: datetime | None, note: str | None) -> bool:
        doc = self._orders.collection.find_one({"_id": parent_no}, {"mass.eta": 1, "mass.eta_note": 1})
        return doc is not None and (doc["mass"]["eta"], doc["mass"]["eta_note"]) == (eta, note)


def _that_match(found: Iterable[Mapping[str, Any]], order: Order, *, replayed: bool) -> Iterator[str]:
    """The mass incidents of `open_ones` that take the work in; one in replay only what is in replay."""
    for doc in found:
        alike = (doc["replay_until"] is not None) == replayed
        match = doc["mass"]["match"]
        if alike and match is not None and doc["_id"] != order.order_no and incidents.matches(order, match):
            yield doc["_id"]


def _for_parent(call: Call, child_no: str) -> Cause:
    """What the parent of a link takes it for: the call, under a name of its own; the child keeps the answer."""
    return Cause(
        ref=f"link of {child_no}",
        key=f"{call.key}/parent",
        actor=call.actor,
        correlation_id=call.correlation_id,
        at=call.at,
    )


def _as_it_is(order: Order, at: datetime) -> Decision:
    return order, []
