"""Finding work: pages by any filters, and the indexes that everything reads."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from pymongo import DESCENDING

from services.dispatch.listing import query
from services.dispatch.storage.fitting import for_any, within_limits
from shared.client import Client
from tests.interface.dispatch.desk import a_ticket, opened, order_of
from tests.interface.feigned import Feigned
from tests.support import Stack
from tests.unit.dispatch.builders import an_agent


def test_work_is_found_page_by_page_by_any_filters(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    tickets = [a_ticket(team, priority=priority) for priority in ("P1", "P2", "P2", "P3", "P4")]
    opened(desk, tell, *tickets)

    def found(**filters: Any) -> list[str]:
        numbers: list[str] = []
        page = desk.call("dispatch", "find_work", limit=2, **filters)
        while True:
            numbers += [order["order_no"] for order in page["work"]]
            if page["next"] is None:
                return numbers
            page = desk.call("dispatch", "find_work", limit=2, after=page["next"], **filters)

    newest_first = [order_of(one) for one in sorted(tickets, key=lambda one: one.at, reverse=True)]
    assert found(team=team) == newest_first
    assert sorted(found(team=team, priority="P2")) == sorted(order_of(one) for one in tickets[1:3])
    assert len(found(team=team, state="queued")) == 3
    assert len(found(agent=a1)) == 2
    assert found(agent=a1, state="closed") == []
    assert set(found(customer_id="C-1", team=team)) == set(newest_first)


FILTERS = {
    "team": "it",
    "agent": "a1",
    "state": "queued",
    "priority": "P1",
    "customer_id": "C-1",
    "step": "fix",
    "flow": "repair",
    "reference": "INC1",
}


@pytest.mark.parametrize(
    "filters", [dict(chosen) for size in range(9) for chosen in combinations(FILTERS.items(), size)], ids=str
)
def test_every_combination_of_filters_reads_an_index_in_order(stack: Stack, filters: dict[str, str]) -> None:
    wanted, index = query(filters, None)
    rows = stack.database["dispatch_orders"].find(wanted).hint(index).sort("place", DESCENDING).limit(51)
    plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"])
    assert f'"indexName": "{index}"' in plan
    assert '"stage": "SORT"' not in plan
    assert "COLLSCAN" not in plan


def test_what_runs_per_event_and_per_timer_reads_an_index(stack: Stack) -> None:
    orders, agents = stack.database["dispatch_orders"], stack.database["dispatch_agents"]
    assignments = stack.database["dispatch_assignments"]
    queues = {"$in": ["it", "it#expert", "it~radio"]}
    waiting = {"queues": queues, "turn": {"$gt": "0P3"}}
    someone = an_agent("a1", languages=("en", "zh-CN"), channels=("phone",), at_once={"fault": 0})
    plans = {
        "of_queue": orders.find(waiting).sort("turn", 1).hint("of_queue"),
        "of_queue  ": orders.find(waiting | within_limits(someone)).sort("turn", 1).hint("of_queue"),
        "of_queue   ": orders.find(waiting | for_any([someone] * 3)).sort("turn", 1).hint("of_queue"),
        "of_queue ": orders.find({"queues": {"$gt": "it"}}).hint("of_queue"),
        "of_stranded": orders.find({"stranded": "it|", "replay_until": None}).sort("turn", 1).hint("of_stranded"),
        "of_stranded ": orders.find({"stranded": {"$gt": "it|"}}).hint("of_stranded"),
        "of_alarm": orders.find({"alarms": "it|presence", "replay_until": None}).hint("of_alarm"),
        "of_customer": orders.find({"customer_id": "C-1"}).sort("place", DESCENDING).hint("of_customer"),
        "seats": agents.find({"queues": queues, "has_room": True}).hint("seats"),
        "of_team": agents.find({"teams": "it"}),
        "of_order": assignments.find({"order_no": "W-1"}).sort("number", DESCENDING).hint("of_order"),
    }
    for index, rows in plans.items():
        plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"], default=str)
        assert f'"indexName": "{index.strip()}"' in plan
        assert '"stage": "SORT"' not in plan
