"""The events that people can be told of, each with a sample of what its templates may say.

Reference data are checked against the samples: a template that names anything else is refused before it is used.
Names for people (`step_name`, `part_name`, `to_name`, `promise`) come in the language of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_DUE = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)

_WORK: dict[str, Any] = {
    "order_no": "W-1042",
    "ticket_no": "T-1042",
    "customer_id": "c-7",
    "type": "fault",
    "category": "network",
    "priority": "P2",
    "team": "network",
    "agent": "agent-17",
    "round": 0,
}

_STEP: dict[str, Any] = {**_WORK, "step": "on_site", "visit": 4, "step_name": "On site"}
#: Whom it concerns: all who have a step of it, their teams, and who watches it.
_CONCERNED: dict[str, Any] = {
    **_WORK,
    "teams": ["network", "accounts"],
    "owners": ["agent-17", "agent-18"],
    "watchers": ["supervisor.it"],
}
_DEADLINE: dict[str, Any] = {
    **_CONCERNED,
    "clock": "step",
    "part": "on_site",
    "visit": 4,
    "part_name": "On site",
    "promise": "step “On site”",
    "due": _DUE,
}
_FEE: dict[str, Any] = {**_WORK, "fee": 1, "step": "fee", "amount": "120.00", "currency": "CNY"}

_APPOINTMENT: dict[str, Any] = {
    **_WORK,
    "appointment": 1,
    "starts_at": _DUE,
    "ends_at": _DUE,
    "note": "Somebody must be at home.",
}
#: Whoever has written to us, told at the address that it came from.
_SENDER: dict[str, Any] = {"channel": "sms", "address": "+441164960403", "language": "en"}

#: Event -> the names that its templates may use, with a sample value each.
KINDS: Mapping[str, Mapping[str, Any]] = {
    "work_assigned": {**_STEP, "accept_by": _DUE, "principal": "agent-18"},
    "work_prioritised": {**_WORK, "was": "P3", "reason": "A whole district is without it.", "by": "actor"},
    "work_queued": {**_STEP, "agent": None, "need": "network#expert"},
    "step_opened": {**_STEP, "due": _DUE},
    "step_skipped": {**_STEP, "reason": "The customer has done it.", "missed": True},
    "work_rerouted": {**_WORK, "from_steps": ["triage"], "to": "crew", "to_name": "Crew", "reason": "Not software."},
    "fee_recorded": _FEE,
    "fee_voided": {**_FEE, "reason": "Recorded twice."},
    "deadline_near": {**_DEADLINE, "share": 0.8, "provisional": False},
    "deadline_missed": {**_DEADLINE, "provisional": False},
    "deadline_moved": {**_DEADLINE, "was": _DUE, "why": "horizon"},
    "work_escalated": {
        **_DEADLINE,
        "level": 2,
        "tell": ["owner", "supervisor"],
        "supervisor": "supervisor.it",
        "duty_manager": "manager.1",
        "why": "resolution",
    },
    "work_deescalated": {
        **_CONCERNED,
        "was": 2,
        "level": 1,
        "tell": ["owner", "supervisor"],
        "why": "done",
    },
    "work_lapsed": {**_STEP, "offers": 3},
    "work_declined": {**_STEP, "reason": "I know the customer privately."},
    "work_stranded": {
        **_STEP,
        "agent": None,
        "need": "network#expert",
        "cause": "off duty; away or busy",
        "supervisor": "supervisor.it",
        "duty_manager": "manager.1",
    },
    "work_handed_over": {**_STEP, "held": False, "from_agent": "agent-18", "principal": "agent-18", "why": "stands_in"},
    "work_urged": {
        **_CONCERNED,
        "count": 3,
        "by": "customer",
        "note": "Calls for the third time.",
        "parent_no": None,
        "child_no": "W-1002",
        "tell": ["owner"],
    },
    "work_intervened": {**_CONCERNED, "reason": "It goes in circles.", "instruction": "Call the customer today."},
    "work_held_long": {**_CONCERNED, "reason": "other", "reason_name": "Other", "since": _DUE, "limit_at": _DUE},
    "mass_incident_declared": {**_WORK, "eta": _DUE, "match": "category == 'network'", "reason": "A cable is cut."},
    "work_linked": {
        **_WORK,
        "parent_no": "W-1001",
        "parent_ticket_no": "T-1001",
        "eta": _DUE,
        "eta_note": "A cable is being mended.",
        "reason": "It is the same cable.",
    },
    "work_eta_announced": {**_WORK, "eta": _DUE, "note": "A cable is being mended.", "parent_no": "W-1001"},
    "shift_log_written": {
        "team": "network",
        "log_id": "network/2026-03-02T13:00:00Z",
        "ended_at": _DUE,
        "shifts": ["early"],
        "to": ["late"],
        "next_at": _DUE,
        "counts": {"open": 12, "near": 2, "missed": 1},
        "notes": 3,
    },
    "work_resolved": {
        **_WORK,
        "watchers": ["supervisor.it"],
        "solution": "Replaced the router.",
        "resolved_at": _DUE,
        "due": _DUE,
        "met": True,
        "language": "en",
        "parent_no": "W-1001",
    },
    "work_reopened": {**_WORK, "watchers": ["supervisor.it"], "reason": "It is down again.", "cause": "customer"},
    "work_withdrawn": {**_WORK, "watchers": ["supervisor.it"], "reason": "The customer did it."},
    "work_closed": {**_WORK, "watchers": ["supervisor.it"], "closed_at": _DUE, "outcome": "satisfied"},
    "survey_due": {
        "case_no": "W-1042/0",
        "order_no": "W-1042",
        "ticket_no": "T-1042",
        "customer_id": "c-7",
        "team": "network",
        "priority": "P2",
        "round": 0,
        "token": "4b1d6a",
        "expires_at": _DUE,
        "link": "https://desk.example.com/survey/4b1d6a",
    },
    "customer_replied": {**_CONCERNED, "channel": "email", "text": "It is down again."},
    "appointment_set": _APPOINTMENT,
    "appointment_changed": {**_APPOINTMENT, "was_at": _DUE},
    "appointment_cancelled": {**_APPOINTMENT, "reason": "The part has not come."},
    "appointment_confirmed": _APPOINTMENT,
    "appointment_change_wanted": {**_APPOINTMENT, "wish": "Rather on Tuesday."},
    "ticket_status_told": {
        **_SENDER,
        "ticket_no": "T-1042",
        "known": True,
        "status": "assigned",
        "status_name": "Being worked on",
        "step_name": "On site",
        "eta": _DUE,
    },
    "contact_taken": {
        "channel": "email",
        "ticket_no": "T-1042",
        "customer_id": "c-7",
        "subject": "No light",
        "follows": "T-1001",
        "reply_id": "mail/4b1d6a",
    },
    "contact_unsubscribed": {**_SENDER, "kind": "*", "cause": "stop"},
}

#: What may be null in some of these events: a template must bear each of them without it.
NULLABLE = (
    *("agent", "supervisor", "duty_manager"),
    *("step", "visit", "step_name", "to_name"),
    *("clock", "part", "part_name", "due"),
    *("accept_by", "principal", "note", "reason_name", "eta", "eta_note", "match", "parent_no", "next_at"),
    *("ends_at", "wish", "status", "status_name", "follows", "reply_id"),
)

#: What may be an empty list, in the same way.
EMPTY = ("owners", "from_steps", "watchers", "shifts", "to")

#: What every template may say beside that: whether it tells of the past (`Occurrence.past`).
OF_ALL: Mapping[str, Any] = {"past": False}

#: What templates for customers may say beside that.
FOR_CUSTOMERS: Mapping[str, Any] = {"customer_name": "Example Ltd"}

#: Types of what events say, as conditions of rules name them.
_TYPES = {str: "string", bool: "bool", int: "number", float: "number", list: "list", datetime: "time"}
#: What templates only can show: no event says it, or not as one value.
_SHOWN = ("promise", "link", "counts")


def names_of(event: str) -> dict[str, str]:
    """What the condition of a rule may ask about an event, with its type."""
    said = {name: value for name, value in KINDS[event].items() if name not in _SHOWN and not name.endswith("_name")}
    return {name: _type(name, value) for name, value in said.items()}


def _type(name: str, value: Any) -> str:
    kind = _TYPES.get(type(value), "string")
    return f"{kind}?" if name in NULLABLE and kind in ("number", "time") else kind
