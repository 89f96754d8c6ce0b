"""How a work order begins: a submitted ticket, or a withdrawal that was heard of before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.dispatch.domain.clocks.clock import Promise
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work import course, timing
from services.dispatch.domain.work.order import Books, Decision, Order, order_no_for
from services.dispatch.domain.work.telling import told

NOWHERE = Pin("", 0)


def open_work(ticket: Mapping[str, Any], at: datetime, reference: Reference, books: Books) -> Decision:
    """A submitted ticket becomes a work order of the team of its category, at the start of its flow.

    It keeps to this version of the reference data; `books` gives every version.
    """
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
    )
    order = _promised(order, at, reference)
    begun, facts = course.begin(order, at, order.course.start)
    opened = order if facts else begun
    due = {f"{name.value}_due": opened.clocks[name].due for name in (Promise.FIRST_RESPONSE, Promise.RESOLUTION)}
    pins = {"policy": str(opened.policy), "flow": str(opened.flow) if opened.flow else None}
    return begun, [told(None, opened, "work_opened", at, opened_at=at, **due, **pins), *facts]


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
