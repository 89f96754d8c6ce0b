"""Work under the reference data in deploy/config."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from deploy import declared
from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Reference
from tests.unit.dispatch.flows.matters import MATTERS

CONFIG = Path(__file__).parents[4] / "deploy" / "config"
MONDAY = datetime.fromisoformat("2026-03-02T09:00:00+08:00")


@cache
def bodies() -> dict[str, Any]:
    """Service -> its part of deploy/config."""
    found, faults = declared.load(CONFIG)
    assert faults == []
    return dict(found)


@cache
def shipped() -> Reference:
    return Reference.from_dict(bodies()["dispatch"], 1)


def opening(matter: Mapping[str, str]) -> Decision:
    """Work of that type and category begins on a Monday at nine."""
    ticket = {"ticket_no": "T-100001", "customer_id": "C-1", "priority": "P3", "subject": "?"}
    defaults = {"channel": "phone", "tier": "", "reference": ""}
    return domain.open_work({**ticket, **defaults, **matter}, MONDAY, shipped(), lambda _: shipped())


def opened(code: str) -> Order:
    """Work of that flow, at its first step."""
    return opening(MATTERS[code])[0]


def with_agents(order: Order, at: datetime) -> Order:
    """All that is open has been given to somebody, who took it up."""
    for visit in order.visits:
        if visit.agent is None:
            order, _ = domain.assign(order, at, "a1", visit.number)
            order, _ = domain.accept(order, at, str(visit.number))
    return order
