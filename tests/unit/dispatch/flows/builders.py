"""Flows as tests need them: small bodies, and what they may name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch.domain.flows.flow import Flow, Known
from services.dispatch.domain.reference.organisation import AgentEntry
from shared.errors import ValidationError

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KNOWN = Known(
    teams=("desk", "it"),
    with_experts=("it",),
    skills=("network",),
    agents={
        "a1": AgentEntry(agent_id="a1", name="A", teams=("it",), capacity=5, role="expert", skills={"network": 3}),
        "b1": AgentEntry(agent_id="b1", name="B", teams=("desk",), capacity=5, role="specialist"),
        "c1": AgentEntry(agent_id="c1", name="C", teams=("desk",), capacity=0, role="supervisor"),
    },
    calendars={"office": timedelta(hours=8), "always": None},
    default_calendars=("always",),
)
MATTER = {"type": "fault", "category": "network", "priority": "P1", "tier": "", "channel": "phone", "team": "it"}
NAME = {"zh-CN": "步骤", "en": "Step"}


def a_step(next: Any = "end", **members: Any) -> dict[str, Any]:
    """A step that leads to the end."""
    return {"name": NAME, "next": next, **members}


def a_body(steps: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A flow that starts at its first step; with none given, of one step `a`."""
    steps = steps or {"a": a_step()}
    return {"name": NAME, "start": next(iter(steps)), "steps": dict(steps), **members}


def a_flow(steps: Mapping[str, Any] | None = None, **members: Any) -> Flow:
    return Flow.from_dict("test", a_body(steps, **members), 1, KNOWN)


def faults(steps: Mapping[str, Any] | None = None, **members: Any) -> dict[str, list[str]]:
    """Path below `flows.test` -> messages; empty where the flow is sound."""
    try:
        a_flow(steps, **members)
    except ValidationError as error:
        return {path.removeprefix("flows.test."): messages for path, messages in error.fields.items()}
    return {}
