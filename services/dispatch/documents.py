"""Work orders and agents as documents, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from services.dispatch.domain import Agent, Order, State
from services.dispatch.domain.deadlines import Clock, Deadline, Kind, Milestone
from services.dispatch.listing import place
from shared.events import KERNEL_FIELDS, kernel_fields

_SPECIAL = {"state", "held_from", "first_response", "resolution"}
_PLAIN = tuple(field.name for field in fields(Order) if field.name not in (*KERNEL_FIELDS, *_SPECIAL))


def order_document(order: Order) -> dict[str, Any]:
    """The work order's own fields, and its place in lists."""
    return {
        **{name: getattr(order, name) for name in _PLAIN},
        "state": order.state.value,
        "held_from": order.held_from.value if order.held_from else None,
        "first_response": _deadline_document(order.first_response),
        "resolution": _deadline_document(order.resolution),
        "place": place(order.opened_at, order.order_no),
    }


def order_from(doc: Mapping[str, Any]) -> Order:
    """The work order in a document."""
    return Order(
        **{name: doc[name] for name in _PLAIN},
        state=State(doc["state"]),
        held_from=State(doc["held_from"]) if doc["held_from"] else None,
        first_response=_deadline(Clock.FIRST_RESPONSE, doc["first_response"]),
        resolution=_deadline(Clock.RESOLUTION, doc["resolution"]),
        **kernel_fields(doc),
    )


def agent_document(agent: Agent) -> dict[str, Any]:
    """The agent's own fields; its load is not among them: only claims change it (seats.py)."""
    return {
        "name": agent.name,
        "teams": list(agent.teams),
        "capacity": agent.capacity,
        "role": agent.role,
        "present": agent.present,
        "declared": agent.declared,
    }


def agent_from(doc: Mapping[str, Any]) -> Agent:
    """The agent in a document."""
    return Agent(
        agent_id=doc["_id"],
        name=doc["name"],
        teams=tuple(doc["teams"]),
        capacity=doc["capacity"],
        role=doc["role"],
        present=doc["present"],
        declared=doc["declared"],
        load=doc.get("load", 0),
        last_assigned_at=doc.get("last_assigned_at"),
        **kernel_fields(doc),
    )


def _deadline_document(deadline: Deadline) -> dict[str, Any]:
    return {
        "due": deadline.due,
        "pending": [{"kind": milestone.kind.value, "at": milestone.at} for milestone in deadline.pending],
        "done_at": deadline.done_at,
        "missed": deadline.missed,
    }


def _deadline(clock: Clock, doc: Mapping[str, Any]) -> Deadline:
    pending = tuple(Milestone(Kind(milestone["kind"]), milestone["at"]) for milestone in doc["pending"])
    return Deadline(clock=clock, due=doc["due"], pending=pending, done_at=doc["done_at"], missed=doc["missed"])
