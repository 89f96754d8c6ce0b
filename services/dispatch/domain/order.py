"""The work order: the organisation's handling of one ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.dispatch.domain.deadlines import Clock, Deadline, start
from services.dispatch.domain.reference import Reference
from services.dispatch.domain.states import State
from shared.events import Aggregate, Fact


@dataclass(frozen=True, kw_only=True)
class Order(Aggregate):
    """One work order. `agent` is who has it, or who had it last once it is resolved, closed or withdrawn."""

    order_no: str
    ticket_no: str
    customer_id: str
    type: str
    category: str
    priority: str
    subject: str
    team: str
    supervisor: str | None
    opened_at: datetime
    first_response: Deadline
    resolution: Deadline
    agent: str | None = None
    state: State = State.QUEUED
    round: int = 0
    held_since: datetime | None = None
    held_from: State | None = None
    hold_reason: str | None = None
    escalation: int = 0
    supervised: bool = False
    solution: str | None = None
    language: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None

    def with_deadline(self, deadline: Deadline) -> Order:
        """The same work with that clock in place of its own."""
        if deadline.clock is Clock.FIRST_RESPONSE:
            return replace(self, first_response=deadline)
        return replace(self, resolution=deadline)

    def fact(self, type: str, at: datetime, **data: Any) -> Fact:
        """What happened, with who had the work then: later facts of the same write may change that."""
        return Fact(type, at, {"team": self.team, "agent": self.agent, "round": self.round, **data})


Decision = tuple[Order, list[Fact]]


def order_no_for(ticket_no: str) -> str:
    """`W-100001` for `T-100001`: a ticket has one work order, so one number names both."""
    return "W-" + ticket_no.removeprefix("T-")


def open_work(ticket: Mapping[str, Any], at: datetime, reference: Reference) -> Decision:
    """A submitted ticket becomes a work order, queued with the team of its category; both clocks start at `at`."""
    team = reference.team_for(ticket["category"])
    priority = ticket["priority"]
    order = Order(
        order_no=order_no_for(ticket["ticket_no"]),
        ticket_no=ticket["ticket_no"],
        customer_id=ticket["customer_id"],
        type=ticket["type"],
        category=ticket["category"],
        priority=priority,
        subject=ticket["subject"],
        team=team.code,
        supervisor=team.supervisor,
        opened_at=at,
        first_response=start(Clock.FIRST_RESPONSE, at, reference.target(priority, Clock.FIRST_RESPONSE)),
        resolution=start(Clock.RESOLUTION, at, reference.target(priority, Clock.RESOLUTION)),
    )
    opened = order.fact(
        "work_opened",
        at,
        opened_at=at,
        first_response_due=order.first_response.due,
        resolution_due=order.resolution.due,
    )
    return order, [opened]


def tombstone(ticket_no: str) -> Order:
    """The work order of a ticket that was withdrawn before it was heard of; `bury` completes it."""
    never = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return Order(
        order_no=order_no_for(ticket_no),
        ticket_no=ticket_no,
        customer_id="",
        type="",
        category="",
        priority="",
        subject="",
        team="",
        supervisor=None,
        opened_at=never,
        first_response=Deadline(clock=Clock.FIRST_RESPONSE, due=never),
        resolution=Deadline(clock=Clock.RESOLUTION, due=never),
    )


def bury(order: Order, at: datetime, reason: str) -> Decision:
    """The tombstone is set: work that will never be begun."""
    order = replace(order, state=State.WITHDRAWN, opened_at=at, ended_at=at)
    return order, [order.fact("work_withdrawn_unopened", at, reason=reason)]
