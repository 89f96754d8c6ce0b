"""Why it was that agent, asked of the real service."""

from __future__ import annotations

import pytest

from shared.client import Client
from shared.errors import NotFound, ValidationError
from tests.interface.dispatch.desk import a_ticket, come, do, opened, order_of
from tests.interface.feigned import Feigned
from tests.support import Stack


def test_every_candidate_is_told_and_the_choice_made_again_is_the_same(desk: Client, tell: Feigned, team: str) -> None:
    a1 = come(desk, f"a1 of {team}", team, capacity=2)
    a2 = come(desk, f"a2 of {team}", team, capacity=2)
    away = come(desk, f"a3 of {team}", team, capacity=2)
    desk.command("dispatch", "set_presence", agent_id=away, status="away")
    opened(desk, tell, a_ticket(team))
    (order,) = opened(desk, tell, a_ticket(team, reference="INC-7"))

    told = desk.call("dispatch", "explain_assignment", order_no=order["order_no"])
    choice = told["choice"]

    assert (told["assignment"], told["agent"], told["rule"], told["reference"]) == (1, a2, "best_score", "INC-7")
    assert [(one["agent"], one["chosen"], one["score"]) for one in choice["candidates"]] == [
        (a2, True, 1.0),
        (a1, False, 0.5),
        (away, False, None),
    ]
    assert choice["candidates"][2]["said"] == f"{away}: excluded: presence (away)"
    assert (choice["decided"]["by"], choice["agrees"], choice["intact"]) == ("score", True, True)


def test_each_assignment_of_the_work_can_be_asked_for(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    a2 = come(desk, f"a2 of {team}", team, capacity=2)
    do(desk, "transfer", ticket, agent=a2, reason="knows it")

    told = [
        desk.call("dispatch", "explain_assignment", order_no=order_of(ticket), assignment=number) for number in (1, 2)
    ]

    assert [(one["agent"], one["rule"], one["choice"]["intact"]) for one in told] == [
        (a1, "best_score", True),
        (a2, "wished", True),
    ]
    assert (told[0]["outcome"], told[1]["outcome"]) == ("transferred", None)


def test_a_record_that_was_changed_in_the_database_is_told_of(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    (order,) = opened(desk, tell, a_ticket(team))
    assignments = stack.database["dispatch_assignments"]
    assignments.update_one({"order_no": order["order_no"]}, {"$set": {"record.task.units": 2}})

    choice = desk.call("dispatch", "explain_assignment", order_no=order["order_no"])["choice"]

    assert (choice["agrees"], choice["intact"]) == (True, False)


def test_of_work_that_waits_every_candidate_is_told_as_it_stands_now(desk: Client, tell: Feigned, team: str) -> None:
    away = come(desk, f"a1 of {team}", team, capacity=2)
    desk.command("dispatch", "set_presence", agent_id=away, status="away")
    (order,) = opened(desk, tell, a_ticket(team))
    full = come(desk, f"a2 of {team}", team, capacity=0)

    told = desk.call("dispatch", "explain_assignment", order_no=order["order_no"])

    assert (told["waiting"], told["assignment"], told["agent"], told["stranded"]) == (True, None, None, "presence")
    assert [one["said"] for one in told["choice"]["candidates"]] == [
        f"{away}: excluded: presence (away)",
        f"{full}: excluded: capacity (load 0 + 1 unit > 0)",
    ]
    assert told["choice"]["decided"] == {"by": "nobody", "said": "nobody can take it: presence, capacity"}


def test_of_declined_work_that_waits_the_present_is_told_and_the_past_by_its_number(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "decline", ticket, reason="my neighbour")

    now, then = (
        desk.call("dispatch", "explain_assignment", order_no=order_of(ticket), **which)
        for which in ({}, {"assignment": 1})
    )

    assert (now["waiting"], now["choice"]["candidates"][0]["said"]) == (
        True,
        f"{a1}: excluded: declined (has declined this work)",
    )
    assert (then["waiting"], then["agent"], then["outcome"]) == (False, a1, "declined")


def test_one_of_several_open_steps_is_asked_for_by_its_name(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team, type="repair")
    opened(desk, tell, ticket)
    do(desk, "complete_step", ticket, fields={"symptom": "dead"})

    usual, approval = (
        desk.call("dispatch", "explain_assignment", order_no=order_of(ticket), **which)
        for which in ({}, {"step": "approval"})
    )

    assert (usual["waiting"], usual["step"], usual["stranded"]) == (True, "survey", "nobody serves it")
    assert (approval["waiting"], approval["step"], approval["agent"], approval["assignment"]) == (
        False,
        "approval",
        a1,
        2,
    )


def test_work_that_nobody_has_had_has_no_assignment_to_explain(desk: Client, tell: Feigned, team: str) -> None:
    (order,) = opened(desk, tell, a_ticket(team))

    with pytest.raises(NotFound, match=order["order_no"]):
        desk.call("dispatch", "explain_assignment", order_no=order["order_no"], assignment=1)


def test_a_step_that_is_not_open_is_not_found(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    (order,) = opened(desk, tell, a_ticket(team))

    with pytest.raises(NotFound, match="open step"):
        desk.call("dispatch", "explain_assignment", order_no=order["order_no"], step="nope")


def test_a_step_and_an_assignment_are_not_asked_for_at_once(desk: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", "explain_assignment", order_no="W-1", step="main", assignment=1)

    assert list(refused.value.fields) == ["step"]


def test_work_that_there_is_not_is_not_found(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.call("dispatch", "explain_assignment", order_no="W-1")
