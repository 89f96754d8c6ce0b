"""Work from its opening to its closure, and who gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from shared.client import Client, Request
from shared.errors import Conflict, IllegalMove, NotFound, ValidationError
from tests.interface.dispatch.desk import (
    EXPERTS,
    TEAMS,
    a_ticket,
    an_agent,
    closure,
    come,
    dissatisfaction,
    do,
    happened,
    kept,
    loads,
    news,
    opened,
    order_of,
    standing,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


def test_a_submitted_ticket_becomes_work_of_a_present_agent(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = a_ticket(team, priority="P1")

    (order,) = opened(desk, tell, ticket)

    assert (order["order_no"], order["ticket_no"]) == (order_of(ticket), ticket.data["ticket_no"])
    assert (order["state"], order["team"], order["agent"], order["subject"]) == ("assigned", team, a1, "断网了 😡")
    assert happened(order) == ["work_opened", "work_assigned"]
    due = (ticket.at + timedelta(minutes=15)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert order["first_response"] == {"due": due, "done_at": None, "met": None}
    told = eventually(lambda: ear.heard("work_assigned", order_no=order["order_no"]))
    assert (told[0].data["agent"], told[0].data["customer_id"], told[0].causation_id) == (a1, "C-1", ticket.id)
    assert ear.heard("work_opened", order_no=order["order_no"])[0].data["first_response_due"] == due


def test_the_same_ticket_told_many_times_is_one_work_order_and_one_claim(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    first, second = a_ticket(team), a_ticket(team)
    shuffled = [first, second] * 5
    Random(7).shuffle(shuffled)

    opened(desk, tell, *shuffled)
    last = a_ticket(team)
    opened(desk, tell, last)  # whatever was told before it has been handled, or will find the work there

    assert loads(stack, team) == {a1: 2}
    eventually(lambda: ear.heard("work_opened", order_no=order_of(last)))
    assert len(ear.heard("work_opened", order_no=order_of(first))) == 1


def test_work_goes_to_the_least_loaded(desk: Client, tell: Feigned, stack: Stack, team: str) -> None:
    agents = [come(desk, f"{name} of {team}", team, capacity=5) for name in ("a1", "a2", "a3")]

    for _ in range(6):
        opened(desk, tell, a_ticket(team))

    assert loads(stack, team) == dict.fromkeys(agents, 2)


def test_work_withdrawn_before_it_was_heard_of_never_begins(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    number = ticket.data["ticket_no"]

    tell.tell(news("intake", "ticket_withdrawn", number, number=2, ticket_no=number, reason="found it myself"))
    standing(desk, ticket, "withdrawn")
    tell.tell(ticket)
    opened(desk, tell, a_ticket(team))

    assert happened(work(desk, ticket)) == ["work_withdrawn_unopened"]
    assert loads(stack, team) == {a1: 1}


def test_withdrawn_work_gives_its_agent_room_again(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    number = ticket.data["ticket_no"]
    tell.tell(news("intake", "ticket_withdrawn", number, number=2, ticket_no=number, reason="found it myself"))

    standing(desk, ticket, "withdrawn")
    assert loads(stack, team) == {a1: 0}
    assert eventually(lambda: ear.heard("work_withdrawn", order_no=order_of(ticket), reason="found it myself"))


# waiting work


def test_waiting_work_is_given_out_the_most_urgent_first_and_then_the_oldest(
    desk: Client, tell: Feigned, team: str
) -> None:
    now = datetime.now(UTC)
    tickets = [
        a_ticket(team, priority=priority, at=now - timedelta(minutes=age))
        for priority, age in (("P3", 9), ("P2", 1), ("P3", 30), ("P2", 5))
    ]
    assert [order["state"] for order in opened(desk, tell, *tickets)] == ["queued"] * 4

    taken = []
    for number in range(4):
        come(desk, f"agent {number} of {team}", team, capacity=1)
        taken.append({index for index, one in enumerate(tickets) if work(desk, one)["state"] == "assigned"})

    assert taken == [{3}, {3, 1}, {3, 1, 2}, {3, 1, 2, 0}]


def test_work_that_nobody_can_take_is_told_to_its_team_once(desk: Client, tell: Feigned, ear: Ear, team: str) -> None:
    ticket, taken = a_ticket(team), a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "hold", ticket, reason="waiting_for_customer")
    do(desk, "transfer", ticket, team=EXPERTS, reason="theirs")
    do(desk, "resume", ticket)
    come(desk, f"a1 of {team}", team, capacity=1)
    opened(desk, tell, taken)

    assert [kind for kind in happened(work(desk, ticket)) if not kind.startswith("work_stranded")] == [
        *("work_opened", "work_queued", "work_held", "work_transferred", "work_resumed", "work_queued"),
    ]
    told = eventually(lambda: len(found := ear.heard("work_queued", order_no=order_of(ticket))) == 2 and found)
    assert [(one.data["need"], one.data["team"], one.data["agent"]) for one in told] == [
        (team, team, None),
        (EXPERTS, EXPERTS, None),
    ]
    assert "work_queued" not in happened(work(desk, taken))
    do(desk, "hold", ticket, reason="waiting_for_customer")  # else it takes the expert of a later test


def test_room_made_by_resolving_goes_to_waiting_work(desk: Client, tell: Feigned, team: str) -> None:
    agent = come(desk, f"a1 of {team}", team, capacity=1)
    first, second = a_ticket(team), a_ticket(team)
    opened(desk, tell, first)
    opened(desk, tell, second)
    assert work(desk, second)["state"] == "queued"

    do(desk, "resolve", first, solution="Done")

    order = work(desk, second)
    assert (order["state"], order["agent"]) == ("assigned", agent)


def test_more_capacity_is_room(desk: Client, tell: Feigned, team: str) -> None:
    agent = come(desk, f"a1 of {team}", team, capacity=0)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    desk.command("dispatch", "save_agent", **an_agent(agent, team, capacity=1))

    assert work(desk, ticket)["state"] == "assigned"
    assert desk.call("dispatch", "get_agent", agent_id=agent)["has_room"] is False


def test_waiting_work_beside_a_free_agent_is_found_by_its_state(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agent = come(desk, f"a1 of {team}", team, capacity=0)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    # what a process leaves that died between making room and giving out the work
    stack.database["dispatch_agents"].update_one({"_id": agent}, {"$set": {"capacity": 1, "has_room": True}})

    assert standing(desk, ticket, "assigned")["agent"] == agent


# the work itself


def test_work_runs_from_acceptance_to_closure(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    answers = [
        do(desk, "accept", ticket, actor="Agent 1"),
        do(desk, "respond", ticket, note="We are on it"),
        do(desk, "hold", ticket, reason="waiting_for_customer", note="等客户回复"),
        do(desk, "resume", ticket),
        do(desk, "resolve", ticket, solution="已更换网线 🙂"),
    ]
    tell.tell(closure(ticket, 0))
    order = standing(desk, ticket, "closed")

    assert [answer["state"] for answer in answers] == ["accepted", "accepted", "held", "accepted", "resolved"]
    assert happened(order) == [
        "work_opened",
        "work_assigned",
        "work_accepted",
        "work_responded",
        "work_held",
        "work_resumed",
        "work_resolved",
        "work_closed",
    ]
    assert order["history"][2]["actor"] == "Agent 1"
    assert (order["solution"], order["language"], order["outcome"]) == ("已更换网线 🙂", "zh-CN", "satisfied")
    assert (order["first_response"]["met"], order["resolution"]["met"]) == (True, True)
    assert loads(stack, team) == {a1: 0}
    for kind in ("work_responded", "work_held", "work_resumed", "work_resolved", "work_closed"):
        assert eventually(lambda kind=kind: ear.heard(kind, order_no=order["order_no"], agent=a1, round=0))


def test_a_move_that_the_table_lacks_is_refused_by_name(desk: Client, tell: Feigned, team: str) -> None:
    ticket = a_ticket(team)
    (before,) = opened(desk, tell, ticket)

    with pytest.raises(IllegalMove) as refused:
        do(desk, "accept", ticket)

    assert refused.value.details == {"rule": "transition", "move": "accept", "state": "queued"}
    assert kept(work(desk, ticket)) == kept(before)


def test_the_same_request_is_done_once_and_answered_alike(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    request = Request.command("dispatch", "resolve", order_no=order_of(ticket), solution="Done")

    first, *others = desk.call_many([request] * 8)

    assert others == [first] * 7
    assert loads(stack, team) == {a1: 0}
    assert happened(work(desk, ticket)).count("work_resolved") == 1
    with pytest.raises(Conflict):
        desk.call("dispatch", "resolve", **{**request.fields, "solution": "something else"})


def test_a_stale_version_is_refused(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team)
    (order,) = opened(desk, tell, ticket)
    do(desk, "accept", ticket, expected_version=order["version"])

    with pytest.raises(Conflict):
        do(desk, "hold", ticket, reason="waiting_for_customer", expected_version=order["version"])


def test_transferred_work_goes_to_somebody_of_the_other_team_at_once(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    other = TEAMS[-2]  # nobody's work waits there
    a2 = come(desk, f"a2 of {team}", other, capacity=1)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    answer = do(desk, "transfer", ticket, team=other, agent=a2, reason="not ours")

    assert (answer["state"], answer["team"], answer["agent"]) == ("assigned", other, a2)
    assert (loads(stack, team)[a1], loads(stack, other)[a2]) == (0, 1)
    told = eventually(lambda: ear.heard("work_transferred", order_no=order_of(ticket)))
    assert (told[0].data["from_team"], told[0].data["team"]) == (team, other)
    do(desk, "resolve", ticket, solution="Done")


def test_a_transfer_that_cannot_be_is_refused_and_changes_nothing(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    full = come(desk, f"a2 of {team}", team, capacity=0)
    stranger = come(desk, f"a3 of {team}", "it", capacity=0)
    ticket = a_ticket(team)
    (before,) = opened(desk, tell, ticket)

    for fields, refusal in (
        ({"team": "nowhere"}, NotFound),
        ({"agent": "nobody"}, NotFound),
        ({"team": team}, IllegalMove),
        ({"agent": full}, IllegalMove),
        ({"agent": stranger, "team": team}, IllegalMove),
        ({}, ValidationError),
    ):
        with pytest.raises(refusal):
            do(desk, "transfer", ticket, **fields)

    assert kept(work(desk, ticket)) == kept(before)
    assert loads(stack, team)[a1] == 1


def test_reopened_work_goes_back_to_who_did_it(desk: Client, tell: Feigned, ear: Ear, team: str) -> None:
    a1 = come(desk, f"a1 of {team}", team, capacity=5)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "resolve", ticket, solution="Done")
    come(desk, f"a2 of {team}", team, capacity=5)

    answer = do(desk, "reopen", ticket, reason="It is back", cause="customer")

    assert (answer["state"], answer["agent"], answer["round"]) == ("assigned", a1, 1)
    told = eventually(lambda: ear.heard("work_reopened", order_no=order_of(ticket), cause="customer"))
    assert told[0].data["round"] == 1


def test_a_dissatisfied_customer_reopens_the_work_under_the_supervisors_eyes(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "resolve", ticket, solution="Done")

    tell.tell(dissatisfaction(ticket, 0))

    order = standing(desk, ticket, "assigned")
    assert (order["round"], order["supervised"], order["escalation"], order["agent"]) == (1, True, 1, a1)
    escalated = next(entry for entry in order["history"] if entry["type"] == "work_escalated")
    assert (escalated["data"]["supervisor"], escalated["data"]["why"]) == ("chief", "dissatisfied")


def test_news_of_an_earlier_round_is_refused_and_not_kept(desk: Client, tell: Feigned, stack: Stack, team: str) -> None:
    come(desk, f"a1 of {team}", team, capacity=5)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "resolve", ticket, solution="Done")
    do(desk, "reopen", ticket, reason="It is back")
    do(desk, "resolve", ticket, solution="Done again")
    before = work(desk, ticket)

    old_news = [closure(ticket, 0), dissatisfaction(ticket, 0)]
    tell.tell(*old_news)
    eventually(lambda: all(one.id in stack.log_text("dispatch-worker") for one in old_news))

    assert kept(work(desk, ticket)) == kept(before)
    assert [body for body in stack.parked("dispatch") if order_of(ticket).encode() in body] == []
