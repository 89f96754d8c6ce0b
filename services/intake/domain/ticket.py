"""Tickets: the customer's matter, from first contact to closure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.intake import errors
from services.intake.domain.triage import Triage
from shared.events import Aggregate, Fact

SUBMITTED, ASSIGNED, ON_HOLD, RESOLVED = "submitted", "assigned", "on_hold", "resolved"
REOPENED, CLOSED, WITHDRAWN = "reopened", "closed", "withdrawn"
STATUSES = (SUBMITTED, ASSIGNED, ON_HOLD, RESOLVED, REOPENED, CLOSED, WITHDRAWN)

#: What the customer may do, and from which status; nobody may do more.
MOVES = {"withdraw": {SUBMITTED, ASSIGNED, ON_HOLD, REOPENED}}

#: The clocks of calling systems are not ours to the second.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Ticket(Aggregate):
    """`created_at` is when it counts as submitted, `occurred_at` when the customer spoke.

    `order_no` is dispatch's work order and `order_number` its newest fact seen here, 0 before the first.
    """

    ticket_no: str
    customer_id: str
    channel: str
    type: str
    category: str
    impact: str
    urgency: str
    priority: str
    subject: str
    text: str
    occurred_at: datetime
    created_at: datetime
    status: str = SUBMITTED
    order_no: str | None = None
    order_number: int = 0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What dispatch told of a ticket's work: fact `number` of order `order_no`, at its own time.

    `details` are for the customer's eyes: a solution, a reason, an outcome.
    """

    order_no: str
    number: int
    status: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


def submit(
    ticket_no: str, customer_id: str, contact: Mapping[str, Any], triage: Triage, at: datetime
) -> tuple[Ticket, list[Fact]]:
    """A new ticket; `contact` has channel, subject, text, type, category, impact, urgency, and maybe occurred_at.

    Raises UnknownCategory, NotHappenedYet.
    """
    if contact["category"] not in triage.categories:
        raise errors.UnknownCategory(contact["category"])
    occurred_at = contact.get("occurred_at") or at
    if occurred_at > at + CLOCK_SKEW:
        raise errors.NotHappenedYet
    priority = triage.priority(contact["impact"], contact["urgency"])
    ticket = Ticket(
        ticket_no=ticket_no,
        customer_id=customer_id,
        priority=priority,
        created_at=at,
        **{**contact, "occurred_at": occurred_at},
    )
    why = {name: contact[name] for name in ("channel", "type", "category", "impact", "urgency")}
    entry = {"status": SUBMITTED, **why, "priority": priority, "triage_version": triage.version}
    return ticket, [Fact("ticket_submitted", at, entry)]


def add_note(ticket: Ticket, text: str, at: datetime) -> tuple[Ticket, list[Fact]]:
    """The customer, or somebody for the customer, has more to say; welcome in every status."""
    return ticket, [Fact("note_added", at, {"text": text})]


def withdraw(ticket: Ticket, reason: str, at: datetime) -> tuple[Ticket, list[Fact]]:
    """The customer wants no more of it. Raises NotWithdrawable."""
    if ticket.status not in MOVES["withdraw"]:
        raise errors.NotWithdrawable(ticket.ticket_no, ticket.status)
    fact = Fact("ticket_withdrawn", at, {"status": WITHDRAWN, "reason": reason})
    return replace(ticket, status=WITHDRAWN), [fact]


def when_assigned(held: bool) -> str:
    """The status of work that has an agent: on hold it stays on hold."""
    return ON_HOLD if held else ASSIGNED


def when_resumed(agent: str | None, round: int) -> str:
    """The status of work whose clock runs again: with its agent, or waiting for one as before."""
    if agent is not None:
        return ASSIGNED
    return REOPENED if round else SUBMITTED


def follow(ticket: Ticket, progress: Progress) -> tuple[Ticket, list[Fact]]:
    """The ticket after what dispatch told: the newest number gives the status, every one its history entry.

    So the status and the entries are the same in whatever order the news arrive. Withdrawn is the customer's word and
    stays. Raises OtherWorkOrder.
    """
    if ticket.order_no not in (None, progress.order_no):
        raise errors.OtherWorkOrder(ticket.ticket_no, progress.order_no)
    known = ticket.status == WITHDRAWN == progress.status
    entry = {"status": progress.status, **progress.details, "order_no": progress.order_no, "number": progress.number}
    facts = [] if known else [Fact("status_changed", progress.at, entry)]
    newest = max(ticket.order_number, progress.number)
    ticket = replace(ticket, order_no=progress.order_no, order_number=newest, status=_status(ticket, progress))
    return ticket, facts


def _status(ticket: Ticket, progress: Progress) -> str:
    stays = ticket.status == WITHDRAWN or progress.number <= ticket.order_number
    return ticket.status if stays else progress.status


def end_replay(ticket: Ticket, at: datetime) -> tuple[Ticket, list[Fact]]:
    """The ticket goes live: its times are the clock's from now on. Raises NotInReplay."""
    if ticket.replay_until is None:
        raise errors.NotInReplay(ticket.ticket_no)
    return replace(ticket, replay_until=None), [Fact("ticket_replay_ended", at, {})]


def of_customer(ticket: Ticket, customer_id: str) -> Ticket:
    """The same new ticket, of that customer."""
    return replace(ticket, customer_id=customer_id)
