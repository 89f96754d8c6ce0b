"""The events that intake publishes (docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.intake.domain.customer import Customer
from services.intake.domain.inbound import StatusQuestion
from services.intake.domain.ticket import Ticket
from shared.events import Fact


def customer_saved(customer: Customer, _: Fact) -> dict[str, Any]:
    """Who the customer is now."""
    return {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "tier": customer.tier,
        "language": customer.language,
        "phone": customer.phone,
        "email": customer.email,
        "preferred_channels": list(customer.preferred_channels),
        "area": customer.area,
        "household": customer.household,
        "time_zone": customer.time_zone,
        "dates": dict(customer.dates),
    }


def ticket_submitted(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """What dispatch needs to open the work."""
    return {
        "ticket_no": ticket.ticket_no,
        "customer_id": ticket.customer_id,
        "tier": fact.data["tier"],
        "reference": ticket.reference,
        "channel": ticket.channel,
        "type": ticket.type,
        "category": ticket.category,
        "impact": ticket.impact,
        "urgency": ticket.urgency,
        "priority": ticket.priority,
        "subject": ticket.subject,
        "occurred_at": ticket.occurred_at,
        "language": fact.data["language"],
        "confidence": ticket.confidence,
        "sensitive": ticket.sensitive,
        "wanted_agent": ticket.wanted_agent,
        "complained_of": ticket.complained_of,
        "incident": ticket.incident,
    }


def ticket_withdrawn(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """That the customer wants no more of it, and why."""
    return {"ticket_no": ticket.ticket_no, "reason": fact.data["reason"]}


def ticket_urged(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """That the customer asks for it to be done, and what it said."""
    return {"ticket_no": ticket.ticket_no, "note": fact.data["note"]}


def ticket_replay_ended(ticket: Ticket, _: Fact) -> dict[str, Any]:
    """That the ticket's work and cases go live."""
    return {"ticket_no": ticket.ticket_no}


def contact_taken(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """That a message became this ticket, for whoever wrote; `follows`: the ticket that it goes on from."""
    return {
        "ticket_no": ticket.ticket_no,
        "customer_id": ticket.customer_id,
        "channel": ticket.channel,
        "subject": ticket.subject,
        "follows": fact.data["follows"],
        "reply_id": fact.data["reply_id"],
    }


def customer_replied(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """That the customer has more to say."""
    return {"ticket_no": ticket.ticket_no, **{name: fact.data[name] for name in ("channel", "text", "reply_id")}}


def reply_settled(ticket: Ticket, fact: Fact) -> dict[str, Any]:
    """That a message is taken care of, by this ticket."""
    return {"ticket_no": ticket.ticket_no, **{name: fact.data[name] for name in ("reply_id", "taken", "why")}}


def question_settled(question: StatusQuestion, fact: Fact) -> dict[str, Any]:
    """That a question for a status was answered."""
    return {"ticket_no": None, **{name: fact.data[name] for name in ("reply_id", "taken", "why")}}


def ticket_status_told(question: StatusQuestion, _: Fact) -> dict[str, Any]:
    """How a ticket stands, for whoever asked; not `known`: nothing more is said of it."""
    names = ("reply_id", "ticket_no", "channel", "address", "language", "known", "status", "step_name", "eta")
    return {name: getattr(question, name) for name in names}


CUSTOMER_EVENTS: dict[str, Callable[[Customer, Fact], dict[str, Any]]] = {"customer_saved": customer_saved}
TICKET_EVENTS: dict[str, Callable[[Ticket, Fact], dict[str, Any]]] = {
    "ticket_submitted": ticket_submitted,
    "ticket_withdrawn": ticket_withdrawn,
    "ticket_urged": ticket_urged,
    "ticket_replay_ended": ticket_replay_ended,
    "contact_taken": contact_taken,
    "customer_replied": customer_replied,
    "reply_settled": reply_settled,
}
QUESTION_EVENTS: dict[str, Callable[[StatusQuestion, Fact], dict[str, Any]]] = {
    "ticket_status_told": ticket_status_told,
    "reply_settled": question_settled,
}
