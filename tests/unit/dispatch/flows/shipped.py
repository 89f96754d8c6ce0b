"""Work under the reference data in deploy/config."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from deploy import declared
from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Reference
from services.dispatch.domain.flows.steps import Who
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.work.visit import Need
from shared.events import Fact
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


def given_out(order: Order, at: datetime) -> Decision:
    """All that is open has been given to somebody, who took it up."""
    facts: list[Fact] = []
    for visit in order.visits:
        if visit.agent is None:
            order, assigned = domain.assign(order, at, "a1", visit.number)
            order, accepted = domain.accept(order, at, str(visit.number))
            facts += [*assigned, *accepted]
    return order, facts


def with_agents(order: Order, at: datetime) -> Order:
    """`given_out`, of which nothing is told."""
    return given_out(order, at)[0]


def through(code: str, *choices: tuple[str, Mapping[str, Any]]) -> Order:
    """Work that took these steps, ten minutes each; the step named has to be open."""
    order = opened(code)
    for number, (step, values) in enumerate(choices, start=1):
        at = MONDAY + timedelta(minutes=10 * number)
        solution = values.get("solution")
        fields = {name: value for name, value in values.items() if name not in ("solution", "fee")}
        order = with_agents(order, at)
        order, _ = domain.complete_step(order, at, step=step, fields=fields, fee=values.get("fee"), solution=solution)
    return order


def now(order: Order) -> list[str]:
    return [visit.step for visit in order.visits]


def who_serves(who: Who, own_team: str) -> set[str]:
    """The agents that can be given such a step."""
    need = Need(team=who.team or own_team, role=who.role, skill=who.skill, agent=who.agent)
    entries = shipped().agents.values()
    agents = [
        Agent(agent_id=one.agent_id, teams=one.teams, capacity=one.capacity, role=one.role, skills=one.skills)
        for one in entries
    ]
    return {agent.agent_id for agent in agents if agent.capacity and need.key in agent.queues}
