"""The database lets an agent through to exactly the waiting work that the limits of its own leave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from services.dispatch.domain import Agent, Order
from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.work.candidacy import Around
from services.dispatch.domain.work.facets import Asked, Declined
from services.dispatch.domain.work.picking import pick
from services.dispatch.storage.documents import order_document
from services.dispatch.storage.fitting import for_any, within_limits
from tests.support import Stack
from tests.unit.dispatch.builders import an_agent, an_order

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OF_ITS_OWN = {"subject", "declined", "level", "language", "channel", "kind"}
PEOPLE = ("a1", "a2", "a3")


def some_work(random: Random, number: int) -> Order:
    order = an_order(agent=None, type=random.choice(("fault", "visit")))
    asked = Asked(
        subject=random.choice((None, None, *PEOPLE)),
        language=random.choice(("", "en", "en-GB", "en-US", "zh-CN", "zh")),
    )
    declined = [Declined(agent=one, visit=1, at=NOW, reason="no") for one in PEOPLE if random.random() < 0.2]
    need = replace(order.visits[0].need, skill=random.choice((None, "radio")), level=random.randint(1, 5))
    return replace(
        order.with_visit(replace(order.visits[0], need=need)),
        order_no=f"W-{number}",
        channel=random.choice(("", "phone", "email")),
        asked=asked,
        declined=tuple(declined),
    )


def somebody(random: Random) -> Agent:
    return an_agent(
        random.choice(PEOPLE),
        skills=random.choice(({}, {"radio": random.randint(1, 5)}, {"radio": 3, "network": 5})),
        languages=random.choice(((), ("en",), ("en-GB", "zh"), ("zh-CN",))),
        channels=random.choice(((), ("phone",), ("phone", "email"))),
        at_once=random.choice(({}, {"fault": 1}, {"fault": 2, "visit": 0})),
        kinds=random.choice(({}, {"fault": 1}, {"visit": 3})),
    )


def limits(order: Order, agent: Agent) -> set[str]:
    around = Around(at=NOW, roster=Roster())
    picked = pick(order, order.visits[0], {agent.agent_id: agent}, around, Assignment())
    return set(picked.choice.limits_of(agent.agent_id)) if picked.choice.agent_id is None else set()


@pytest.fixture
def stored(stack: Stack) -> Iterator[list[Order]]:
    """Much waiting work, in a collection of its own."""
    random = Random(4)
    orders = [some_work(random, number) for number in range(300)]
    stack.database["fitting_probe"].insert_many([{"_id": one.order_no, **order_document(one)} for one in orders])
    yield orders
    stack.database["fitting_probe"].drop()


def test_the_filter_of_an_agent_finds_what_its_own_limits_do_not_exclude(stack: Stack, stored: list[Order]) -> None:
    random = Random(5)
    for agent in [somebody(random) for _ in range(60)]:
        found = {doc["_id"] for doc in stack.database["fitting_probe"].find(within_limits(agent), {"_id": 1})}

        assert found == {one.order_no for one in stored if OF_ITS_OWN.isdisjoint(limits(one, agent))}


def test_the_filter_of_several_finds_what_one_of_them_may_have(stack: Stack, stored: list[Order]) -> None:
    random = Random(6)
    agents = [somebody(random) for _ in range(3)]

    found = {doc["_id"] for doc in stack.database["fitting_probe"].find(for_any(agents), {"_id": 1})}

    assert found == {
        one.order_no for one in stored if any(OF_ITS_OWN.isdisjoint(limits(one, agent)) for agent in agents)
    }
