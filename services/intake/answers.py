"""What intake answers. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.intake.domain.customer import Customer
from services.intake.domain.ticket import KNOWN_BESIDE, Step, Ticket, current_step

_OF_EVERY_STATUS = {"status", "order_no", "number"}


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
        "area": state.area,
        "household": state.household,
        "time_zone": state.time_zone,
        "dates": dict(state.dates),
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
        "reference": state.reference,
        "occurred_at": state.occurred_at,
        "order_no": state.order_no,
    }


def ticket(state: Ticket, history: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    """A ticket in full, with names in `language`.

    Its history is in order of time, late news at their own time and in their work's own order; without the news that
    left its status as it was and say nothing else. Which those are shows only here, when the late ones are in place.
    """
    told = _worth_reading(
        sorted(history, key=lambda entry: (entry["at"], entry["data"].get("number", 0), entry["number"]))
    )
    return {
        **summary(state),
        "text": state.text,
        **{name: getattr(state, name) for name in KNOWN_BESIDE},
        "progress": _progress(current_step(state), language),
        "eta": state.eta,
        "eta_note": state.eta_note,
        "replay_until": state.replay_until,
        "history": [{**entry, "data": _named(entry["data"], language)} for entry in told],
    }


def _worth_reading(told: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    status = None
    for entry in told:
        now = entry["data"].get("status", status)
        if entry["type"] != "status_changed" or now != status or entry["data"].keys() - _OF_EVERY_STATUS:
            yield entry
        status = now


def _progress(step: Step | None, language: str) -> dict[str, Any] | None:
    if step is None:
        return None
    return {"step": step.code, "step_name": _name(step.name, language) or step.code, "since": step.since}


def _named(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {key: _name(value, language) if isinstance(value, Mapping) else value for key, value in data.items()}


def _name(names: Mapping[str, str], language: str) -> str:
    """The name in the language, else in one that there is."""
    return names.get(language) or next(iter(names.values()), "")
