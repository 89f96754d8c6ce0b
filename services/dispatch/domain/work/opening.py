"""How a work order begins: a submitted ticket, or a withdrawal that was heard of before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.dispatch.domain.clocks.clock import Promise
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work import course, timing, triage
from services.dispatch.domain.work.facets import Asked
from services.dispatch.domain.work.incidents import link
from services.dispatch.domain.work.order import Books, Decision, Order, order_no_for
from services.dispatch.domain.work.telling import told
from shared.events import Fact
from shared.values import replace

NOWHERE = Pin("", 0)
PART_OF_IT = "part of it from the beginning"


def open_work(
    ticket: Mapping[str, Any], at: datetime, reference: Reference, books: Books, parent: Order | None = None
) -> Decision:
    """A submitted ticket becomes a work order of the team of its category, at the start of its flow.

    What triage catches goes to experts first. `parent`: a mass incident that it is part of; then no step of it begins
    (refused as `incidents.link` does). It keeps to this version of the reference data; `books` gives every version.
    """
    order = _new(ticket, at, reference, books)
    if parent is not None:
        linked, facts = link(order, at, parent, PART_OF_IT)
        return linked, [_opened(order, at, ticket), *facts]
    begun, facts = course.begin(order, at, order.course.start)
    return begun, [_opened(order if facts else begun, at, ticket), *facts]


def _opened(order: Order, at: datetime, ticket: Mapping[str, Any]) -> Fact:
    """What the ticket says in vain: of agents whom nobody knows (`about.checked`), of what is no open mass incident."""
    in_vain = {name: ticket[name] for name in ("unknown_agents", "not_linked") if ticket.get(name)}
    due = {f"{name.value}_due": order.clocks[name].due for name in (Promise.FIRST_RESPONSE, Promise.RESOLUTION)}
    pins = {"policy": str(order.policy), "flow": str(order.flow) if order.flow else None}
    return told(None, order, "work_opened", at, opened_at=at, **due, **pins, **in_vain)


def _new(ticket: Mapping[str, Any], at: datetime, reference: Reference, books: Books) -> Order:
    """The work under its promises, before any step of it is open."""
    team = reference.team_for(ticket["category"])
    order = Order(
        order_no=order_no_for(ticket["ticket_no"]),
        ticket_no=ticket["ticket_no"],
        customer_id=ticket["customer_id"],
        type=ticket["type"],
        category=ticket["category"],
        priority=ticket["priority"],
        subject=ticket["subject"],
        channel=ticket["channel"],
        tier=ticket["tier"],
        reference=ticket["reference"],
        own_team=team.code,
        team=team.code,
        supervisor=team.supervisor,
        duty_manager=team.duty_manager,
        opened_at=at,
        policy=NOWHERE,
        books=books,
        asked=_asked(ticket),
    )
    return triage.caught(_promised(order, at, reference), reference)


def _asked(ticket: Mapping[str, Any]) -> Asked:
    """What the ticket says of who should, and must not, have it; tickets of other logs say nothing."""
    return Asked(
        agent=ticket.get("wanted_agent"),
        subject=ticket.get("complained_of"),
        language=ticket.get("language") or "",
        confidence=ticket.get("confidence"),
        sensitive=bool(ticket.get("sensitive")),
    )


def _promised(order: Order, at: datetime, reference: Reference) -> Order:
    """The work under the policy and the flow that fit it, with what is promised from the beginning."""
    flow = reference.flow_for(order.matter)
    order = replace(
        order,
        policy=reference.policy_for(order.matter).pin,
        flow=Pin(flow.code, flow.version) if flow else None,
    )
    for promise in (Promise.FIRST_RESPONSE, Promise.RESOLUTION):
        order = timing.begun_promise(order, promise, at)
    return order


def tombstone(ticket_no: str) -> Order:
    """The work order of a ticket that was withdrawn before it was heard of; `withdraw` completes it."""
    return Order(
        order_no=order_no_for(ticket_no),
        ticket_no=ticket_no,
        customer_id="",
        type="",
        category="",
        priority="",
        subject="",
        own_team="",
        team="",
        opened_at=datetime(1970, 1, 1, tzinfo=UTC),
        policy=NOWHERE,
    )
