"""Work orders, agents and reference data as tests need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Agent, Order, Reference
from services.dispatch.domain.people.presence import Presence, Status, presence

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDARS = {
    "always": {"name": "Always", "zone": "UTC", "working_day": "24h", "week": {day: ["00:00-24:00"] for day in WEEK}},
    "office": {
        "name": "Office",
        "zone": "UTC",
        "working_day": "8h",
        "week": {day: ["09:00-12:00", "13:00-18:00"] for day in WEEK[:5]},
    },
}
TEAMS = {
    "desk": {"name": "Desk", "categories": ["other"], "supervisor": "chief.desk"},
    "it": {
        "name": "IT",
        "categories": ["network", "software"],
        "supervisor": "chief.it",
        "duty_manager": "duty",
        "expert_team": "experts",
    },
    "experts": {"name": "Experts", "supervisor": "chief.experts"},
}
CHIEFS = {
    agent: {"name": agent, "teams": [team], "capacity": 0, "role": "supervisor"}
    for agent, team in (("chief.desk", "desk"), ("chief.it", "it"), ("duty", "it"), ("chief.experts", "experts"))
}
NAMES = {"zh-CN": "原因", "en": "Reason"}
ALL_CLOCKS = ["first_response", "resolution", "next_update", "step", "group"]
TARGETS = {
    "P1": {"first_response": "15m", "resolution": "4h"},
    "P2": {"first_response": "1h", "resolution": "8h"},
    "P3": {"first_response": "4h", "resolution": "3d"},
    "P4": {"first_response": "8h", "resolution": "5d"},
}
AFTER_A_MISS = [
    {"clock": clock, "after": "30m", "level": 1, "tell": ["owner", "supervisor"]}
    for clock in ("first_response", "resolution")
]
CLIMBING = [
    *AFTER_A_MISS,
    {"clock": "resolution", "after": "1h", "level": 2, "tell": ["duty_manager"], "raise_priority": True},
    {"clock": "resolution", "after": "2h", "level": 3, "tell": ["team"], "move_to": "expert"},
]


def after(**elapsed: float) -> datetime:
    """A time after nine o'clock: `after(minutes=15)`."""
    return NINE + timedelta(**elapsed)


def a_policy(**changes: Any) -> dict[str, Any]:
    """P1 has 15 minutes and 4 hours round the clock, warned at 0.8, escalated half an hour after a miss.

    Waiting for the customer pauses all clocks, waiting for parts the resolution only, anything else none.
    """
    return {
        "code": "standard",
        "name": "Standard",
        "calendar": "always",
        "warn_at": [0.8],
        "targets": TARGETS,
        "pause": {"waiting_for_customer": ALL_CLOCKS, "waiting_for_parts": ["resolution", "step"]},
        "escalations": AFTER_A_MISS,
    } | changes


def with_updates(every: str = "1h", **changes: Any) -> dict[str, Any]:
    """The same, with news for the customer every so often."""
    return a_policy(targets={name: {**target, "next_update": every} for name, target in TARGETS.items()}, **changes)


def reference(*policies: Mapping[str, Any], version: int = 1, **changes: Any) -> Reference:
    """Three teams, two calendars, and these policies, or the one of `a_policy`; with agents, those whom teams name."""
    body = {
        "teams": TEAMS,
        "default_team": "desk",
        "skills": {"radio": "Radio"},
        "hold_reasons": dict.fromkeys(("waiting_for_customer", "waiting_for_parts", "other"), NAMES),
        "calendars": CALENDARS,
        "policies": list(policies) or [a_policy()],
    }
    if changes.get("agents"):
        changes["agents"] = CHIEFS | changes["agents"]
    return Reference.from_dict(body | changes, version)


def a_ticket(**changes: Any) -> dict[str, Any]:
    """What intake tells of a submitted ticket."""
    return {
        "ticket_no": "T-100001",
        "customer_id": "C-1",
        "type": "fault",
        "category": "network",
        "priority": "P1",
        "subject": "No network",
        "channel": "phone",
        "tier": "",
        "reference": "",
    } | changes


def opened(ticket: Mapping[str, Any] | None = None, at: datetime = NINE, book: Reference | None = None) -> Any:
    """(order, facts) of a ticket that became work under this version of the reference data."""
    book = book or reference()
    return domain.open_work(ticket or a_ticket(), at, book, lambda version: book)


def an_order(*, agent: str | None = "a1", at: datetime = NINE, book: Reference | None = None, **ticket: Any) -> Order:
    """Work opened at nine and, unless `agent` is None, assigned at once; stored, as far as rules can tell."""
    order, _ = opened(a_ticket(**ticket), at, book)
    if agent:
        order, _ = domain.assign(order, at, agent)
    return replace(order, version=1)


def accepted(**changes: Any) -> Order:
    """Work that its agent has taken up."""
    return domain.accept(an_order(**changes), NINE)[0]


def held(at: datetime = NINE, reason: str = "waiting_for_customer", **changes: Any) -> Order:
    """Work that waits for the customer since `at`."""
    return domain.hold(an_order(**changes), at, reason)[0]


def resolved(at: datetime = NINE, **changes: Any) -> Order:
    """Work that is done."""
    return domain.resolve(an_order(**changes), at, "Plugged it in")[0]


def an_agent(agent_id: str = "a1", **changes: Any) -> Agent:
    """Somebody of IT who is there and has room."""
    fields = {"name": agent_id.title(), "teams": ("it",), "capacity": 3, "presence": said("available")} | changes
    return Agent(agent_id=agent_id, **fields)


def said(status: str, at: datetime = NINE, lasts: timedelta | None = None) -> Presence:
    """What an agent said of itself."""
    return presence(Status(status), at, lasts)


def types(facts: list[Any]) -> list[str]:
    """What happened, in order."""
    return [fact.type for fact in facts]
