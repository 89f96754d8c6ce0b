"""The events that dispatch publishes (docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.dispatch.domain.people.shift_log import ShiftLog
from services.dispatch.domain.work.order import Order
from shared.events import Fact

Builder = Callable[[Order, Fact], dict[str, Any]]
CLOCK = ("clock", "part", "visit", "part_name")
STEP = ("step", "visit", "step_name")
APPOINTMENT = ("appointment", "starts_at", "ends_at", "note")
CONCERNED = ("teams", "owners", "supervisors", "duty_managers")


def _telling(*more: str) -> Builder:
    """A builder of what every event of dispatch carries, and of these entries of the fact."""

    def build(order: Order, fact: Fact) -> dict[str, Any]:
        return {
            "order_no": order.order_no,
            "ticket_no": order.ticket_no,
            "customer_id": order.customer_id,
            "type": order.type,
            "category": order.category,
            # as it was then: what a late timer tells may lie before the transfer of the same write
            **{name: fact.data[name] for name in ("priority", "team", "agent", "round", *more)},
        }

    return build


def _watched(*more: str) -> Builder:
    """The same, and who watches the work (`watchers`)."""
    build = _telling(*more)
    return lambda order, fact: {**build(order, fact), "watchers": list(order.pressure.watchers)}


ORDER_EVENTS: dict[str, Builder] = {
    "work_opened": _telling("opened_at", "first_response_due", "resolution_due", "policy", "flow"),
    "step_opened": _telling(*STEP, "due"),
    "work_assigned": _telling("held", *STEP, "accept_by", "principal"),
    "work_lapsed": _telling(*STEP, "offers"),
    "work_declined": _telling(*STEP, "reason"),
    "work_stranded": _telling(*STEP, "need", "cause", "supervisor", "duty_manager"),
    "work_queued": _telling(*STEP, "need"),
    "work_responded": _telling("responded_at", "due", "met"),
    "work_prioritised": _telling("from", "to", "reason", "by"),
    "work_held": _telling("reason", "reason_name", "note"),
    "work_resumed": _telling(),
    "work_transferred": _telling("from_team"),
    "work_handed_over": _telling("held", *STEP, "from_agent", "principal", "why"),
    "step_completed": _telling(*STEP, "due", "met"),
    "step_skipped": _telling(*STEP, "reason", "missed"),
    "work_rerouted": _telling("from_steps", "to", "to_name", "reason"),
    "fee_recorded": _telling("fee", "step", "amount", "currency"),
    "fee_voided": _telling("fee", "step", "amount", "currency", "reason"),
    "work_resolved": _watched("solution", "resolved_at", "due", "met", "language", "parent_no"),
    "work_reopened": _watched("reason", "cause"),
    "work_closed": _watched("closed_at", "outcome"),
    "work_withdrawn": _watched("reason"),
    "work_went_live": _telling(),
    "work_triaged": _telling("from", "to", "reasons"),
    "work_linked": _telling("parent_no", "parent_ticket_no", "eta", "eta_note", "reason"),
    "work_unlinked": _telling("parent_no", "reason"),
    "mass_incident_declared": _telling("eta", "match", "reason"),
    "work_eta_announced": _telling("eta", "note", "parent_no"),
    "mass_incident_ended": _telling("how", "solution", "language"),
    "deadline_near": _watched(*CLOCK, "due", "share", "provisional", *CONCERNED),
    "deadline_missed": _watched(*CLOCK, "due", "provisional", *CONCERNED),
    "deadline_moved": _watched(*CLOCK, "from", "to", "why", *CONCERNED),
    "work_escalated": _watched(*CLOCK, "due", "level", "tell", "supervisor", "duty_manager", "why", *CONCERNED),
    "work_deescalated": _watched("from", "level", "tell", "why", *CONCERNED),
    "work_urged": _watched("count", "by", "note", "tell", "parent_no", "child_no", *CONCERNED),
    "work_intervened": _watched("reason", "instruction", *CONCERNED),
    "customer_replied": _watched("channel", "text", *CONCERNED),
    "appointment_set": _telling(*APPOINTMENT),
    "appointment_changed": _telling(*APPOINTMENT, "was_at"),
    "appointment_cancelled": _telling(*APPOINTMENT, "reason"),
    "appointment_confirmed": _telling(*APPOINTMENT),
    "appointment_change_wanted": _telling(*APPOINTMENT, "wish"),
    "reply_settled": _telling("reply_id", "taken", "why"),
    "work_held_long": _watched("reason", "reason_name", "since", "limit_at", *CONCERNED),
}
"""Fact type -> builder of the event's data. All other facts stay in the work order's history."""


def _shift_log_written(log: ShiftLog, fact: Fact) -> dict[str, Any]:
    """`to` are the shifts that take over at `next_at`; both empty where there is none ahead."""
    change = {name: fact.data[name] for name in ("shifts", "to", "next_at", "counts", "notes")}
    return {"log_id": log.log_id, "team": log.team, "ended_at": log.ended_at, **change}


SHIFT_LOG_EVENTS: dict[str, Callable[[ShiftLog, Fact], dict[str, Any]]] = {"shift_log_written": _shift_log_written}
"""The same of logs of shift changes."""
