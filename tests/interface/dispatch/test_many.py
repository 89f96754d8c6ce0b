"""Many at once: every seat is taken, none twice, and loads are right."""

from __future__ import annotations

from random import Random
from typing import Any

from services.dispatch.storage.waiting import LOOKED_AT
from shared.client import Client, Request
from shared.errors import IllegalMove, NotFound, Unavailable
from tests.interface.dispatch.desk import (
    TEAMS,
    a_ticket,
    claims,
    come,
    happened,
    insist,
    loads,
    news,
    opened,
    order_of,
    work,
)
from tests.interface.feigned import Feigned
from tests.support import Stack, eventually


def test_200_tickets_at_once_take_every_seat_and_none_twice(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agents = [come(desk, f"agent {number} of {team}", team, capacity=4) for number in range(5)]
    tickets = [a_ticket(team) for _ in range(200)]

    tell.tell(*tickets)
    eventually(lambda: stack.database["dispatch_orders"].count_documents({"team": team}) == 200)

    eventually(lambda: claims(stack, team) == dict.fromkeys(agents, 4))
    assert loads(stack, team) == dict.fromkeys(agents, 4)
    waiting = stack.database["dispatch_orders"].find({"team": team, "state": "queued"})
    assert [[entry["type"] for entry in order["history"]].count("work_queued") for order in waiting] == [1] * 180


def test_200_transfers_at_once_to_few_seats_have_one_winner_each(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    target = TEAMS[-1]
    tickets = [a_ticket(team) for _ in range(200)]
    opened(desk, tell, *tickets)
    agents = [come(desk, f"agent {number} of {target}", target, capacity=3) for number in range(4)]

    requests = [Request.command("dispatch", "transfer", order_no=order_of(one), team=target) for one in tickets]
    answers = insist(desk, requests)

    assert all(answer["team"] == target for answer in answers)
    eventually(lambda: claims(stack, target) == dict.fromkeys(agents, 3))
    assert loads(stack, target) == dict.fromkeys(agents, 3)
    taken = list(stack.database["dispatch_orders"].find({"team": target, "state": "assigned"}))
    assert len(taken) == 12


def test_what_very_many_before_it_cannot_take_keeps_nothing_waiting_for_ever(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    for_nobody = [a_ticket(team, priority="P1", language="fr") for _ in range(LOOKED_AT + 20)]
    for_somebody = a_ticket(team, priority="P4", language="en")
    tell.tell(*for_nobody, for_somebody)
    eventually(lambda: stack.database["dispatch_orders"].count_documents({"team": team}) == len(for_nobody) + 1)

    agent = come(desk, f"english of {team}", team, capacity=5, languages=["en"])

    eventually(lambda: claims(stack, team) == {agent: 1})
    assert work(desk, for_somebody)["agent"] == agent


STORM: list[tuple[str, dict[str, Any]]] = [
    ("accept", {}),
    ("prioritise", {"priority": "P1", "reason": "urgent"}),
    ("hold", {"reason": "waiting_for_customer"}),
    ("resume", {}),
    ("resume", {}),
    ("resolve", {"solution": "Done"}),
    ("reopen", {"reason": "again"}),
    ("complete_step", {"step": "report", "fields": {"symptom": "x"}}),
    ("complete_step", {"step": "report", "fields": {"symptom": "x"}}),
    ("complete_step", {"step": "survey"}),
    ("complete_step", {"step": "approval"}),
    ("complete_step", {"step": "fix", "solution": "Done"}),
    ("reroute", {"to": "report", "reason": "again"}),
]


def test_loads_are_right_after_a_storm_of_everything(desk: Client, tell: Feigned, stack: Stack, team: str) -> None:
    random = Random(11)
    for number in range(3):
        come(desk, f"agent {number} of {team}", team, capacity=4, role="expert", skills=["radio"])
    come(desk, f"novice of {team}", team, capacity=4)
    tickets = [a_ticket(team, type=random.choice(("fault", "repair"))) for _ in range(40)]
    opened(desk, tell, *tickets)

    def a_request() -> Request:
        method, fields = random.choice(STORM)
        return Request.command("dispatch", method, order_no=order_of(random.choice(tickets)), **fields)

    pending = [desk.send(a_request(), timeout=60) for _ in range(500)]
    for one in pending:
        try:
            desk.result(one)
        except (IllegalMove, NotFound, Unavailable):
            continue

    def balanced() -> bool:
        counted, taken = claims(stack, team), loads(stack, team)
        agents = stack.database["dispatch_agents"].find({"teams": team, "has_room": True})
        served = {queue for agent in agents for queue in agent["queues"]}
        waiting = stack.database["dispatch_orders"].find({"teams": team, "queues": {"$in": list(served)}})
        return taken == {agent: counted.get(agent, 0) for agent in taken} and not list(waiting)

    eventually(balanced)
    first, last = order_of(tickets[0]), order_of(tickets[-1])
    orders = "dispatch_orders"
    page = desk.call(
        "dispatch",
        "verify_history",
        after={"collection": orders, "id": first[:-1]},
        until={"collection": orders, "id": last},
    )
    assert (page["faults"], len(page["aggregates"]) >= 40) == ([], True)


def test_of_many_at_once_that_nobody_can_take_one_alarms_for_each_cause(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    come(desk, f"english of {team}", team, capacity=5, languages=["en"])

    for kind in ("fault", "later fault"):  # and again once nothing waits there any more
        tickets = [a_ticket(team, language="fr", type=kind) for _ in range(24)]
        tell.tell(*tickets)
        orders = [order_of(ticket) for ticket in tickets]
        waiting = {"_id": {"$in": orders}, "stranded": f"{team}|language"}
        eventually(lambda w=waiting: stack.database["dispatch_orders"].count_documents(w) == 24)

        told = [happened(order)[-1] for order in stack.database["dispatch_orders"].find(waiting)]

        assert sorted(told) == ["work_stranded"] + ["work_stranded_too"] * 23
        withdrawn = [
            news("intake", "ticket_withdrawn", t.aggregate_id, number=2, ticket_no=t.aggregate_id, reason="no")
            for t in tickets
        ]
        tell.tell(*withdrawn)
        eventually(lambda w=waiting: stack.database["dispatch_orders"].count_documents(w) == 0)


def test_an_agent_that_asks_gets_what_it_may_have_behind_very_much_that_it_may_not(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agent = come(desk, f"asks of {team}", team, capacity=2, languages=["en"], channels=["phone"])
    opened(desk, tell, a_ticket(team))
    hindrances: list[dict[str, Any]] = [
        {"language": "fr"},
        {"channel": "app"},
        {"complained_of": agent},
        {"type": "heavy"},
    ]
    not_for_it = [a_ticket(team, priority="P1", **hindrance) for hindrance in hindrances for _ in range(60)]
    desk.command("dispatch", "set_presence", agent_id=agent, status="busy")
    for_it = [a_ticket(team, priority=priority, language="en") for priority in ("P4", "P3")]
    tell.tell(*not_for_it, *for_it)
    eventually(lambda: stack.database["dispatch_orders"].count_documents({"team": team}) == 1 + 240 + 2)

    answers = [desk.command("dispatch", "next_work", agent_id=agent) for _ in range(2)]

    assert [answer and answer["order_no"] for answer in answers] == [order_of(for_it[1]), None]
    assert loads(stack, team) == {agent: 2}
