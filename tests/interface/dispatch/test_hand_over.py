"""The work of an absent agent goes to the stand-in, and comes back by itself."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from shared.client import Client, Request
from shared.errors import Forbidden, IllegalMove, NotFound, Unavailable, ValidationError
from shared.events import Event
from tests.interface.dispatch.desk import (
    EXPERTS,
    a_ticket,
    claims,
    come,
    do,
    happened,
    loads,
    opened,
    order_of,
    standing,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


@pytest.fixture
def a2(desk: Client, team: str) -> str:
    """Somebody else of the team, who is there and takes one."""
    return come(desk, f"a2 of {team}", team, capacity=1)


@pytest.fixture
def a3(desk: Client, team: str) -> str:
    """A third one, who is gone."""
    return gone(desk, come(desk, f"a3 of {team}", team, capacity=5))


def gone(desk: Client, agent_id: str) -> str:
    desk.command("dispatch", "set_presence", agent_id=agent_id, status="offline")
    return agent_id


def hand_over(desk: Client, agent: str, to: str, *, lasts: float = 3600, **more: Any) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(seconds=lasts)
    asked = {"agent": agent, "to": to, "until": until, "reason": "on leave"} | more
    return dict(desk.command("dispatch", "hand_over", **asked))


def cancel(desk: Client, made: dict[str, Any]) -> None:
    desk.command("dispatch", "cancel_hand_over", id=made["id"], reason="back early")


def given(desk: Client, tell: Feigned, team: str, agent: str, number: int = 1) -> list[Event]:
    """So many tickets, and the work of each with that agent."""
    tickets = [a_ticket(team) for _ in range(number)]
    opened(desk, tell, *tickets)
    for ticket in tickets:
        with_(desk, ticket, agent)
    return tickets


def with_(desk: Client, ticket: Event, agent: str | None) -> dict[str, Any]:
    """The work, as soon as that agent has it."""

    def there() -> dict[str, Any]:
        order = work(desk, ticket)
        assert order["agent"] == agent
        return order

    return eventually(there)


def known(desk: Client, **filters: str) -> list[dict[str, Any]]:
    return list(desk.call("dispatch", "find_hand_overs", **filters)["hand_overs"])


def test_open_work_goes_to_the_stand_in_and_comes_back_when_it_is_cancelled(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str, a3: str
) -> None:
    ticket, other = given(desk, tell, team, a1, 2)
    do(desk, "accept", ticket)

    made = hand_over(desk, a1, a3)
    order = with_(desk, ticket, a3)
    with_(desk, other, a3)

    assert (made["state"], made["holder"], order["state"]) == ("in_force", a3, "assigned")
    assert happened(order)[-1] == "work_handed_over"
    assert loads(stack, team) == {a1: 0, a3: 2}
    (told,) = eventually(lambda: ear.heard("work_handed_over", order_no=order["order_no"]))
    assert {name: told.data[name] for name in ("from_agent", "agent", "principal", "why")} == {
        "from_agent": a1,
        "agent": a3,
        "principal": a1,
        "why": "stands_in",
    }

    cancel(desk, made)
    with_(desk, ticket, a1)
    with_(desk, other, a1)

    assert loads(stack, team) == {a1: 2, a3: 0}


def test_reopened_work_that_the_stand_in_did_goes_to_the_agent_who_is_back(
    desk: Client, tell: Feigned, team: str, a1: str, a3: str
) -> None:
    (ticket,) = given(desk, tell, team, a1)
    made = hand_over(desk, a1, a3)
    with_(desk, ticket, a3)
    do(desk, "resolve", ticket, solution="Done")
    cancel(desk, made)
    desk.command("dispatch", "set_presence", agent_id=a3, status="available")

    order = do(desk, "reopen", ticket, reason="again")

    assert order["agent"] == a1
    assert work(desk, ticket)["history"][-1]["data"]["rule"] == "former_agent"


def test_work_reopened_while_the_agent_is_still_away_goes_to_the_stand_in_for_it(
    desk: Client, tell: Feigned, team: str, a1: str, a3: str
) -> None:
    (ticket,) = given(desk, tell, team, a1)
    made = hand_over(desk, a1, a3)
    with_(desk, ticket, a3)
    desk.command("dispatch", "set_presence", agent_id=a3, status="available")
    do(desk, "resolve", ticket, solution="Done")

    order = do(desk, "reopen", ticket, reason="again")
    cancel(desk, made)

    assert order["agent"] == a3
    with_(desk, ticket, a1)


def test_it_comes_back_by_itself_at_the_end(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a3: str
) -> None:
    (ticket,) = given(desk, tell, team, a1)

    made = hand_over(desk, a1, a3, lasts=10)  # long enough for a busy machine to notice that it has begun
    order = eventually(lambda: with_(desk, ticket, a1) if known(desk, agent=a1) == [] else None)

    until = datetime.fromisoformat(made["until"])
    moves = [entry for entry in order["history"] if entry["type"] == "work_handed_over"]
    assert [entry["data"]["why"] for entry in moves] == ["stands_in", "returned"]
    assert datetime.fromisoformat(moves[1]["at"]) >= until
    assert known(desk, agent=a1) == []
    assert loads(stack, team) == claims(stack, team) | {a3: 0}


def test_each_holder_has_an_assignment_of_its_own_and_the_history_makes_the_state(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a3: str
) -> None:
    (ticket,) = given(desk, tell, team, a1)
    made = hand_over(desk, a1, a3)
    with_(desk, ticket, a3)
    cancel(desk, made)
    order_no = with_(desk, ticket, a1)["order_no"]

    rows = stack.database["dispatch_assignments"].find({"order_no": order_no}, sort=[("number", 1)])
    assert [(row["agent"], row["principal"], row["came"], row["outcome"]) for row in rows] == [
        (a1, None, "assigned", "handed_over"),
        (a3, a1, "handed_over", "returned"),
        (a1, None, "handed_over", None),
    ]
    place = {"collection": "dispatch_orders", "id": order_no}
    page = desk.call("dispatch", "verify_history", after={**place, "id": order_no[:-1]}, until=place)
    assert (page["faults"], [row["rebuilt"] for row in page["aggregates"] if row["id"] == order_no]) == ([], [True])


def test_held_work_is_handed_over_and_stays_held(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a3: str
) -> None:
    (ticket,) = given(desk, tell, team, a1)
    do(desk, "hold", ticket, reason="waiting_for_customer")

    hand_over(desk, a1, a3)
    order = with_(desk, ticket, a3)

    assert order["state"] == "held"
    assert loads(stack, team) == {a1: 0, a3: 1}


def test_the_stand_in_gets_it_beyond_its_capacity(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str, a2: str
) -> None:
    tickets = [a_ticket(team) for _ in range(3)]
    opened(desk, tell, *tickets)
    for ticket in tickets:
        standing(desk, ticket, "assigned")
    assert loads(stack, team) == {a1: 2, a2: 1}

    hand_over(desk, a1, a2)
    for ticket in tickets:
        with_(desk, ticket, a2)

    assert loads(stack, team) == {a1: 0, a2: 3}


def test_new_work_does_not_go_to_who_has_handed_over(desk: Client, tell: Feigned, team: str, a1: str, a2: str) -> None:
    hand_over(desk, a1, a2)

    given(desk, tell, team, a2)


def test_what_is_meant_for_who_has_handed_over_goes_to_the_stand_in_and_comes_back(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str
) -> None:
    made = hand_over(desk, a2, a1)
    (ticket,) = given(desk, tell, team, a1)
    do(desk, "transfer", ticket, team=EXPERTS)
    standing(desk, ticket, "queued")

    do(desk, "transfer", ticket, agent=a2)
    assert work(desk, ticket)["agent"] == a1
    cancel(desk, made)

    with_(desk, ticket, a2)


def test_new_work_of_the_team_goes_to_a_stand_in_of_another_team_and_comes_back(
    desk: Client, tell: Feigned, stack: Stack, team: str, other_team: str, a1: str
) -> None:
    helper = come(desk, f"helper of {team}", other_team, capacity=1)
    made = hand_over(desk, a1, helper)
    (ticket,) = given(desk, tell, team, helper)

    cancel(desk, made)
    with_(desk, ticket, a1)
    gone(desk, helper)

    assert loads(stack, team) == {a1: 1}


def test_what_waits_for_the_absent_agent_goes_to_a_stand_in_of_another_team(
    desk: Client, tell: Feigned, team: str, other_team: str, a1: str
) -> None:
    gone(desk, a1)
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    standing(desk, ticket, "queued")
    helper = come(desk, f"helper of {team}", other_team, capacity=1)

    made = hand_over(desk, a1, helper)
    order = with_(desk, ticket, helper)
    cancel(desk, made)

    assert order["visits"][0]["principal"] == a1
    with_(desk, ticket, a1)
    gone(desk, helper)


def test_what_the_stand_in_got_for_itself_stays_with_it(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str
) -> None:
    made = hand_over(desk, a1, a2)
    (own,) = given(desk, tell, team, a2)
    marked = a_ticket(team)
    opened(desk, tell, marked)
    standing(desk, marked, "queued")

    cancel(desk, made)
    with_(desk, marked, a1)  # by then the timer has looked at all work

    assert work(desk, own)["agent"] == a2


def test_stand_ins_chain(desk: Client, tell: Feigned, team: str, a1: str, a2: str, a3: str) -> None:
    gone(desk, a2)
    (ticket,) = given(desk, tell, team, a1)
    hand_over(desk, a1, a2)
    with_(desk, ticket, a2)

    second = hand_over(desk, a2, a3)
    with_(desk, ticket, a3)
    assert known(desk, agent=a1)[0]["holder"] == a3
    cancel(desk, second)

    with_(desk, ticket, a2)


def test_a_cycle_is_refused_and_nothing_is_stored(desk: Client, a1: str, a2: str) -> None:
    hand_over(desk, a1, a2)

    with pytest.raises(IllegalMove) as refused:
        hand_over(desk, a2, a1)

    assert refused.value.details["chain"] == [a2, a1, a2]
    assert known(desk, agent=a2) == []


def test_two_periods_of_the_same_agent_do_not_overlap(desk: Client, a1: str, a2: str, a3: str) -> None:
    made = hand_over(desk, a1, a2)

    with pytest.raises(IllegalMove) as refused:
        hand_over(desk, a1, a3)

    assert (refused.value.details["rule"], refused.value.details["hand_over"]) == ("overlap", made["id"])


def test_unknown_agents_and_bad_periods_are_refused(desk: Client, a1: str, a2: str) -> None:
    with pytest.raises(NotFound):
        hand_over(desk, a1, "nobody at all")
    with pytest.raises(NotFound):
        hand_over(desk, "nobody at all", a1)
    with pytest.raises(ValidationError) as refused:
        hand_over(desk, a1, a2, since=datetime.now(UTC) + timedelta(hours=2))
    assert refused.value.fields == {"until": ["Must be after since."]}
    with pytest.raises(ValidationError) as refused:
        hand_over(desk, a1, a2, lasts=-1)
    assert refused.value.fields == {"until": ["Has passed."]}
    with pytest.raises(NotFound):
        desk.command("dispatch", "cancel_hand_over", id="none", reason="back early")
    assert known(desk, agent=a1) == []


def test_what_has_ended_is_found_by_the_page_the_last_to_end_first(
    desk: Client, stack: Stack, a1: str, a2: str
) -> None:
    begun = datetime.now(UTC)
    cancelled = hand_over(desk, a1, a2)
    cancel(desk, cancelled)
    ended = hand_over(desk, a1, a2, lasts=1)

    def over(**more: Any) -> dict[str, Any]:
        return dict(desk.call("dispatch", "find_ended_hand_overs", **more))

    (last, first) = eventually(lambda: (rows := over(agent=a1)["hand_overs"])[1:] and rows)

    assert (last["id"], last["state"], last["ended_at"], last["why"]) == (ended["id"], "ended", ended["until"], None)
    assert (first["id"], first["state"], first["why"], first["to"]) == (cancelled["id"], "cancelled", "back early", a2)
    page = over(to=a2, limit=1)
    assert over(to=a2, limit=1, after=page["next"]) == {"hand_overs": [first], "next": None}
    assert over(agent=a1, until=begun)["hand_overs"] == []
    assert over(agent=a1, since=last["ended_at"])["hand_overs"] == [last]
    kept = stack.database["dispatch_ended_handovers"]
    for index, wanted in (("of_agent", {"agent": a1}), ("of_stand_in", {"to": a2}), ("of_end", {})):
        plan = json.dumps(kept.find(wanted).hint(index).sort("place", -1).explain()["queryPlanner"], default=str)
        assert '"stage": "SORT"' not in plan


def test_the_same_request_makes_one_hand_over(desk: Client, a1: str, a2: str) -> None:
    asked = {
        "agent": a1,
        "to": a2,
        "until": datetime.now(UTC) + timedelta(hours=1),
        "reason": "on leave",
        "request_id": str(uuid4()),
    }

    first, second = (desk.command("dispatch", "hand_over", **asked) for _ in range(2))

    assert (first, [one["id"] for one in known(desk, agent=a1)]) == (second, [first["id"]])


def test_only_supervisors_hand_over(stack: Stack, desk: Client, a1: str, a2: str) -> None:
    with stack.client("workbench") as workbench, pytest.raises(Forbidden):
        hand_over(workbench, a1, a2)


def test_many_pieces_move_once_each_whatever_dies(
    desk: Client, tell: Feigned, stack: Stack, team: str, a3: str
) -> None:
    busy = come(desk, f"busy of {team}", team, capacity=40)
    tickets = given(desk, tell, team, busy, 40)
    stack.scale("dispatch-worker", 2)
    try:
        made = hand_over(desk, busy, a3)
        eventually(lambda: loads(stack, team)[a3] > 0)
        stack.kill("dispatch-worker")
        orders = [with_(desk, ticket, a3) for ticket in tickets]

        assert [happened(order).count("work_handed_over") for order in orders] == [1] * 40
        assert loads(stack, team) == {busy: 0, a3: 40}

        cancel(desk, made)
        eventually(lambda: loads(stack, team)[a3] < 40)
        stack.kill("dispatch-worker")
        orders = [with_(desk, ticket, busy) for ticket in tickets]

        assert [happened(order).count("work_handed_over") for order in orders] == [2] * 40
        assert loads(stack, team) == {busy: 40, a3: 0}
    finally:
        stack.scale("dispatch-worker", 1)


DAILY: list[tuple[str, dict[str, Any]]] = [
    ("accept", {}),
    ("hold", {"reason": "waiting_for_customer"}),
    ("resume", {}),
    ("resolve", {"solution": "Done"}),
    ("reopen", {"reason": "again"}),
    ("prioritise", {"priority": "P1", "reason": "urgent"}),
]


def test_after_a_storm_of_hand_overs_and_work_everything_is_its_owners_again_and_loads_are_right(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    random = Random(5)
    agents = [come(desk, f"agent {number} of {team}", team, capacity=20) for number in range(4)]
    tickets = [a_ticket(team) for _ in range(30)]
    opened(desk, tell, *tickets)

    def a_request() -> Request:
        if random.random() < 0.15:
            agent, to = random.sample(agents, 2)
            asked = {"agent": agent, "to": to, "until": datetime.now(UTC) + timedelta(hours=1), "reason": "storm"}
            return Request.command("dispatch", "hand_over", **asked)
        if random.random() < 0.1 and (made := of_team()):
            return Request.command("dispatch", "cancel_hand_over", id=random.choice(made)["id"], reason="storm")
        method, fields = random.choice(DAILY)
        return Request.command("dispatch", method, order_no=order_of(random.choice(tickets)), **fields)

    def of_team() -> list[dict[str, Any]]:
        return [one for one in known(desk) if one["agent"] in agents]

    def settled() -> bool:
        orders = list(stack.database["dispatch_orders"].find({"teams": team}))
        acting = [pair for order in orders for pair in order["acting"]]
        holders = {one["agent"]: one["holder"] for one in of_team()}
        owned = [(visit["principal"] or visit["agent"], visit["agent"]) for one in orders for visit in one["visits"]]
        placed = all(holders.get(owner, owner) == agent for owner, agent in owned if agent)
        return placed and bool(holders or not acting) and loads(stack, team) == claims(stack, team) | idle()

    def idle() -> dict[str, int]:
        return {agent: 0 for agent in agents if agent not in claims(stack, team)}

    for number in range(300):
        with suppress(IllegalMove, NotFound, Unavailable):
            desk.result(desk.send(a_request(), timeout=60))
        if number == 150:
            stack.kill("dispatch-worker")
    assert of_team()
    eventually(settled)

    for made in of_team():
        cancel(desk, made)
    eventually(settled)


def test_a_stand_in_gets_only_what_its_role_may_do(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    fault, enquiry = a_ticket(team), a_ticket(team, type="enquiry")
    opened(desk, tell, fault, enquiry)
    with_(desk, fault, a1)
    with_(desk, enquiry, a1)
    intern = come(desk, f"intern of {team}", team, capacity=5, role="intern")

    made = hand_over(desk, a1, intern)
    with_(desk, enquiry, intern)
    waiting = with_(desk, fault, None)

    assert made["warnings"] == [{"agent": intern, "code": "role"}]
    assert (waiting["state"], loads(stack, team)) == ("queued", {a1: 0, intern: 1})
    assert [entry["data"]["why"] for entry in waiting["history"] if entry["type"] == "work_handed_over"] == ["barred"]


def test_a_hand_over_to_who_is_on_leave_is_made_with_a_warning_of_who_has_the_work_then(
    desk: Client, tell: Feigned, team: str, a1: str, a2: str, a3: str
) -> None:
    now = datetime.now(UTC)
    period = {"since": now - timedelta(hours=1), "until": now + timedelta(days=3)}
    desk.command("dispatch", "record_leave", agent_id=a3, reason="on leave", **period)
    gone(desk, a2)
    (ticket,) = given(desk, tell, team, a1)

    first, second = hand_over(desk, a2, a3), hand_over(desk, a1, a2)

    assert (first["warnings"], second["warnings"]) == ([{"agent": a3, "code": "on_leave"}],) * 2
    with_(desk, ticket, a3)
