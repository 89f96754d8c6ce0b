"""Work is offered, declined, asked for and reassigned; what waits is given out in turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.client import Client, Request
from shared.errors import Conflict, Forbidden, LoopdeskError, NotFound
from tests.interface.dispatch.desk import (
    a_ticket,
    claims,
    come,
    do,
    happened,
    insist,
    loads,
    news,
    opened,
    order_of,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


def ask(desk: Client, agent_id: str, **more: Any) -> dict[str, Any] | None:
    answer: dict[str, Any] | None = desk.command("dispatch", "next_work", agent_id=agent_id, **more)
    return answer


def said(desk: Client, agent_id: str, status: str) -> None:
    desk.command("dispatch", "set_presence", agent_id=agent_id, status=status)


def assignments(stack: Stack, order_no: str) -> list[dict[str, Any]]:
    """What the assignments of the work say of it, in their order."""
    shown = {"_id": 0, "number": 1, "agent": 1, "outcome": 1, "came": 1}
    return list(stack.database["dispatch_assignments"].find({"order_no": order_no}, shown).sort("number", 1))


@pytest.fixture
def a2(desk: Client, team: str, a1: str) -> str:
    return come(desk, f"a2 of {team}", team, capacity=2)


# declining


def test_declined_work_goes_to_somebody_else_and_never_back(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a2: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    first = do(desk, "decline", ticket, reason="my neighbour")
    second = do(desk, "decline", ticket, reason="no time")

    assert (first["agent"], second["agent"], second["state"]) == (a2, None, "queued")
    assert assignments(stack, order_of(ticket)) == [
        {"number": 1, "agent": a1, "outcome": "declined", "came": "assigned"},
        {"number": 2, "agent": a2, "outcome": "declined", "came": "assigned"},
    ]
    assert loads(stack, team) == {a1: 0, a2: 0}
    order = work(desk, ticket)
    assert [(one["agent"], one["reason"]) for one in order["declined"]] == [(a1, "my neighbour"), (a2, "no time")]
    assert (order["visits"][0]["offers"], order["visits"][0]["stranded"]) == (2, "declined")
    assert ask(desk, a1) is None


def test_nobody_declines_what_nobody_has(desk: Client, tell: Feigned, team: str) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    with pytest.raises(LoopdeskError, match="cannot decline"):
        do(desk, "decline", ticket, reason="no")


# offers


def test_an_offer_that_is_not_accepted_in_time_goes_to_the_next(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str, a2: str
) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    ticket = a_ticket(team, priority="P2", at=began, replay_until=began)
    opened(desk, tell, ticket)

    do(desk, "prioritise", ticket, priority="P3", reason="can wait", at=began + timedelta(minutes=12))

    order = work(desk, ticket)
    assert (order["state"], order["agent"]) == ("assigned", a2)
    (lapsed,) = eventually(lambda: ear.heard("work_lapsed", order_no=order_of(ticket)))
    assert (lapsed.at, lapsed.data["agent"], lapsed.data["offers"]) == (began + timedelta(minutes=10), a1, 1)
    assert [one["outcome"] for one in assignments(stack, order_of(ticket))] == ["lapsed", None]
    assert loads(stack, team) == {a1: 0, a2: 1}


def test_an_accepted_offer_does_not_run_out(desk: Client, tell: Feigned, team: str, a1: str, a2: str) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    ticket = a_ticket(team, priority="P2", at=began, replay_until=began)
    opened(desk, tell, ticket)
    do(desk, "accept", ticket, at=began + timedelta(minutes=9))

    do(desk, "respond", ticket, at=began + timedelta(hours=1))

    assert work(desk, ticket)["agent"] == a1


# asking for work


def test_an_agent_gets_the_most_urgent_of_what_waits_the_oldest_among_equals(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    now = datetime.now(UTC)
    tickets = [
        a_ticket(team, priority=priority, at=now - timedelta(minutes=age))
        for priority, age in (("P3", 1), ("P3", 9), ("P1", 1), ("P3", 5))
    ]
    opened(desk, tell, *tickets)
    agent = come(desk, f"busy of {team}", team, capacity=0)
    said(desk, agent, "busy")
    desk.command("dispatch", "save_agent", agent_id=agent, name="Busy", teams=[team], capacity=3)

    answers = [ask(desk, agent) for _ in range(4)]

    assert [answer and answer["order_no"] for answer in answers] == [
        *(order_of(tickets[place]) for place in (2, 1, 3)),
        None,
    ]
    assert loads(stack, team) == {agent: 3}
    assert assignments(stack, order_of(tickets[2])) == [
        {"number": 1, "agent": agent, "outcome": None, "came": "pulled"},
    ]


def test_of_the_same_priority_what_is_due_first_is_given_out_first_however_young(
    desk: Client, tell: Feigned, team: str
) -> None:
    now = datetime.now(UTC)
    later, soon, soon_too = (
        a_ticket(team, type=kind, at=now - timedelta(minutes=age))
        for kind, age in (("fault", 9), ("hurried", 1), ("hurried", 5))
    )
    opened(desk, tell, later, soon, soon_too)
    agent = come(desk, f"busy of {team}", team, capacity=0)
    said(desk, agent, "busy")
    desk.command("dispatch", "save_agent", agent_id=agent, name="Busy", teams=[team], capacity=2)

    pulled = ask(desk, agent)
    pushed = come(desk, f"free of {team}", team, capacity=1)

    assert pulled is not None
    assert (pulled["order_no"], work(desk, soon)["agent"], work(desk, later)["agent"]) == (
        order_of(soon_too),
        pushed,
        None,
    )


def test_late_work_comes_before_more_urgent_work(desk: Client, tell: Feigned, team: str) -> None:
    late, urgent = a_ticket(team, at=datetime.now(UTC) - timedelta(days=2)), a_ticket(team, priority="P1")
    opened(desk, tell, late, urgent)
    agent = come(desk, f"busy of {team}", team, capacity=0)
    said(desk, agent, "busy")
    desk.command("dispatch", "save_agent", agent_id=agent, name="Busy", teams=[team], capacity=3)

    answer = ask(desk, agent)

    assert answer is not None
    assert answer["order_no"] == order_of(late)


def test_asked_again_with_the_same_request_it_is_the_same_work(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    opened(desk, tell, a_ticket(team), a_ticket(team))
    agent = come(desk, f"busy of {team}", team, capacity=0)
    said(desk, agent, "busy")
    desk.command("dispatch", "save_agent", agent_id=agent, name="Busy", teams=[team], capacity=3)
    request = uuid4().hex

    answers = [ask(desk, agent, request_id=request) for _ in range(2)]

    assert answers[0] == answers[1] is not None
    assert loads(stack, team) == {agent: 1}


def test_the_same_request_delivered_to_many_at_once_gets_one_piece_of_work(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    opened(desk, tell, *(a_ticket(team) for _ in range(8)))
    agent = come(desk, f"busy of {team}", team, capacity=0)
    said(desk, agent, "busy")
    desk.command("dispatch", "save_agent", agent_id=agent, name="Busy", teams=[team], capacity=8)
    request, clients = uuid4().hex, [stack.client("importer") for _ in range(8)]

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda client: ask(client, agent, request_id=request), clients))

    assert answers == [answers[0]] * 8
    assert loads(stack, team) == {agent: 1}


@pytest.mark.parametrize("status", ["break", "away", "offline"])
def test_who_is_not_there_gets_nothing(desk: Client, tell: Feigned, team: str, status: str) -> None:
    opened(desk, tell, a_ticket(team))
    agent = f"gone of {team}"
    desk.command("dispatch", "save_agent", agent_id=agent, name="Gone", teams=[team], capacity=3)
    said(desk, agent, status)

    assert ask(desk, agent) is None


def test_an_agent_that_there_is_not_is_not_found(desk: Client) -> None:
    with pytest.raises(NotFound):
        ask(desk, "nobody")


def test_asked_again_with_the_same_request_nothing_stays_nothing(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agent, request = come(desk, f"asks of {team}", team, capacity=1), uuid4().hex
    assert ask(desk, agent, request_id=request) is None
    said(desk, agent, "busy")
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    again = ask(desk, agent, request_id=request)

    assert (again, claims(stack, team)) == (None, {})
    with pytest.raises(Conflict):
        ask(desk, f"other than {agent}", request_id=request)
    answer = ask(desk, agent)
    assert answer is not None
    assert answer["order_no"] == order_of(ticket)


def test_200_who_ask_at_once_have_one_winner_for_one_piece_of_work(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    agents = [f"agent {number} of {team}" for number in range(200)]
    saved = [
        Request.command("dispatch", "save_agent", agent_id=agent, name="Many", teams=[team], capacity=1)
        for agent in agents
    ]
    list(desk.call_many(saved, timeout=60))
    list(
        desk.call_many(
            [Request.command("dispatch", "set_presence", agent_id=agent, status="busy") for agent in agents], timeout=60
        )
    )

    asked = [Request.command("dispatch", "next_work", agent_id=agent) for agent in agents]
    answers = insist(desk, asked)

    (winner,) = [agent for agent, answer in zip(agents, answers, strict=True) if answer is not None]
    assert work(desk, ticket)["agent"] == winner
    assert claims(stack, team) == {winner: 1}
    assert {agent: load for agent, load in loads(stack, team).items() if load} == {winner: 1}


# reassigning


def test_a_supervisor_gives_work_to_an_agent(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a2: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    answer = do(desk, "reassign", ticket, agent=a2, reason="knows the site")

    assert (answer["agent"], answer["state"]) == (a2, "assigned")
    assert loads(stack, team) == {a1: 0, a2: 1}
    assert [(one["agent"], one["outcome"]) for one in assignments(stack, order_of(ticket))] == [
        (a1, "reassigned"),
        (a2, None),
    ]


def test_work_is_reassigned_to_who_cannot_have_it_only_with_a_reason(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    said(desk, a2, "away")

    with pytest.raises(LoopdeskError) as refused:
        do(desk, "reassign", ticket, agent=a2, reason="knows the site")
    before = work(desk, ticket)
    answer = do(desk, "reassign", ticket, agent=a2, reason="knows the site", override="back in a minute")

    assert refused.value.details == {"rule": "eligible", "agent": a2, "limits": ["presence"]}
    assert before["agent"] == a1
    assert answer["agent"] == a2
    assert work(desk, ticket)["history"][-1]["data"]["override"] == "back in a minute"


def test_a_complaint_never_goes_to_whom_it_is_about(desk: Client, tell: Feigned, team: str, a1: str, a2: str) -> None:
    ticket = a_ticket(team, complained_of=a1, wanted_agent=a1)
    (order,) = opened(desk, tell, ticket)

    with pytest.raises(LoopdeskError) as refused:
        do(desk, "reassign", ticket, agent=a1, reason="no one else", override="I insist")

    assert order["agent"] == a2
    assert refused.value.details["limits"] == ["subject"]


def test_a_customer_gets_the_agent_asked_for_if_that_one_can_have_it(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str
) -> None:
    orders = [opened(desk, tell, a_ticket(team, wanted_agent=a2))[0] for _ in range(3)]

    assert [order["agent"] for order in orders] == [a2, a2, a1]
    assert orders[0]["history"][-1]["data"]["rule"] == "wished"


def test_only_a_supervisor_reassigns(stack: Stack) -> None:
    with pytest.raises(Forbidden):
        stack.client("workbench").command("dispatch", "reassign", order_no="W-0", agent="a1", reason="x")


# what waits


def test_heavy_work_counts_for_as_much_as_it_weighs(desk: Client, tell: Feigned, stack: Stack, team: str) -> None:
    agent = come(desk, f"strong of {team}", team, capacity=4)
    heavy, light, waiting = a_ticket(team, type="heavy"), a_ticket(team), a_ticket(team)

    opened(desk, tell, heavy)
    opened(desk, tell, light)
    opened(desk, tell, waiting)

    (stored,) = stack.database["dispatch_agents"].find({"_id": agent})
    assert (stored["load"], stored["open"], stored["kinds"]) == (4, 2, {"heavy": 1, "fault": 1})
    assert work(desk, waiting)["state"] == "queued"
    do(desk, "resolve", heavy, solution="Done")
    assert work(desk, waiting)["agent"] == agent


def test_work_that_becomes_more_urgent_weighs_more_with_who_has_it_and_less_again(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agent = come(desk, f"strong of {team}", team, capacity=4)
    heavy, waiting = a_ticket(team, type="heavy"), a_ticket(team)
    opened(desk, tell, heavy)

    urgent = do(desk, "override_priority", heavy, priority="P1", reason="all are down")
    opened(desk, tell, waiting)

    place = {"order_no": order_of(heavy)}
    assert (urgent["agent"], loads(stack, team), work(desk, waiting)["agent"]) == (agent, {agent: 5}, None)
    assert [one["units"] for one in stack.database["dispatch_assignments"].find(place)] == [5]
    do(desk, "prioritise", heavy, priority="P3", reason="only one is")
    assert work(desk, waiting)["agent"] == agent
    (stored,) = stack.database["dispatch_agents"].find({"_id": agent})
    assert (stored["load"], stored["open"], stored["kinds"]) == (4, 2, {"heavy": 1, "fault": 1})
    assert [one["units"] for one in stack.database["dispatch_assignments"].find(place)] == [3]


def test_what_the_first_in_the_queue_cannot_take_keeps_nothing_behind_it_waiting(
    desk: Client, tell: Feigned, team: str
) -> None:
    chinese, english = a_ticket(team, priority="P1", language="zh-CN"), a_ticket(team, language="en")
    opened(desk, tell, chinese, english)

    agent = come(desk, f"speaks of {team}", team, capacity=2, languages=["en"])

    assert [work(desk, ticket)["agent"] for ticket in (chinese, english)] == [None, agent]


def test_work_that_nobody_at_all_can_take_alarms_once_for_its_cause(
    desk: Client, tell: Feigned, ear: Ear, team: str
) -> None:
    agent = come(desk, f"away of {team}", team, capacity=2)
    said(desk, agent, "away")
    tickets = [a_ticket(team) for _ in range(3)]
    for ticket in tickets:
        opened(desk, tell, ticket)

    (alarm,) = eventually(lambda: ear.heard("work_stranded", team=team))
    assert (alarm.data["cause"], alarm.data["need"], alarm.data["duty_manager"]) == ("presence", team, "duty")
    assert [happened(work(desk, ticket))[-1] for ticket in tickets] == ["work_stranded", *["work_stranded_too"] * 2]
    said(desk, agent, "available")
    assert [work(desk, ticket)["agent"] for ticket in tickets] == [agent, agent, None]


def test_work_that_waited_for_somebody_busy_alarms_when_that_one_leaves(
    desk: Client, tell: Feigned, ear: Ear, team: str
) -> None:
    agent = come(desk, f"one of {team}", team, capacity=1)
    opened(desk, tell, a_ticket(team))
    waits = a_ticket(team)
    opened(desk, tell, waits)

    said(desk, agent, "away")

    eventually(lambda: len(ear.heard("work_stranded", order_no=order_of(waits))) == 2)
    told = [one.data["cause"] for one in ear.heard("work_stranded", order_no=order_of(waits))]
    assert told == ["capacity", "presence"]


def test_when_the_work_that_gave_the_alarm_is_gone_what_is_left_gives_one_of_its_own(
    desk: Client, tell: Feigned, ear: Ear, team: str
) -> None:
    said(desk, come(desk, f"away of {team}", team, capacity=2), "away")
    first, left, further = (a_ticket(team) for _ in range(3))
    for ticket in (first, left, further):
        opened(desk, tell, ticket)
    ticket_no = first.data["ticket_no"]

    tell.tell(news("intake", "ticket_withdrawn", ticket_no, number=2, ticket_no=ticket_no, reason="no"))

    eventually(lambda: ear.heard("work_stranded", order_no=order_of(left)))
    assert [happened(work(desk, one))[-2:] for one in (left, further)] == [
        ["work_stranded_too", "work_stranded"],
        ["work_queued", "work_stranded_too"],
    ]


def test_work_stored_while_too_many_claimed_the_same_agent_is_told_of_as_soon_as_nobody_can_take_it(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agent = come(desk, f"wanted of {team}", team, capacity=1)
    agents, orders = stack.database["dispatch_agents"], stack.database["dispatch_orders"]
    tickets = [a_ticket(team) for _ in range(3)]

    with agents.database.client.start_session() as other, other.start_transaction():
        agents.update_one({"_id": agent}, {"$set": {"probed": True}}, session=other)  # nobody else may claim it
        tell.tell(*tickets)
        eventually(lambda: orders.count_documents({"team": team, "queues": team, "stranded": f"{team}|"}) == 3)
        other.abort_transaction()

    def stranded() -> list[str]:
        return [row["order_no"] for row in desk.call("dispatch", "find_worklist", list="stranded", team=team)["work"]]

    eventually(lambda: len(stranded()) == 2)
    assert loads(stack, team) == {agent: 1}
    assert sorted(happened(desk.call("dispatch", "get_work", order_no=one))[-1] for one in stranded()) == [
        "work_stranded",
        "work_stranded_too",
    ]


def test_reopened_work_goes_back_to_its_agent_only_if_that_one_is_there(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str
) -> None:
    first, second = a_ticket(team), a_ticket(team)
    for ticket in (first, second):
        opened(desk, tell, ticket)
        do(desk, "resolve", ticket, solution="Done")
    agents = [work(desk, ticket)["agent"] for ticket in (first, second)]
    said(desk, agents[0], "away")

    again = [do(desk, "reopen", ticket, reason="again")["agent"] for ticket in (first, second)]

    assert again == [agents[1], agents[1]]
