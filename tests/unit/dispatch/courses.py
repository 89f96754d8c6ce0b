"""Work that goes through flows, as tests need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Order, Reference
from services.dispatch.domain.work.record import MERGED, record
from shared.events import Fact, to_json
from shared.history import rebuild
from tests.unit.dispatch.builders import NINE, a_ticket, opened, reference

NAME = {"zh-CN": "步骤", "en": "Step"}
YES_NO = {"type": "yes_no", "required": True, "name": NAME}
TEXT = {"type": "text", "name": NAME}

REPAIR: Mapping[str, Any] = {
    "name": {"zh-CN": "维修", "en": "Repair"},
    "start": "report",
    "reopen_at": "fix",
    "groups": {
        "mending": {
            "name": NAME,
            "steps": ["fix", "check"],
            "within": "3h",
            "warn_at": [0.5],
            "escalations": [{"after": "1h", "level": 2, "tell": ["duty_manager"], "move_to": "experts"}],
        }
    },
    "steps": {
        "report": {
            "name": NAME,
            "fields": {"symptom": {**TEXT, "required": True}, "deep": {"type": "yes_no", "name": NAME}},
            "next": [{"parallel": ["survey", "approval"], "join": "fix"}],
        },
        "survey": {
            "name": NAME,
            "who": {"team": "it", "role": "expert"},
            "within": "1h",
            "warn_at": [0.5],
            "escalations": [{"after": "30m", "level": 1, "tell": ["owner"], "raise_priority": True}],
            "skippable": "overdue",
            "next": "inspect",
        },
        "inspect": {"name": NAME, "enter": "fields.deep", "who": {"skill": "radio"}, "next": "fix"},
        "approval": {
            "name": NAME,
            "who": {"team": "desk"},
            "fields": {"approved": YES_NO},
            "leave": "fields.approved",
            "next": "fix",
        },
        "fix": {"name": NAME, "fee": {"max": 1000}, "within": "2h", "next": "check"},
        "check": {"name": NAME, "fields": {"works": YES_NO}, "next": [{"to": "end", "when": "fields.works"}, "fix"]},
    },
}
"""Reported; then surveyed (and, if deep, inspected) while it is approved; fixed, and checked until it works."""


def a_book(*policies: Mapping[str, Any], flow: Mapping[str, Any] = REPAIR, **changes: Any) -> Reference:
    """Reference data under which all work is a repair."""
    return reference(*policies, flows={"repair": flow}, **changes)


def a_repair(*policies: Mapping[str, Any], book: Reference | None = None, **ticket: Any) -> Order:
    """A repair that was opened at nine: its report waits."""
    order, _ = opened(a_ticket(**ticket), book=book or a_book(*policies))
    return replace(order, version=1)


def given_out(order: Order) -> Order:
    """All its open steps with agents who have taken them up."""
    for visit in order.visits:
        if visit.agent is None:
            order, _ = domain.assign(order, NINE, f"{visit.step}er", visit.number)
        if order.state != "held" and visit.state != "accepted":
            order, _ = domain.accept(order, NINE, str(visit.number))
    return order


def done(order: Order, step: str, **given: Any) -> Order:
    """The work after that open step was given out and completed."""
    return domain.complete_step(given_out(order), given.pop("at", NINE), step=step, **given)[0]


def reported(order: Order | None = None, *, deep: bool = False, at: datetime = NINE, **changes: Any) -> Order:
    """A repair in its parallel branches: survey and approval."""
    return done(order or a_repair(**changes), "report", fields={"symptom": "dead", "deep": deep}, at=at)


def approved(order: Order | None = None, **changes: Any) -> Order:
    """A repair that is to be fixed now."""
    order = done(order or reported(**changes), "survey")
    return done(order, "approval", fields={"approved": True})


def open_steps(order: Order) -> list[str]:
    """The codes of its open steps."""
    return [visit.step for visit in order.visits]


def rebuilt(facts: list[Fact]) -> dict[str, Any]:
    """The state that the history of these facts tells."""
    return rebuild([{"set": to_json(fact.set)} for fact in facts], MERGED)


def stored(order: Order) -> dict[str, Any]:
    """The state as the document has it, times as text."""
    return dict(to_json(record(order)))
