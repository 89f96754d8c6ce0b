"""The events that dispatch publishes (docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.dispatch.domain.order import Order
from shared.events import Fact

Builder = Callable[[Order, Fact], dict[str, Any]]


def _telling(*more: str) -> Builder:
    """A builder of what every event of dispatch carries, and of these entries of the fact."""

    def build(order: Order, fact: Fact) -> dict[str, Any]:
        return {
            "order_no": order.order_no,
            "ticket_no": order.ticket_no,
            "customer_id": order.customer_id,
            "type": order.type,
            "category": order.category,
            "priority": order.priority,
            # as it was then: what a late timer tells may lie before the transfer of the same write
            **{name: fact.data[name] for name in ("team", "agent", "round", *more)},
        }

    return build


ORDER_EVENTS: dict[str, Builder] = {
    "work_opened": _telling("opened_at", "first_response_due", "resolution_due"),
    "work_assigned": _telling("held"),
    "work_responded": _telling("responded_at", "due", "met"),
    "work_held": _telling("reason"),
    "work_resumed": _telling(),
    "work_transferred": _telling("from_team"),
    "work_resolved": _telling("solution", "resolved_at", "due", "met", "language"),
    "work_reopened": _telling("reason", "cause"),
    "work_closed": _telling("closed_at", "outcome"),
    "work_withdrawn": _telling("reason"),
    "work_went_live": _telling(),
    "deadline_near": _telling("clock", "due"),
    "deadline_missed": _telling("clock", "due"),
}
"""Fact type -> builder of the event's data. All other facts stay in the work order's history."""
