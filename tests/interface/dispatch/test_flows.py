"""Work that goes through flows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.client import Client
from shared.errors import IllegalMove, ValidationError
from shared.events import Event
from tests.interface.dispatch.desk import (
    a_ticket,
    an_agent,
    claims,
    come,
    do,
    loads,
    opened,
    order_of,
    standing,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


def test_work_goes_through_its_flow_with_a_seat_for_every_open_step(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str, expert: str
) -> None:
    ticket = a_ticket(team, type="repair", reference=f"INC {team}")
    (order,) = opened(desk, tell, ticket)
    assert (order["flow"].split("@")[0], order["steps"]) == ("repair", ["report"])

    do(desk, "complete_step", ticket, fields={"symptom": "断网"})
    order = work(desk, ticket)
    holders = {visit["step"]: visit["agent"] for visit in order["visits"]}
    assert (order["steps"], holders["survey"]) == (["survey", "approval"], expert)
    assert sum(loads(stack, team).values()) == 2
    assert claims(stack, team) == {agent: load for agent, load in loads(stack, team).items() if load}

    do(desk, "complete_step", ticket, step="survey")
    do(desk, "complete_step", ticket, step="approval")
    with pytest.raises(ValidationError) as refused:
        do(desk, "complete_step", ticket, fee={"amount": 1000}, fields={"colour": "red"}, solution="Fixed")
    assert sorted(refused.value.fields) == ["fee.amount", "fields.colour"]
    answer = do(desk, "complete_step", ticket, fee={"amount": "12.5"}, solution="Fixed")

    assert (answer["state"], answer["steps"]) == ("resolved", [])
    order = work(desk, ticket)
    assert (order["fields"], order["fee_total"], order["solution"]) == ({"symptom": "断网"}, {"CNY": "12.50"}, "Fixed")
    assert set(loads(stack, team).values()) == {0}
    completed = eventually(lambda: len(ear.heard("step_completed", order_no=order_of(ticket))) == 4)
    assert completed
    assert all("fields" not in one.data for one in ear.heard("step_completed", order_no=order_of(ticket)))


def test_work_that_needs_an_expert_keeps_nobody_else_waiting(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    urgent = a_ticket(team, type="repair", priority="P1")
    come(desk, f"a1 of {team}", team, capacity=1)
    opened(desk, tell, urgent)
    do(desk, "complete_step", urgent, fields={"symptom": "x"})  # a1 approves; the survey waits for an expert
    waiting = a_ticket(team, priority="P4")
    opened(desk, tell, waiting)
    assert work(desk, waiting)["state"] == "queued"

    do(desk, "complete_step", urgent, step="approval")

    assert work(desk, waiting)["agent"] == f"a1 of {team}"
    assert work(desk, urgent)["visits"][0]["agent"] is None

    come(desk, f"a novice of {team}", team, capacity=9)
    assert work(desk, urgent)["visits"][0]["agent"] is None
    expert = come(desk, f"expert of {team}", team, capacity=9, role="expert", skills=["radio"])
    assert work(desk, urgent)["visits"][0]["agent"] == expert
    assert stack.database["dispatch_orders"].find_one({"_id": order_of(urgent)})["queues"] == []


def test_a_command_that_could_mean_several_steps_has_to_name_one(
    desk: Client, tell: Feigned, team: str, a1: str, expert: str
) -> None:
    ticket = a_ticket(team, type="repair")
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "x"})

    with pytest.raises(IllegalMove) as refused:
        do(desk, "accept", ticket)
    assert refused.value.details == {"rule": "step", "move": "accept", "steps": ["survey", "approval"]}
    assert do(desk, "accept", ticket, step="approval")["state"] == "accepted"
    with pytest.raises(IllegalMove) as refused:
        do(desk, "resolve", ticket, solution="Done")
    assert refused.value.details["rule"] == "steps_remain"


def test_a_late_step_is_skipped_and_a_supervisor_sends_work_elsewhere(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str, expert: str
) -> None:
    ticket = a_ticket(team, type="repair", at=datetime.now(UTC) - timedelta(hours=3))
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "x"})
    with pytest.raises(IllegalMove):
        do(desk, "skip_step", ticket, step="survey", reason="nobody there")

    do(desk, "reroute", ticket, to="report", reason="wrong customer")
    assert work(desk, ticket)["steps"] == ["report"]
    do(desk, "reroute", ticket, to="fix", reason="it is known")
    with pytest.raises(IllegalMove):
        do(desk, "reroute", ticket, to="survey", reason="look again")
    do(desk, "complete_step", ticket, fee={"amount": 3, "note": "cable"}, solution="Fixed")
    do(desk, "void_fee", ticket, fee=1, reason="was free")

    order = work(desk, ticket)
    assert (order["fee_total"], order["fees"][0]["void_reason"]) == ({}, "was free")
    told = eventually(lambda: ear.heard("work_rerouted", order_no=order_of(ticket), to="report"))
    assert told[0].data["from_steps"] == ["survey", "approval"]
    assert eventually(lambda: ear.heard("fee_voided", order_no=order_of(ticket), amount="3.00"))


def given(desk: Client, ticket: Event) -> list[tuple[str, str, str]]:
    """(agent, rule, need) of every assignment."""
    told = [entry["data"] for entry in work(desk, ticket)["history"] if entry["type"] == "work_assigned"]
    return [(data["agent"], data["rule"], data["need"]) for data in told]


def test_who_did_a_step_goes_on_with_the_next_and_does_it_again_when_it_comes_again(
    desk: Client, tell: Feigned, team: str, a1: str, expert: str
) -> None:
    b1, ticket = come(desk, f"b1 of {team}", team, capacity=1), a_ticket(team, type="repair")
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "x"})
    do(desk, "complete_step", ticket, step="survey")
    do(desk, "complete_step", ticket, step="approval")
    do(desk, "reroute", ticket, to="report", reason="wrong place")
    do(desk, "reroute", ticket, to="fix", reason="right after all")
    do(desk, "complete_step", ticket, fee={"amount": 1}, solution="Fixed")
    do(desk, "reopen", ticket, reason="again", cause="customer")

    assert given(desk, ticket) == [
        (a1, "best_score", team),
        (expert, "best_score", f"{team}#expert~radio"),
        (b1, "best_score", team),
        (b1, "agent_of_the_step_before", team),
        (a1, "former_agent", team),
        (expert, "best_score", team),
        (a1, "former_agent", team),
    ]


def test_whom_a_caller_asks_for_gets_the_step_for_that(
    desk: Client, tell: Feigned, team: str, a1: str, expert: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "transfer", ticket, agent=expert, reason="knows it")

    assert given(desk, ticket) == [(a1, "best_score", team), (expert, "wished", team)]


def test_a_branch_that_has_come_to_its_join_is_opened_again(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str, expert: str
) -> None:
    ticket = a_ticket(team, type="repair")
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "x"})
    do(desk, "complete_step", ticket, step="survey")

    do(desk, "reroute", ticket, to="survey", reason="look again")
    assert work(desk, ticket)["steps"] == ["approval", "survey"]
    do(desk, "complete_step", ticket, step="approval")
    assert work(desk, ticket)["steps"] == ["survey"]
    do(desk, "complete_step", ticket)

    assert work(desk, ticket)["steps"] == ["fix"]
    (told,) = eventually(lambda: ear.heard("work_rerouted", order_no=order_of(ticket)))
    assert (told.data["from_steps"], told.data["agent"]) == ([], None)


def test_work_that_waited_says_what_made_room_for_it(desk: Client, tell: Feigned, stack: Stack, team: str) -> None:
    agent = come(desk, f"a1 of {team}", team, capacity=1)
    tickets = [a_ticket(team, priority=priority) for priority in ("P1", "P2", "P3", "P4")]
    for ticket in tickets:
        opened(desk, tell, ticket)

    stack.stop_process("dispatch-worker")  # whose timer finds the room, too, if it looks at that moment
    try:
        do(desk, "resolve", tickets[0], solution="Done")
        desk.command("dispatch", "save_agent", **an_agent(agent, team, capacity=2))
    finally:
        stack.start_process("dispatch-worker")
    stack.database["dispatch_agents"].update_one({"_id": agent}, {"$set": {"capacity": 3, "has_room": True}})
    standing(desk, tickets[3], "assigned")

    causes = [entry["cause"] for one in tickets for entry in work(desk, one)["history"] if "assigned" in entry["type"]]
    assert causes[1:] == [f"room after {order_of(tickets[0])}", f"room with {agent}", "room found by the timer"]


def test_work_is_found_by_its_step_flow_and_reference(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team, type="repair", reference=f"REF {team}")
    opened(desk, tell, ticket)

    def found(**filters: Any) -> list[str]:
        return [one["order_no"] for one in desk.call("dispatch", "find_work", **filters)["work"]]

    assert found(reference=f"REF {team}") == [order_of(ticket)]
    assert found(step="report", team=team) == found(flow="repair", team=team) == [order_of(ticket)]
    assert found(step="fix", team=team) == []


def test_what_the_history_tells_is_what_is_stored(desk: Client, tell: Feigned, team: str, a1: str, expert: str) -> None:
    ticket = a_ticket(team, type="repair", at=datetime.now(UTC) - timedelta(days=2))
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "x"})
    do(desk, "hold", ticket, reason="waiting_for_customer")

    place = {"collection": "dispatch_orders", "id": order_of(ticket)}
    page = desk.call("dispatch", "verify_history", after={**place, "id": order_of(ticket)[:-1]}, until=place)

    assert page["faults"] == []
    assert page["aggregates"][-1]["rebuilt"] is True
