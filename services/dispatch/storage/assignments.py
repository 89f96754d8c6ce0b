"""One document for every time somebody had an open step: why it was that agent, and what came of it (ADR 62).

Written in the transaction that changes the work and the seats, so that the three always agree; here is what a change of
the work does to them. Pure, but for `Assignments`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.domain import Order, Rule, claimed
from services.dispatch.domain.work.order import Seat
from services.dispatch.domain.work.visit import Visit
from services.dispatch.storage.choosing import Given
from shared.errors import NotFound
from shared.events import Fact
from shared.mongo import Database, Document, Transaction

#: Fact -> what came of the assignment that it ends; of the step that the fact names, or of all that end with it.
OUTCOMES = {
    "step_completed": "completed",
    "step_skipped": "skipped",
    "work_transferred": "transferred",
    "work_declined": "declined",
    "work_lapsed": "lapsed",
    "work_rerouted": "rerouted",
    "work_handed_over": "handed_over",
    "work_triaged": "triaged",
    "work_linked": "linked",
    "work_resolved": "resolved",
    "work_withdrawn": "withdrawn",
}
#: Outcomes by which the agent has done a step of that category.
DONE = ("completed", "resolved", "triaged")
#: Facts of which the assignments of a work order that somebody has keep something.
NOTED = frozenset({"work_accepted", "deadline_missed", "work_resumed"})

Update = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class End:
    """How an assignment ended."""

    outcome: str
    at: datetime


def ended(order: Order) -> dict[int, Seat]:
    """Visit -> the seat that somebody had when the work was loaded, and has no more."""
    kept = _given(claimed(order))
    return {visit: seat for visit, seat in order.seated.items() if kept.get(visit) != seat.assignment}


def begun(order: Order) -> list[Visit]:
    """The steps of which somebody has a seat, and had not when the work was loaded."""
    had = _given(order.seated)
    fresh = {visit for visit, seat in claimed(order).items() if had.get(visit) != seat.assignment}
    return [visit for visit in order.visits if visit.number in fresh]


def reweighed(order: Order) -> list[tuple[Seat, Seat]]:
    """The seats that somebody goes on having by the same assignment, but of other units or kind: before, now."""
    now = claimed(order)
    kept = order.seated.keys() - ended(order).keys()
    return [(order.seated[visit], now[visit]) for visit in sorted(kept) if order.seated[visit] != now[visit]]


def _given(seats: Mapping[int, Seat]) -> dict[int, int]:
    return {visit: seat.assignment for visit, seat in seats.items()}


def concerns_assignments(order: Order, happened: Sequence[Fact]) -> bool:
    """Whether a change, whatever it does to seats, is one that assignments keep something of."""
    return bool(order.seated) and any(fact.type in NOTED for fact in happened)


def end_of(visit: int, happened: Sequence[Fact], at: datetime) -> End:
    """What ended that visit's assignment: the first fact about the visit that does, else about the whole work."""
    ending = [fact for fact in happened if fact.type in OUTCOMES]
    own = [fact for fact in ending if fact.data.get("visit") == visit]
    fact = next(iter([*own, *(fact for fact in ending if fact.data.get("visit") is None)]), None)
    return End("given_up", at) if fact is None else End(_outcome(fact), fact.at)


def _outcome(fact: Fact) -> str:
    if fact.type == "work_transferred" and fact.data.get("by") == "supervisor":
        return "reassigned"
    if fact.type == "work_handed_over" and fact.data.get("why") == "returned":
        return "returned"
    return OUTCOMES[fact.type]


class Assignments:
    """The collection `dispatch_assignments`; `_id` is "<order number>/<assignment number>"."""

    def __init__(self, db: Database) -> None:
        self.collection = db.collection("dispatch_assignments")

    def get(self, order_no: str, number: int | None = None) -> Document:
        """That assignment of the work, by default its newest one; `NotFound`."""
        wanted = {"order_no": order_no} | ({"number": number} if number is not None else {})
        found: Document | None = self.collection.find_one(wanted, sort=[("number", -1)])
        if found is None:
            raise NotFound("assignment", order_no if number is None else f"{order_no}/{number}")
        return found

    def write(
        self, order: Order, at: datetime, happened: Sequence[Fact], given: Mapping[int, Given], tx: Transaction
    ) -> None:
        """What the change has ended, begun, and made of what goes on. `given`: visit -> how."""
        for key, update in updates(order, at, happened):
            self.collection.update_one({"_id": key}, update, session=tx.session)
        for visit in begun(order):
            fresh = document(order, visit, at, happened, given[visit.number])
            self.collection.insert_one(fresh, session=tx.session)


def document(order: Order, visit: Visit, at: datetime, happened: Sequence[Fact], given: Given) -> Document:
    """An assignment as it begins."""
    return {
        "_id": _key(order, visit.assignment),
        "order_no": order.order_no,
        "number": visit.assignment,
        "visit": visit.number,
        "step": visit.step if order.flow else None,
        "agent": visit.agent,
        "principal": visit.principal,
        "team": visit.need.team,
        "shift": given.shift,
        "type": order.type,
        "category": order.category,
        "priority": order.priority,
        "tier": order.tier,
        "units": visit.units,
        "rule": given.rule,
        "came": _came(visit, happened, given),
        "assigned_at": at,
        "accept_by": visit.accept_by,
        "accepted_at": None,
        "ended_at": None,
        "outcome": None,
        "missed": 0,
        "held_seconds": 0.0,
        "handling_seconds": None,
        "record": given.record,
        "digest": given.digest,
    }


def updates(order: Order, at: datetime, happened: Sequence[Fact]) -> Iterator[Update]:
    """What the change makes of the assignments that there were when the work was loaded: (`_id`, update)."""
    for fact in happened:
        for seat in _noting(order, fact):
            yield _key(order, seat.assignment), _note(order, fact)
    for _, seat in reweighed(order):
        yield _key(order, seat.assignment), {"$set": {"units": seat.units}}
    for visit, seat in ended(order).items():
        yield _key(order, seat.assignment), _end(order, end_of(visit, happened, at))


def _came(visit: Visit, happened: Sequence[Fact], given: Given) -> str:
    """How the agent came by it; without a choice it was by a hand-over."""
    if given.record is None:
        return "handed_over"
    if given.rule == Rule.PULLED:
        return "pulled"
    return "reopened" if any(fact.type == "work_reopened" for fact in happened) else visit.came


def _noting(order: Order, fact: Fact) -> list[Seat]:
    """The assignments that keep something of the fact."""
    if fact.type == "work_accepted":
        return [seat for visit, seat in order.seated.items() if visit == fact.data["visit"]]
    if fact.type == "deadline_missed":
        only = fact.data["visit"]
        return [
            seat for visit, seat in order.seated.items() if seat.agent in fact.data["owners"] and only in (None, visit)
        ]
    return list(order.seated.values()) if fact.type == "work_resumed" else []


def _note(order: Order, fact: Fact) -> Any:
    if fact.type == "work_accepted":
        return {"$set": {"accepted_at": fact.at, "held_seconds": 0.0}}  # what it stood still before does not count
    if fact.type == "deadline_missed":
        return {"$inc": {"missed": 1}}
    return [{"$set": {"held_seconds": {"$add": ["$held_seconds", _held(order, fact.at)]}}}]


def _end(order: Order, end: End) -> Any:
    """Handled is from when it was accepted, else assigned, less the holds in between."""
    holds = {"$add": ["$held_seconds", _held(order, end.at)]}
    handled = {"$subtract": [_seconds({"$subtract": [end.at, _BEGAN]}), holds]}
    said = {"ended_at": end.at, "outcome": end.outcome, "handling_seconds": {"$max": [0, handled]}}
    return [{"$set": said}]


_BEGAN = {"$ifNull": ["$accepted_at", "$assigned_at"]}


def _held(order: Order, until: datetime) -> Any:
    """The seconds for which the work was held when it was loaded, up to then, since the assignment was begun."""
    if order.was_held_since is None:
        return 0
    return _seconds({"$max": [0, {"$subtract": [until, {"$max": [_BEGAN, order.was_held_since]}]}]})


def _seconds(milliseconds: Any) -> Any:
    return {"$divide": [milliseconds, 1000]}


def _key(order: Order, number: int) -> str:
    return f"{order.order_no}/{number}"
