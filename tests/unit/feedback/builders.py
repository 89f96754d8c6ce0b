"""Cases, work and events to test with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.feedback.domain.case import Case, State, awaited, case_no, send_survey
from services.feedback.tokens import Tokens, token_hash
from shared.events import Event

MONDAY = datetime(2016, 2, 29, 8, 0, tzinfo=UTC)
TOKENS = Tokens("a secret for tests only")


def days(count: float) -> timedelta:
    return timedelta(days=count)


def work_data(**changed: Any) -> dict[str, Any]:
    """What every event of dispatch carries."""
    data = {
        "order_no": "W-0001",
        "ticket_no": "T-0001",
        "customer_id": "C-1",
        "type": "fault",
        "category": "network",
        "priority": "P2",
        "team": "network",
        "agent": "agent-7",
        "round": 0,
    }
    return {**data, **changed}


def resolution(**changed: Any) -> dict[str, Any]:
    return work_data(**{"resolved_at": MONDAY, "due": MONDAY + days(1), "met": True, **changed})


def an_awaited_case(round_: int = 0) -> Case:
    return awaited(work_data(), round_)


def an_open_case() -> Case:
    case, _ = send_survey(
        an_awaited_case(), MONDAY, resolution(), days=5, token_hash=token_hash(TOKENS.token(case_no("W-0001", 0)))
    )
    assert case.state is State.OPEN
    return case


def an_event(type_: str, number: int, *, source: str = "dispatch", **data: Any) -> Event:
    return Event(
        id=f"{source}/W-0001/{number}",
        type=type_,
        source=source,
        aggregate_id="W-0001",
        aggregate_version=number,
        number=number,
        at=MONDAY + timedelta(hours=number),
        recorded_at=MONDAY + timedelta(hours=number),
        data=work_data(**data),
    )
