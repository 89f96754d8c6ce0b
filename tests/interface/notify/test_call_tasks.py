"""Calls: given out one by one, back by themselves, ended once, on the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.catalogue import subscriptions
from services.notify.storage.calls import _index, _open
from shared.client import Client
from shared.clock import SystemClock, to_text
from shared.errors import Forbidden, IllegalMove
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.desk import LONG_AGO
from tests.interface.notify.reference import apply
from tests.interface.test_notify import Matter
from tests.support import Stack, eventually


def by_call_only(body: dict[str, Any]) -> None:
    """Teams are called about work that waits, urgently; customers about its end."""
    for rule in body["rules"]:
        if (rule["event"], rule["audience"]) == ("work_queued", "team"):
            rule |= {"channels": ["call"], "urgency": "urgent", "template": "work_closed_call"}
        if (rule["event"], rule["audience"]) == ("work_closed", "customer"):
            rule |= {"channels": ["call"], "urgency": "normal"}
    texts = {language: {"text": "Read out: {{ ticket_no }}"} for language in ("zh-CN", "en")}
    body["templates"]["work_closed_call"] = {"call": texts}
    body["staff"]["teams"]["default"]["phone"] = "+441164960404"
    body["calls"] = {"lease": "15m", "again": "2h", "attempts": 2}


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack, by_call_only)
    return stack.client("workbench")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


@pytest.fixture
def team() -> str:
    return f"team-{uuid4().hex[:8]}"


def wanted(world: Feigned, desk: Client, team: str, number: int = 1) -> list[Matter]:
    """So many customers to be called for this team, the first one for longest."""
    now = SystemClock().now()
    matters = [Matter(at=now - timedelta(seconds=number - place)) for place in range(number)]
    for matter in matters:
        closed = {"closed_at": to_text(matter.at), "outcome": "no_answer", "team": team}
        world.tell(matter.customer_saved(), matter.work("work_closed", **closed))
    eventually(lambda: len(listed(desk, team)) == number)
    return matters


def listed(desk: Client, team: str, **filters: Any) -> list[dict[str, Any]]:
    return list(desk.call("notify", "find_calls", team=team, **filters)["messages"])


def next_call(desk: Client, team: str, agent: str = "ann", **more: Any) -> Any:
    return desk.command("notify", "next_call", agent=agent, team=team, **more)["call"]


def lease_is_over(stack: Stack, message_id: str) -> None:
    over = {"$set": {"due_at": LONG_AGO, "timer_at": LONG_AGO}, "$inc": {"revision": 1}}
    stack.database["notify_messages"].update_one({"_id": message_id}, over)


def test_an_agent_gets_the_text_and_the_number_and_ends_the_call(desk: Client, world: Feigned, team: str) -> None:
    (matter,) = wanted(world, desk, team)
    call = next_call(desk, team)
    assert (call["ticket_no"], call["to"], call["agent"]) == (matter.ticket_no, "+441164960403", "ann")
    assert matter.ticket_no in call["text"]
    assert next_call(desk, team, "bob") is None
    ended = desk.command("notify", "finish_call", message_id=call["message_id"], outcome="reached", note="all is well")
    assert (ended["state"], ended["reached_at"] is not None) == ("delivered", True)
    assert listed(desk, team) == []
    with pytest.raises(IllegalMove):
        desk.command("notify", "finish_call", message_id=call["message_id"], outcome="reached")


def test_the_same_request_gets_the_same_call(desk: Client, world: Feigned, team: str) -> None:
    wanted(world, desk, team, 2)
    request = uuid4().hex
    first, again = (next_call(desk, team, request_id=request)["message_id"] for _ in range(2))
    assert first == again
    assert next_call(desk, team)["message_id"] != first


def test_urgent_calls_come_first_then_the_oldest(desk: Client, world: Feigned, team: str) -> None:
    older, newer = wanted(world, desk, team, 2)
    urgent = Matter()
    world.tell(urgent.work("work_queued", team=team, agent=None, need=team, step=None, visit=None, step_name=None))
    eventually(lambda: len(listed(desk, team)) == 3)
    assert [len(listed(desk, team, urgency=urgency)) for urgency in ("urgent", "normal", "bulk")] == [1, 2, 0]
    given = [next_call(desk, team)["ticket_no"] for _ in range(3)]
    assert given == [urgent.ticket_no, older.ticket_no, newer.ticket_no]


def test_no_two_agents_ever_have_one_call(stack: Stack, desk: Client, world: Feigned, team: str) -> None:
    wanted(world, desk, team, 4)
    clients = [stack.client("workbench") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda one: next_call(one[1], team, f"agent-{one[0]}"), enumerate(clients)))
    ids = [call["message_id"] for call in given if call]
    assert len(ids) == len(set(ids)) == 4


def test_a_call_of_which_nothing_is_heard_comes_back(stack: Stack, desk: Client, world: Feigned, team: str) -> None:
    wanted(world, desk, team)
    call = next_call(desk, team)
    lease_is_over(stack, call["message_id"])
    again = eventually(lambda: next_call(desk, team, "bob"))
    assert (again["message_id"], again["agent"]) == (call["message_id"], "bob")


def test_who_is_not_reached_is_called_again_and_in_the_end_is_a_failure(
    stack: Stack, desk: Client, world: Feigned, team: str
) -> None:
    wanted(world, desk, team)
    call = next_call(desk, team)
    waiting = desk.command("notify", "finish_call", message_id=call["message_id"], outcome="not_reached")
    assert (waiting["state"], waiting["attempt"], waiting["agent"]) == ("handed_over", 1, None)
    assert next_call(desk, team) is None
    lease_is_over(stack, call["message_id"])
    again = eventually(lambda: next_call(desk, team))
    last = desk.command("notify", "finish_call", message_id=again["message_id"], outcome="not_reached")
    assert (last["state"], last["detail"], last["look"]) == ("failed", "not_reached", True)


def test_only_those_who_work_make_calls(stack: Stack, team: str) -> None:
    with pytest.raises(Forbidden):
        stack.client("callcentre").command("notify", "next_call", agent="ann", team=team)


@pytest.mark.parametrize("filters", [{}, {"team": "network"}, {"urgency": "urgent"}, {"team": "it", "urgency": "bulk"}])
def test_calls_are_read_in_order_from_an_index(stack: Stack, filters: dict[str, Any]) -> None:
    for free in ({}, {"due_at": None}):
        rows = stack.database["notify_messages"].find({**_open(filters), **free}).hint(_index(filters)).sort("_id", 1)
        plan = str(rows.limit(51).explain()["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan
        assert "'stage': 'SORT'" not in plan
