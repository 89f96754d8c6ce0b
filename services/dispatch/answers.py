"""What dispatch answers. Pure; times stay datetimes, the edge writes them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.dispatch.domain import Agent, Order
from services.dispatch.domain.deadlines import Deadline


def receipt(order: Order) -> dict[str, Any]:
    """The answer to a command: where the work stands now."""
    return {
        "order_no": order.order_no,
        "ticket_no": order.ticket_no,
        "state": order.state.value,
        "team": order.team,
        "agent": order.agent,
        "round": order.round,
        "version": order.version,
    }


def summary(order: Order) -> dict[str, Any]:
    """A work order in a list."""
    return {
        **receipt(order),
        "customer_id": order.customer_id,
        "type": order.type,
        "category": order.category,
        "priority": order.priority,
        "subject": order.subject,
        "opened_at": order.opened_at,
        "first_response": _deadline(order.first_response),
        "resolution": _deadline(order.resolution),
        "held_since": order.held_since,
        "hold_reason": order.hold_reason,
        "escalation": order.escalation,
        "supervisor": order.supervisor,
        "supervised": order.supervised,
        "ended_at": order.ended_at,
        "outcome": order.outcome,
    }


def work(order: Order, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A work order in full."""
    return {
        **summary(order),
        "solution": order.solution,
        "language": order.language,
        "replay_until": order.replay_until,
        "history": list(history),
    }


def agent(state: Agent) -> dict[str, Any]:
    """An agent."""
    return {
        "agent_id": state.agent_id,
        "name": state.name,
        "teams": list(state.teams),
        "capacity": state.capacity,
        "role": state.role,
        "present": state.present,
        "load": state.load,
        "has_room": state.has_room,
        "last_assigned_at": state.last_assigned_at,
        "version": state.version,
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    """`met` is null as long as that is open; `due` stands still with the work while it is held."""
    return {"due": deadline.due, "done_at": deadline.done_at, "met": deadline.met}
