"""What intake answers. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.intake.domain.customer import Customer
from services.intake.domain.ticket import Ticket


def customer(state: Customer) -> dict[str, Any]:
    """A customer as callers see it."""
    return {
        "customer_id": state.customer_id,
        "name": state.name,
        "tier": state.tier,
        "language": state.language,
        "phone": state.phone,
        "email": state.email,
        "preferred_channels": list(state.preferred_channels),
        "version": state.version,
    }


def saved_customer(state: Customer) -> dict[str, Any]:
    """The answer to a change: kept for 30 days, so without the person's data."""
    return {"customer_id": state.customer_id, "version": state.version}


def receipt(state: Ticket) -> dict[str, Any]:
    """The answer to a command on a ticket."""
    return {
        "ticket_no": state.ticket_no,
        "customer_id": state.customer_id,
        "status": state.status,
        "priority": state.priority,
        "created_at": state.created_at,
        "version": state.version,
    }


def summary(state: Ticket) -> dict[str, Any]:
    """A ticket in a list."""
    return {
        **receipt(state),
        "channel": state.channel,
        "type": state.type,
        "category": state.category,
        "impact": state.impact,
        "urgency": state.urgency,
        "subject": state.subject,
        "occurred_at": state.occurred_at,
        "order_no": state.order_no,
    }


def ticket(state: Ticket, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A ticket in full; its history in order of time, late news at their own time and in their work's own order."""
    told = sorted(history, key=lambda entry: (entry["at"], entry["data"].get("number", 0), entry["number"]))
    return {**summary(state), "text": state.text, "replay_until": state.replay_until, "history": told}
