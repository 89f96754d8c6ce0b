"""Triage, and mass incidents: one work order that many are linked to, whatever happens at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.client import Client, Request
from shared.errors import IllegalMove, NotFound, ValidationError
from shared.events import Event
from tests.interface.dispatch.desk import (
    EXPERTS,
    a_ticket,
    claims,
    come,
    dissatisfaction,
    do,
    happened,
    insist,
    loads,
    news,
    opened,
    order_of,
    standing,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


def in_hours(hours: float) -> str:
    at = datetime.now(UTC) + timedelta(hours=hours)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def declared(desk: Client, tell: Feigned, team: str, **said: Any) -> Event:
    """A mass incident of that team."""
    ticket = a_ticket(team, priority="P1")
    opened(desk, tell, ticket)
    do(desk, "declare_mass_incident", ticket, **{"reason": "All of the north is out", **said})
    return ticket


def linked(desk: Client, tell: Feigned, parent: Event, team: str, count: int = 1) -> list[Event]:
    """So many reports, linked to it."""
    tickets = [a_ticket(team) for _ in range(count)]
    opened(desk, tell, *tickets)
    for ticket in tickets:
        do(desk, "link_work", ticket, parent=order_of(parent), reason="the same cable")
    return tickets


def mass(desk: Client, ticket: Event) -> dict[str, Any]:
    return dict(work(desk, ticket)["mass_incident"])


def sound(desk: Client, *tickets: Event) -> None:
    """Their histories tell their states."""
    for ticket in tickets:
        place = {"collection": "dispatch_orders", "id": order_of(ticket)}
        page = desk.call("dispatch", "verify_history", after={**place, "id": order_of(ticket)[:-1]}, until=place)
        assert page["faults"] == []


# triage


def test_sensitive_work_goes_to_the_experts_who_say_what_it_is(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    look = come(desk, f"look of {team}", EXPERTS, capacity=50, role="expert")
    ticket = a_ticket(team, type="enquiry", sensitive=True)

    (order,) = opened(desk, tell, ticket)
    assert (order["triage"], order["team"], order["agent"], order["flow"]) == (True, EXPERTS, look, None)
    with pytest.raises(IllegalMove, match="is in triage"):
        do(desk, "resolve", ticket, solution="Done")
    do(desk, "triage_work", ticket, type="praise", category=team, priority="P2", reasons="It smells of smoke")

    order = work(desk, ticket)
    assert (order["triage"], order["type"], order["priority"], order["steps"]) == (False, "praise", "P2", ["report"])
    assert (order["team"], order["agent"], loads(stack, EXPERTS)[look]) == (team, a1, 0)
    (told,) = eventually(lambda: ear.heard("work_triaged", order_no=order_of(ticket)))
    assert (told.data["from"]["type"], told.data["to"]["type"], told.data["reasons"]) == (
        "enquiry",
        "praise",
        "It smells of smoke",
    )
    sound(desk, ticket)
    desk.command("dispatch", "set_presence", agent_id=look, status="offline")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "fualt"}, "type"),
        ({"priority": "P9"}, "priority"),
        ({"category": "$"}, "category"),
        ({"reasons": ""}, "reasons"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    desk: Client, tell: Feigned, team: str, given: dict[str, str], field: str
) -> None:
    ticket = a_ticket(team, confidence=0.2)
    opened(desk, tell, ticket)

    what = {"type": "fault", "category": team, "priority": "P2", "reasons": "seen"}
    with pytest.raises(ValidationError) as refused:
        do(desk, "triage_work", ticket, **{**what, **given})

    assert list(refused.value.fields) == [field]
    with pytest.raises(NotFound, match="no team 'nobody'"):
        do(desk, "triage_work", ticket, **what, team="nobody")
    assert work(desk, ticket)["triage"]


# linking


def test_linked_work_gives_its_agent_room_for_other_work(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team, eta=in_hours(2))
    child, waits = a_ticket(team), a_ticket(team)
    opened(desk, tell, child, waits)

    answer = do(desk, "link_work", child, parent=order_of(parent), reason="the same cable")

    assert (answer["state"], work(desk, child)["parent"]) == ("linked", order_of(parent))
    assert standing(desk, waits, "assigned")["agent"] == a1
    assert loads(stack, team) == claims(stack, team) == {a1: 2}
    assert mass(desk, parent)["children"] == 1
    (told,) = eventually(lambda: ear.heard("work_linked", order_no=order_of(child)))
    assert (told.data["parent_ticket_no"], told.data["eta"]) == (
        parent.data["ticket_no"],
        mass(desk, parent)["eta"],
    )
    sound(desk, parent, child)


def test_the_same_link_asked_twice_is_one(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    parent, child = declared(desk, tell, team), a_ticket(team)
    opened(desk, tell, child)
    request = Request.command(
        "dispatch", "link_work", order_no=order_of(child), parent=order_of(parent), reason="the same cable"
    )

    answers = desk.call_many([request] * 5)

    assert answers == [answers[0]] * 5
    assert mass(desk, parent)["children"] == 1


def test_new_work_that_matches_is_linked_at_once_and_its_customer_told_the_eta(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    eta = in_hours(3)
    parent = declared(desk, tell, team, match=f'category == "{team}" && type == "fault"', eta=eta)
    late, other = a_ticket(team), a_ticket(team, type="enquiry")

    order, another = opened(desk, tell, late, other)

    assert (order["state"], order["parent"], order["agent"]) == ("linked", order_of(parent), None)
    assert happened(order) == ["work_opened", "work_linked", "work_responded"]
    explained = desk.call("dispatch", "explain_deadline", order_no=order_of(late), clock="first_response")
    assert (explained["state"], explained["ended_by"]) == ("met", {"type": "work_responded", "by": "eta"})
    assert (another["parent"], loads(stack, team)) == (None, {a1: 2})
    (told,) = eventually(lambda: ear.heard("work_linked", order_no=order_of(late)))
    assert told.data["eta"] == eta
    found = desk.call("dispatch", "find_work", parent=order_of(parent))["work"]
    assert [one["order_no"] for one in found] == [order_of(late)]
    sound(desk, parent, late)


def test_new_work_that_names_a_mass_incident_is_part_of_it(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    parent = declared(desk, tell, team)
    part = a_ticket(team, incident=parent.data["ticket_no"])

    (named,) = opened(desk, tell, part)

    assert named["parent"] == order_of(parent)
    assert "not_linked" not in named["history"][0]["data"]


def test_new_work_that_names_what_is_part_of_a_mass_incident_is_part_of_that_too(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    part = a_ticket(team, incident=parent.data["ticket_no"])
    opened(desk, tell, part)

    (named,) = opened(desk, tell, a_ticket(team, incident=part.data["ticket_no"]))

    assert (named["state"], named["parent"]) == ("linked", order_of(parent))


@pytest.mark.parametrize("rule", ["unknown", "mass_incident", "over"])
def test_new_work_that_names_no_open_mass_incident_goes_its_own_way_and_says_so(
    desk: Client, tell: Feigned, team: str, a1: str, rule: str
) -> None:
    if rule == "unknown":
        ticket_no = "T-1"
    elif rule == "over":
        parent = declared(desk, tell, team)
        do(desk, "resolve", parent, solution="Spliced it")
        ticket_no = parent.data["ticket_no"]
    else:
        opened(desk, tell, usual := a_ticket(team))
        ticket_no = usual.data["ticket_no"]

    (alone,) = opened(desk, tell, a_ticket(team, incident=ticket_no))

    assert (alone["parent"], alone["state"], alone["agent"]) == (None, "assigned", a1)
    assert alone["history"][0]["data"]["not_linked"] == {"ticket_no": ticket_no, "rule": rule}


def test_new_work_that_names_one_in_vain_may_still_match_another(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team, match=f'category == "{team}"')

    (matched,) = opened(desk, tell, a_ticket(team, incident="T-1"))

    assert (matched["state"], matched["parent"]) == ("linked", order_of(parent))
    assert matched["history"][0]["data"]["not_linked"] == {"ticket_no": "T-1", "rule": "unknown"}


def test_the_same_ticket_told_many_times_is_one_child(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    parent = declared(desk, tell, team, match=f'category == "{team}"')
    tickets = [a_ticket(team) for _ in range(10)]

    opened(desk, tell, *tickets * 3)
    opened(desk, tell, last := a_ticket(team))

    assert mass(desk, parent)["children"] == 11
    assert {work(desk, one)["state"] for one in [*tickets, last]} == {"linked"}


@pytest.mark.parametrize("how", ["mass of mass", "itself", "no mass", "over"])
def test_there_are_no_chains_and_nothing_is_linked_to_what_is_none(
    desk: Client, tell: Feigned, team: str, a1: str, how: str
) -> None:
    parent, child = declared(desk, tell, team), a_ticket(team)
    opened(desk, tell, child)
    if how in ("mass of mass", "itself"):
        child = declared(desk, tell, team) if how == "mass of mass" else parent
    elif how == "no mass":
        opened(desk, tell, parent := a_ticket(team))
    else:
        do(desk, "resolve", parent, solution="Spliced it")
    rule = {"mass of mass": "chain", "itself": "chain", "no mass": "mass_incident", "over": "over"}[how]

    with pytest.raises(IllegalMove) as refused:
        do(desk, "link_work", child, parent=order_of(parent), reason="the same cable")

    assert refused.value.details["rule"] == rule
    assert work(desk, child)["parent"] is None


# the end


def test_resolving_a_mass_incident_resolves_what_is_linked_to_it(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    children = linked(desk, tell, parent, team, 5)

    do(desk, "resolve", parent, solution="Spliced the cable", language="en")

    for child in children:
        order = standing(desk, child, "resolved")
        assert (order["solution"], order["resolution"]["met"], order["parent"]) == (
            "Spliced the cable",
            True,
            order_of(parent),
        )
        (told,) = eventually(lambda child=child: ear.heard("work_resolved", order_no=order_of(child)))
        assert told.data["parent_no"] == order_of(parent)
    assert eventually(lambda: mass(desk, parent)["settled"])
    assert loads(stack, team) == {a1: 0}
    (ended,) = ear.heard("mass_incident_ended", order_no=order_of(parent))
    tell.tell(ended)  # once more: nothing happens twice
    opened(desk, tell, a_ticket(team))
    assert all(happened(work(desk, child)).count("work_resolved") == 1 for child in children)
    sound(desk, parent, *children)


def test_a_child_that_cannot_be_resolved_keeps_no_other_waiting_and_is_tried_again(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    broken, sound_one = linked(desk, tell, parent, team, 2)
    orders, key = stack.database["dispatch_orders"], {"_id": order_of(broken)}
    version = orders.find_one(key)["policy"]["version"]  # type: ignore[index]
    orders.update_one(key, {"$set": {"policy.version": version + 1_000_000}})

    do(desk, "resolve", parent, solution="Spliced it")

    standing(desk, sound_one, "resolved")
    assert not mass(desk, parent)["settled"]
    orders.update_one(key, {"$set": {"policy.version": version}})
    standing(desk, broken, "resolved")
    assert eventually(lambda: mass(desk, parent)["settled"])


def test_what_was_linked_to_a_withdrawn_mass_incident_goes_on_by_itself(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    children = linked(desk, tell, parent, team, 2)
    ticket_no = parent.data["ticket_no"]

    tell.tell(news("intake", "ticket_withdrawn", ticket_no, number=2, ticket_no=ticket_no, reason="no such thing"))

    orders = [standing(desk, child, "assigned") for child in children]
    assert [(order["parent"], order["agent"]) for order in orders] == [(None, a1)] * 2
    assert loads(stack, team) == claims(stack, team)
    assert eventually(lambda: mass(desk, parent)["children"] == 0)
    sound(desk, parent, *children)


def test_unlinked_work_goes_on_by_itself_and_is_counted_out(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    stays, goes = linked(desk, tell, parent, team, 2)

    do(desk, "unlink_work", goes, reason="another cable")

    assert (work(desk, goes)["parent"], work(desk, goes)["agent"]) == (None, a1)
    assert eventually(lambda: mass(desk, parent)["children"] == 1)
    do(desk, "resolve", parent, solution="Spliced it")
    standing(desk, stays, "resolved")
    assert work(desk, goes)["state"] == "assigned"
    sound(desk, parent, stays, goes)


def test_a_child_that_its_customer_withdraws_is_over_and_the_others_are_resolved(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    stays, goes = linked(desk, tell, parent, team, 2)
    ticket_no = goes.data["ticket_no"]

    tell.tell(news("intake", "ticket_withdrawn", ticket_no, number=2, ticket_no=ticket_no, reason="moved out"))
    standing(desk, goes, "withdrawn")
    do(desk, "resolve", parent, solution="Spliced it")

    standing(desk, stays, "resolved")
    assert (eventually(lambda: mass(desk, parent)["settled"]), work(desk, goes)["state"]) == (True, "withdrawn")


def test_a_dissatisfied_childs_work_is_reopened_alone(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    parent = declared(desk, tell, team)
    content, angry = linked(desk, tell, parent, team, 2)
    do(desk, "resolve", parent, solution="Spliced it")
    standing(desk, angry, "resolved")
    standing(desk, content, "resolved")

    tell.tell(dissatisfaction(angry, 0))

    order = standing(desk, angry, "assigned")
    assert (order["parent"], order["round"]) == (None, 1)
    assert (work(desk, content)["state"], work(desk, parent)["state"]) == ("resolved", "resolved")
    assert eventually(lambda: mass(desk, parent)["children"] == 1)
    sound(desk, parent, angry)


def test_everybody_is_told_the_eta_once(desk: Client, tell: Feigned, ear: Ear, team: str, a1: str) -> None:
    parent = declared(desk, tell, team)
    children = linked(desk, tell, parent, team, 3)
    eta = in_hours(4)

    do(desk, "announce_eta", parent, eta=eta, note="The ground is frozen")

    def told() -> Sequence[Event]:
        heard = ear.heard("work_eta_announced", parent_no=order_of(parent))
        assert len(heard) == 3
        return heard

    assert {(one.data["order_no"], one.data["eta"], one.data["note"]) for one in eventually(told)} == {
        (order_of(child), eta, "The ground is frozen") for child in children
    }
    (announced,) = ear.heard("work_eta_announced", order_no=order_of(parent))
    tell.tell(announced)  # once more: nobody is told twice
    do(desk, "announce_eta", parent, eta=None, note=None)
    eventually(lambda: len(ear.heard("work_eta_announced", parent_no=order_of(parent), eta=None)) == 3)
    assert len(ear.heard("work_eta_announced", parent_no=order_of(parent))) == 6


# at the same time


def test_whatever_is_linked_while_the_mass_incident_is_resolved_is_refused_or_resolved(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team)
    children = [a_ticket(team) for _ in range(20)]
    opened(desk, tell, *children)
    links = [
        Request.command("dispatch", "link_work", order_no=order_of(one), parent=order_of(parent), reason="the same")
        for one in children
    ]
    end = Request.command("dispatch", "resolve", order_no=order_of(parent), solution="Spliced it")

    answers = insist(desk, [*links[:10], end, *links[10:]])

    assert eventually(lambda: mass(desk, parent)["settled"])
    done = [one for one, answer in zip(children, answers[:10] + answers[11:], strict=True) if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert {error.details["rule"] for error in refused} <= {"over"}  # type: ignore[attr-defined]
    assert {work(desk, one)["state"] for one in done} <= {"resolved"}
    assert {work(desk, one)["parent"] for one in children if one not in done} <= {None}
    assert mass(desk, parent)["children"] == len(done)
    assert loads(stack, team) == claims(stack, team)
    sound(desk, parent, *children)


def test_reports_that_come_while_the_mass_incident_is_resolved_are_resolved_with_it_or_begin_by_themselves(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team, match=f'category == "{team}"')
    reports = [a_ticket(team) for _ in range(20)]

    tell.tell(*reports[:10])
    do(desk, "resolve", parent, solution="Spliced it")
    tell.tell(*reports[10:])

    orders = [eventually(lambda one=one: work(desk, one)) for one in reports]
    assert eventually(lambda: mass(desk, parent)["settled"])
    parts = [one for one, order in zip(reports, orders, strict=True) if order["parent"]]
    assert {work(desk, one)["state"] for one in parts} <= {"resolved"}
    assert {order["state"] for order in orders if not order["parent"]} <= {"assigned", "queued"}
    assert mass(desk, parent)["children"] == len(parts)
    sound(desk, parent, *reports)


# whom it is about


def test_a_ticket_about_an_agent_whom_nobody_knows_goes_to_the_experts_first(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    ticket = a_ticket(team, type="complaint", complained_of=a1.upper(), wanted_agent="nobody")

    (order,) = opened(desk, tell, ticket)
    unknown = {"complained_of": a1.upper(), "wanted_agent": "nobody"}
    assert (order["triage"], order["agent"], order["history"][0]["data"]["unknown_agents"]) == (True, None, unknown)
    what = {"type": "complaint", "category": team, "priority": "P3", "reasons": "They mean A1"}
    with pytest.raises(NotFound, match="no agent"):
        do(desk, "triage_work", ticket, **what, complained_of="nobody")
    do(desk, "triage_work", ticket, **what, complained_of=a1)

    order = work(desk, ticket)
    assert (order["triage"], order["state"], order["agent"], order["complained_of"]) == (False, "queued", None, a1)
    sound(desk, ticket)


def test_whom_it_turns_out_to_be_about_has_it_no_more(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    ticket = a_ticket(team, type="complaint")
    opened(desk, tell, ticket)
    assert standing(desk, ticket, "assigned")["agent"] == a1

    with pytest.raises(NotFound, match="no agent 'nobody'"):
        do(desk, "set_subject", ticket, agent="nobody", reason="she said so")
    do(desk, "set_subject", ticket, agent=a1, reason="she said so")

    order = standing(desk, ticket, "queued")
    assert (order["complained_of"], order["agent"], loads(stack, team)) == (a1, None, {a1: 0})
    (row,) = stack.database["dispatch_assignments"].find({"order_no": order_of(ticket)})
    assert row["outcome"] == "handed_over"
    sound(desk, ticket)
    other = come(desk, f"other of {team}", team, capacity=1)
    assert standing(desk, ticket, "assigned")["agent"] == other


def test_triaged_work_that_an_open_mass_incident_matches_is_linked_at_once(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    parent = declared(desk, tell, team, match=f'category == "{team}"', eta=in_hours(2))
    ticket = a_ticket(team, confidence=0.2)
    (order,) = opened(desk, tell, ticket)
    assert (order["triage"], order["parent"]) == (True, None)

    what = {"category": team, "priority": "P2", "reasons": "It is the cable", "request_id": f"triage of {team}"}
    do(desk, "triage_work", ticket, type="fault", **what)
    do(desk, "triage_work", ticket, type="fault", **what)

    order = work(desk, ticket)
    assert (order["state"], order["triage"], order["parent"]) == ("linked", False, order_of(parent))
    assert mass(desk, parent)["children"] == 1
    (told,) = eventually(lambda: ear.heard("work_linked", order_no=order_of(ticket)))
    assert told.data["eta"] is not None
    sound(desk, ticket, parent)


def test_triaged_work_that_nothing_matches_goes_its_own_way(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    parent = declared(desk, tell, team, match=f'category == "{team}" && type == "fault"')
    ticket = a_ticket(team, confidence=0.2)
    opened(desk, tell, ticket)

    do(desk, "triage_work", ticket, type="enquiry", category=team, priority="P2", reasons="They only ask")

    assert (work(desk, ticket)["parent"], mass(desk, parent)["children"]) == (None, 0)
