"""Work as it lives, with the history that the kernel would keep of it: for what reads histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Reference
from services.dispatch.domain.clocks.clock import Clock
from shared.events import Fact, to_json
from tests.unit.dispatch.times import ALWAYS_BODY, DAYS, OFFICE_BODY

SHANGHAI = {
    "name": "办公时间",
    "zone": "Asia/Shanghai",
    "working_day": "8h",
    "horizon": "2027-01-01",
    "week": {day: ["08:30-12:00", "13:30-18:00"] for day in DAYS},
    "days": {
        "2026-04-04": {"closed": True, "name": "清明节"},
        "2026-04-06": {"closed": True, "name": "清明节"},
        "2026-04-11": {"as": "mon", "name": "调休"},
    },
}
#: Nights across both clock changes of a zone.
NIGHTS = {
    "name": "Nachtschicht",
    "zone": "Europe/Berlin",
    "working_day": "8h",
    "week": {day: ["22:00-06:00"] for day in (*DAYS, "sat", "sun")},
}
HALF_HOURS = {
    "name": "Half-hour zone",
    "zone": "Australia/Lord_Howe",
    "working_day": "7h",
    "week": {day: ["07:15-12:05", "12:50-15:00"] for day in DAYS},
}
CALENDARS = {
    "always": ALWAYS_BODY,
    "office": OFFICE_BODY,
    "shanghai": SHANGHAI,
    "nights": NIGHTS,
    "half": HALF_HOURS,
}
WAITING, PARTS = "waiting_for_customer", "waiting_for_parts"
TARGETS = {
    "P1": {"first_response": "15m", "resolution": "4h", "next_update": "1h", "calendar": "always"},
    "P2": {"first_response": "1h", "resolution": "1wd", "next_update": "2h", "calendar": "shanghai"},
    "P3": {"first_response": "2h", "resolution": "2wd", "calendar": "nights"},
    "P4": {"first_response": "4h", "resolution": "3wd", "next_update": "1wd", "calendar": "half"},
}


def a_policy(code: str = "standard", **changes: Any) -> dict[str, Any]:
    """A policy that warns at half the time, in another calendar for each priority, and escalates."""
    return {
        "code": code,
        "name": code,
        "calendar": "office",
        "warn_at": [0.5, 0.8],
        "targets": TARGETS,
        "pause": {WAITING: ["resolution", "next_update"], PARTS: ["resolution"]},
        "reopening": "restart",
        "escalations": [{"clock": "resolution", "after": "1h", "level": 1, "tell": ["supervisor"]}],
    } | changes


def a_body(*policies: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A body of reference data with these policies (one, if none is given)."""
    return {
        "default_team": "desk",
        "teams": {"desk": {"name": "Desk"}, "it": {"name": "IT", "categories": ["network"]}},
        "hold_reasons": {reason: {"zh-CN": reason, "en": reason} for reason in (WAITING, PARTS, "other")},
        "calendars": CALENDARS,
        "policies": list(policies) or [a_policy()],
    } | changes


def a_reference(*policies: Mapping[str, Any], version: int = 1, **changes: Any) -> Reference:
    """Version 1 of the reference data, unless said otherwise."""
    return Reference.from_dict(a_body(*policies, **changes), version)


class Timeline:
    """One work order, its history, and how it stood after each change."""

    def __init__(self, at: datetime, *versions: Reference, **ticket: Any) -> None:
        self.versions = {one.version: one for one in versions or (a_reference(),)}
        self.entries: list[dict[str, Any]] = []
        self.stood: list[tuple[datetime, Order]] = []
        reference = next(iter(self.versions.values()))
        order, facts = domain.open_work(TICKET | ticket, at, reference, self.books)
        self._keep(order, facts, at)

    def books(self, version: int) -> Reference:
        """A version of the reference data."""
        return self.versions[version]

    def do(self, at: datetime, move: Callable[..., Decision], *given: Any, **named: Any) -> None:
        """As the kernel does: what fell due comes first. What the move refuses is not done."""
        order, due = domain.advance(self.order, at)
        order, facts = move(order, at, *given, **named)
        order, fallen = domain.deescalated(order, at)
        self._keep(order, [*due, *facts, *fallen], at)

    def pass_to(self, at: datetime) -> None:
        """Time passes."""
        self.do(at, lambda order, at: (order, []))

    def clock(self, name: str) -> Clock:
        """A clock as it is now."""
        return self.order.clocks[name]

    def _keep(self, order: Order, facts: list[Fact], at: datetime) -> None:
        self.order = replace(order, version=order.version + 1, last_at=at)
        cause = f"change {len(self.stood)}"
        for fact in facts:
            self.entries.append(
                {
                    "number": len(self.entries) + 1,
                    "type": fact.type,
                    "at": fact.at,
                    "recorded_at": at,
                    "cause": cause,
                    "data": to_json(fact.data),
                    "set": to_json(fact.set),
                }
            )
        self.stood.append((at, self.order))


TICKET = {
    "ticket_no": "T-100001",
    "customer_id": "C-1",
    "type": "fault",
    "category": "network",
    "priority": "P2",
    "subject": "No network",
    "channel": "phone",
    "tier": "gold",
    "reference": "INC0000045",
}

NAME = {"zh-CN": "步骤", "en": "Step"}
#: A loop within a group with a limit, steps with limits in several calendars, parallel steps that join.
LOOP = {
    "name": NAME,
    "start": "look",
    "steps": {
        "look": {
            "name": NAME,
            "within": "2h",
            "calendar": "shanghai",
            "warn_at": [0.5],
            "escalations": [{"after": "1h", "level": 1, "tell": ["owner"], "raise_priority": True}],
            "next": "mend",
        },
        "mend": {
            "name": NAME,
            "within": "1wd",
            "calendar": "nights",
            "next": [{"to": "look", "when": "visits.mend < 3"}, {"parallel": ["bill", "ask"], "join": "last"}],
        },
        "bill": {"name": NAME, "within": "1h", "next": "last"},
        "ask": {"name": NAME, "next": "last"},
        "last": {"name": NAME, "next": "end"},
    },
    "groups": {"repair": {"name": NAME, "steps": ["look", "mend"], "within": "12h", "calendar": "half"}},
}
