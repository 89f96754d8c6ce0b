"""Builders for intake's tests: an example of everything, changed where a test says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.intake.domain import ticket as tickets
from services.intake.domain.customer import Submitter
from services.intake.domain.news import News, Progress
from services.intake.domain.ticket import Ticket
from services.intake.domain.triage import Triage

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALLER = Submitter("C-1", "gold", "en")
TRIAGE = Triage(categories={"network": {"en": "Network"}}, version=3)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_contact(**changes: Any) -> dict[str, Any]:
    return {
        "channel": "phone",
        "subject": "No connection",
        "text": "断网了 😡",
        "type": "fault",
        "category": "network",
        "impact": "high",
        "urgency": "medium",
        **changes,
    }


def a_ticket(**changes: Any) -> Ticket:
    ticket, _ = tickets.submit("T-100001", CALLER, a_contact(), TRIAGE, NINE)
    return replace(ticket, **{"version": 1, "last_at": NINE, **changes})


def news(status: str, number: int, **changes: Any) -> Progress:
    """What dispatch told as fact `number` of the order, `number` minutes after nine."""
    given: dict[str, Any] = {"order_no": "W-1", "number": number, "status": status, "at": NINE + minutes(number)}
    return Progress(**{**given, **changes})


def word(number: int, **changes: Any) -> News:
    """The same without a status."""
    given: dict[str, Any] = {"order_no": "W-1", "number": number, "at": NINE + minutes(number)}
    return News(**{**given, **changes})
