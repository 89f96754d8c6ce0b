"""Tickets: the customer's matter, from first contact to closure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.intake import errors
from services.intake.domain.customer import Submitter
from services.intake.domain.triage import Triage
from shared.events import Aggregate, Fact

SUBMITTED, ASSIGNED, ON_HOLD, RESOLVED = "submitted", "assigned", "on_hold", "resolved"
REOPENED, CLOSED, WITHDRAWN = "reopened", "closed", "withdrawn"
STATUSES = (SUBMITTED, ASSIGNED, ON_HOLD, RESOLVED, REOPENED, CLOSED, WITHDRAWN)

#: What the customer may do, and from which status; nobody may do more.
MOVES = {"withdraw": {SUBMITTED, ASSIGNED, ON_HOLD, REOPENED}}

#: What a caller may know of a contact beside what it has to say.
KNOWN_BESIDE = ("confidence", "sensitive", "wanted_agent", "complained_of", "incident")

#: Nobody works on these any more.
OVER = {RESOLVED, CLOSED, WITHDRAWN}

#: The clocks of calling systems are not ours to the second.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Ticket(Aggregate):
    """`created_at` is when it counts as submitted, `occurred_at` when the customer spoke.

    `reference` is the caller's own number of the matter, empty if it has none; several tickets may have the same.
    What the caller knows beside: `confidence` in type and category (0 to 1), whether it is `sensitive`, whom the
    customer wants (`wanted_agent`), whom it complains of, the ticket of the mass incident (`incident`) it is part of.
    `urged_at` is when its customer urged it last. `order_no` is dispatch's work order. `order_number` and
    `priority_number` are the numbers of its facts that gave the status and the priority; 0 before the first. `steps`
    are those of its flow that it came to, one entry for each. `eta` is when a mass incident that it is part of will
    be over, as far as dispatch has told. In the same way `eta_number`, `kind_number` (type and category) and
    `linked_number` (it became part of one) are numbers of facts.
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
    reference: str = ""
    confidence: float | None = None
    sensitive: bool = False
    wanted_agent: str | None = None
    complained_of: str | None = None
    incident: str | None = None
    urged_at: datetime | None = None
    status: str = SUBMITTED
    order_no: str | None = None
    order_number: int = 0
    priority_number: int = 0
    steps: tuple[Step, ...] = ()
    kind_number: int = 0
    linked_number: int = 0
    eta: datetime | None = None
    eta_note: str | None = None
    eta_number: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that the work came to, when it last did; `name` by language.

    A flow has a step open once at most at a time, so its newest news, by the `number` of the fact, say how it stands.
    """

    code: str
    name: Mapping[str, str]
    since: datetime
    number: int
    open: bool = True


def submit(
    ticket_no: str, who: Submitter, contact: Mapping[str, Any], triage: Triage, at: datetime
) -> tuple[Ticket, list[Fact]]:
    """A new ticket; `contact` has channel, subject, text, type, category, impact, urgency, and maybe occurred_at,
    reference and what the caller knows beside.

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
        customer_id=who.customer_id,
        priority=priority,
        created_at=at,
        **{**contact, "occurred_at": occurred_at},
    )
    why = {name: contact[name] for name in ("channel", "type", "category", "impact", "urgency")}
    why |= {name: contact[name] for name in KNOWN_BESIDE if name in contact}
    entry = {
        "status": SUBMITTED,
        **why,
        "tier": who.tier,
        "language": who.language,
        "reference": ticket.reference,
        "priority": priority,
        "triage_version": triage.version,
    }
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


def urge(ticket: Ticket, note: str | None, triage: Triage, at: datetime) -> tuple[Ticket, list[Fact]]:
    """The customer asks for it to be done at last, once in `triage.urge_every`; how often, dispatch counts.

    Raises NothingToUrge, and TooSoon, which says when again.
    """
    if ticket.status in OVER:
        raise errors.NothingToUrge(ticket.ticket_no, ticket.status)
    if ticket.urged_at is not None and at < ticket.urged_at + triage.urge_every:
        raise errors.TooSoon(ticket.ticket_no, ticket.urged_at + triage.urge_every)
    return replace(ticket, urged_at=at), [Fact("ticket_urged", at, {"note": note})]


def end_replay(ticket: Ticket, at: datetime) -> tuple[Ticket, list[Fact]]:
    """The ticket goes live: its times are the clock's from now on. Raises NotInReplay."""
    if ticket.replay_until is None:
        raise errors.NotInReplay(ticket.ticket_no)
    return replace(ticket, replay_until=None), [Fact("ticket_replay_ended", at, {})]


def current_step(ticket: Ticket) -> Step | None:
    """Where its work is: of the steps that are open side by side, the one that began last.

    Before the next step is heard of, the last one still counts. None when nobody works on it any more, its work knows
    no steps, or it is done with a mass incident: that gives up the steps that it was at.
    """
    if ticket.status in OVER:
        return None
    steps = (step for step in ticket.steps if step.number > ticket.linked_number)
    return max(steps, key=lambda step: (step.open, step.number), default=None)
