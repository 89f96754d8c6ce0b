"""Work orders, agents and reference data as tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Agent, Order, Reference

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(**elapsed: float) -> datetime:
    """A time after nine o'clock: `after(minutes=15)`."""
    return NINE + timedelta(**elapsed)


def reference(**changes: Any) -> Reference:
    """Two teams; P1 has 15 minutes and 4 hours, warned at 0.8, escalated half an hour after a miss."""
    targets = {
        "P1": {"first_response": "15m", "resolution": "4h", "warn_at": 0.8, "escalate_after": "30m"},
        "P2": {"first_response": "1h", "resolution": "8h", "warn_at": 0.8},
        "P3": {"first_response": "4h", "resolution": "3d", "warn_at": 0.8},
        "P4": {"first_response": "8h", "resolution": "5d", "warn_at": 0.8},
    }
    teams = {
        "desk": {"name": "Desk", "categories": ["other"], "supervisor": "chief.desk"},
        "it": {"name": "IT", "categories": ["network", "software"], "supervisor": "chief.it"},
    }
    return Reference.from_dict({"teams": teams, "default_team": "desk", "targets": targets} | changes, version=1)


def a_ticket(**changes: Any) -> dict[str, Any]:
    """What intake tells of a submitted ticket."""
    return {
        "ticket_no": "T-100001",
        "customer_id": "C-1",
        "type": "fault",
        "category": "network",
        "priority": "P1",
        "subject": "No network",
    } | changes


def an_order(*, agent: str | None = "a1", at: datetime = NINE, **ticket: Any) -> Order:
    """Work opened at nine and, unless `agent` is None, assigned at once; stored, as far as rules can tell."""
    order, _ = domain.open_work(a_ticket(**ticket), at, reference())
    if agent:
        order, _ = domain.assign(order, at, agent)
    return replace(order, version=1)


def accepted(**changes: Any) -> Order:
    """Work that its agent has taken up."""
    return domain.accept(an_order(**changes), NINE)[0]


def held(at: datetime = NINE, **changes: Any) -> Order:
    """Work that waits for the customer since `at`."""
    return domain.hold(an_order(**changes), at, "waiting for the customer")[0]


def resolved(at: datetime = NINE, **changes: Any) -> Order:
    """Work that is done."""
    return domain.resolve(an_order(**changes), at, "Plugged it in")[0]


def an_agent(agent_id: str = "a1", **changes: Any) -> Agent:
    """Somebody of IT who is there and has room."""
    fields = {"name": agent_id.title(), "teams": ("it",), "capacity": 3, "present": True} | changes
    return Agent(agent_id=agent_id, **fields)


def types(facts: list[Any]) -> list[str]:
    """What happened, in order."""
    return [fact.type for fact in facts]
