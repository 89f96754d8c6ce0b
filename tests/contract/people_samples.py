"""Dispatch's decisions about people, one of every kind: (work order or shift log, facts) as its own rules make them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.domain.people import shift_log
from services.dispatch.domain.people.stand_ins import HandOver, Register
from services.dispatch.domain.work import incidents, offering, supervising
from services.dispatch.domain.work.facets import Declined, MassIncident
from services.dispatch.domain.work.standing_in import follow_stand_ins
from shared.events import Fact
from tests.unit.dispatch import builders as build

AT = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)
LATER = AT + timedelta(hours=2)
Decision = tuple[Any, Sequence[Fact]]
TRIAGE = {"team": "experts", "when": "sensitive || confidence < 0.6"}


def decisions() -> Iterator[Decision]:
    """Of work: who is offered it, who stands in, what it turns out to be, what it is part of, who pushes it."""
    yield from _offered()
    yield from _handed_over()
    yield from _triaged()
    yield from _of_mass_incidents()
    yield from _supervised()


def shift_logs() -> Iterator[Decision]:
    """Of what a shift leaves to the next one, and to nobody."""
    change = shift_log.Change(shifts=("early",), on=("ann",), next_shifts=("late",), next_at=AT)
    for left in (change, shift_log.Change(shifts=("early",))):
        yield shift_log.write(shift_log.a_log("it", AT), AT, left, {"open": 3, "near": 1, "missed": 0, "queued": 3}, [])


def _offered() -> Iterator[Decision]:
    order = build.an_order()
    offered = order.with_visit(replace(order.visits[0], accept_by=AT, offers=1))
    yield offering.lapsed(offered, AT)
    yield offering.decline(order, AT, reason="I know the customer")
    waiting = build.an_order(agent=None)
    for cause in ("shift, presence", "nobody serves it"):
        yield domain.stranded(waiting, AT, 1, cause, known=False)


def _handed_over() -> Iterator[Decision]:
    away = {"id": "H-1", "agent": "a1", "to": "a2", "since": AT, "until": LATER, "reason": "on leave", "by": "head"}
    register = Register(hand_overs=(HandOver(**away),))
    work = follow_stand_ins(build.an_order(), AT, register)
    yield work
    yield follow_stand_ins(work[0], LATER, register)
    declined = Declined(agent="a2", visit=1, at=AT, reason="too much")
    yield follow_stand_ins(replace(build.an_order(), declined=(declined,)), AT, register)


def _triaged() -> Iterator[Decision]:
    book = build.reference(assignment={"triage": TRIAGE})
    unsure, _ = build.opened(build.a_ticket(confidence=0.3), AT, book)
    what = {"type": "complaint", "category": "network", "priority": "P2"}
    yield domain.triage_work(unsure, AT, **what, reasons="They complain of the last repair")


def _of_mass_incidents() -> Iterator[Decision]:
    parent = build.an_order(ticket_no="T-1")
    for match, eta in (('category == "network"', LATER), (None, None)):
        yield incidents.declare(parent, AT, eta=eta, match=match, reason="A cable is cut")
    mass, _ = incidents.declare(parent, AT, eta=LATER, match=None, reason="A cable is cut")
    told = incidents.announce(mass, AT, eta=LATER + timedelta(hours=1), note="It takes longer")
    yield told
    yield incidents.announce(told[0], AT, eta=None, note=None)
    for one in (parent, mass):
        child = incidents.link(build.an_order(), AT, replace(one, mass=one.mass or MassIncident()), "same cable")
        yield child
        yield incidents.hear_eta(child[0], AT, "W-1", LATER, None)
        yield incidents.unlink(child[0], AT, "another cable")
        yield incidents.resolve_with(child[0], AT, "W-1", "The cable is mended", None)
    many, _ = incidents.take_in(mass, AT, "W-2")
    yield domain.resolve(many, AT, "The cable is mended", "en")
    yield domain.withdraw(many, AT, "nothing was cut")


def _supervised() -> Iterator[Decision]:
    for order in (build.an_order(), build.an_order(agent=None)):
        urged = supervising.urge(order, AT, by="customer", note="Still nothing")
        yield urged
        yield supervising.urge(urged[0], AT, by="supervisor")
        yield supervising.urge_passed_on(order, AT, by="customer", child_no="W-2")
        yield supervising.intervene(order, AT, reason="It goes in circles", instruction="Call the customer today")
    book = build.reference(supervision={"hold_limits": {"other": "1d"}})
    waiting, _ = domain.hold(build.an_order(book=book), AT, "other")
    yield domain.advance(waiting, AT + timedelta(days=2))
    climbing = build.reference(build.with_updates(escalations=build.CLIMBING))
    late, _ = domain.advance(build.an_order(book=climbing), AT + timedelta(days=2))
    withdrawn, _ = domain.withdraw(late, AT + timedelta(days=2), "not needed any more")
    yield domain.deescalated(withdrawn, AT + timedelta(days=2))
