"""The events that people can be told of, each with a sample of what its templates may say.

Reference data are checked against the samples: a template that names anything else is refused before it is used.
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

#: Event -> the names that its templates may use, with a sample value each.
KINDS: Mapping[str, Mapping[str, Any]] = {
    "work_assigned": _WORK,
    "deadline_near": {**_WORK, "clock": "resolution", "due": _DUE},
    "deadline_missed": {**_WORK, "clock": "first_response", "due": _DUE},
    "work_resolved": {
        **_WORK,
        "solution": "Replaced the router.",
        "resolved_at": _DUE,
        "due": _DUE,
        "met": True,
        "language": "en",
    },
    "work_closed": {**_WORK, "closed_at": _DUE, "outcome": "satisfied"},
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
}

#: What templates for customers may say beside that.
FOR_CUSTOMERS: Mapping[str, Any] = {"customer_name": "Example Ltd"}
