"""Dispatch's entrypoints on the real broker and database. Intake and feedback are feigned."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from random import Random
from typing import Any

import pytest
from pymongo import DESCENDING

from deploy.catalogue import subscriptions
from services.dispatch.domain import BEFORE_FIRST_APPLY
from services.dispatch.listing import query
from shared.client import Client, Request
from shared.errors import Conflict, Forbidden, IllegalMove, LoopdeskError, NotFound, ValidationError
from shared.events import Event
from tests.interface.feigned import Ear, Feigned, on_the_bus
from tests.support import Stack, eventually

TEAMS = [f"probe {number:02d}" for number in range(50)]
EXPERTS, ELSEWHERE = "probe experts", "it"
NUMBERS = count(9_000_001)
NAME = {"zh-CN": "步骤", "en": "Step"}
WHO_WAITS = {"waiting_for_customer": {"zh-CN": "等待客户", "en": "Waiting for the customer"}}
#: Round the clock; the one of tickets of the type `climbing` goes to experts when it is late.
POLICY: dict[str, Any] = {
    "code": "standard",
    "name": "Standard",
    "calendar": "always",
    "warn_at": [0.8],
    "targets": {
        "P1": {"first_response": "15m", "resolution": "4h"},
        "P2": {"first_response": "1h", "resolution": "8h"},
        "P3": {"first_response": "4h", "resolution": "3d"},
        "P4": {"first_response": "8h", "resolution": "5d"},
    },
    "pause": {"waiting_for_customer": ["first_response", "resolution", "next_update", "step", "group"]},
    "escalations": [
        {"clock": "first_response", "after": "15m", "level": 1, "tell": ["supervisor"]},
        {"clock": "resolution", "after": "15m", "level": 2, "tell": ["supervisor"]},
    ],
}
CLIMBING = POLICY | {
    "code": "climbing",
    "when": 'type == "climbing"',
    "escalations": [{"clock": "resolution", "at": 1, "level": 3, "tell": ["duty_manager"], "move_to": "expert"}],
}
#: Reported; looked at by an expert while somebody of the desk approves; fixed, with a fee.
REPAIR = {
    "name": {"zh-CN": "维修", "en": "Repair"},
    "for": 'type == "repair"',
    "start": "report",
    "steps": {
        "report": {
            "name": NAME,
            "fields": {"symptom": {"type": "text", "required": True, "name": NAME}},
            "next": [{"parallel": ["survey", "approval"], "join": "fix"}],
        },
        "survey": {
            "name": NAME,
            "who": {"role": "expert", "skill": "radio"},
            "within": "1h",
            "skippable": "overdue",
            "next": "fix",
        },
        "approval": {"name": NAME, "next": "fix"},
        "fix": {"name": NAME, "fee": {"max": 100}, "next": "end"},
    },
}


def a_body(**changes: Any) -> dict[str, Any]:
    """Dispatch's reference data, with a team and a category for every test."""
    named = {"supervisor": "chief", "duty_manager": "duty", "expert_team": EXPERTS}
    return {
        "default_team": ELSEWHERE,
        "teams": {
            ELSEWHERE: {"name": "IT"},
            EXPERTS: {"name": "Experts", "supervisor": "chief.experts"},
            **{team: {"name": team, "categories": [team], **named} for team in TEAMS},
        },
        "skills": {"radio": "Radio"},
        "agents": {"it.01": {"name": "IT 01", "teams": [ELSEWHERE], "capacity": 1}},
        "hold_reasons": WHO_WAITS,
        "calendars": BEFORE_FIRST_APPLY["calendars"],
        "policies": [CLIMBING, POLICY],
        "flows": {"repair": REPAIR},
    } | changes


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    """An account that may do everything, with a team of its own for every test."""
    client = stack.client("importer")
    client.command("dispatch", "apply_reference", body=a_body())
    # every replica trusts what it read of the reference data for up to a second
    eventually(lambda: client.command("dispatch", "save_agent", **an_agent("settled", TEAMS[0])))
    return client


@pytest.fixture(scope="module")
def bus(stack: Stack, desk: Client) -> Iterator[tuple[Feigned, Ear]]:
    """Feigned intake and feedback that only dispatch hears, and an ear on dispatch."""
    with on_the_bus(stack.admin_amqp_uri, "dispatch", subscriptions("dispatch")) as both:

        def routed() -> bool:  # the worker may take a second to see the reference data
            (order,) = opened(desk, both[0], a_ticket(TEAMS[-1]))
            return bool(order["team"] == TEAMS[-1])

        eventually(routed)
        yield both


@pytest.fixture
def tell(bus: tuple[Feigned, Ear]) -> Feigned:
    return bus[0]


@pytest.fixture
def ear(bus: tuple[Feigned, Ear]) -> Ear:
    return bus[1]


@pytest.fixture
def team(_teams: Iterator[str] = iter(TEAMS)) -> str:  # noqa: B008 - each test draws the next one
    return next(_teams)


@pytest.fixture
def a1(desk: Client, team: str) -> str:
    """Somebody of the team who is there and takes two."""
    return come(desk, f"a1 of {team}", team, capacity=2)


def an_agent(agent_id: str, *teams: str, capacity: int = 2, **more: Any) -> dict[str, Any]:
    return {"agent_id": agent_id, "name": "安 🙂", "teams": list(teams), "capacity": capacity, **more}


def come(desk: Client, agent_id: str, *teams: str, capacity: int, **more: Any) -> str:
    desk.command("dispatch", "save_agent", **an_agent(agent_id, *teams, capacity=capacity, **more))
    desk.command("dispatch", "set_presence", agent_id=agent_id, present=True)
    return agent_id


def a_ticket(team: str, *, priority: str = "P3", at: datetime | None = None, **changes: Any) -> Event:
    """A ticket whose category is the team's."""
    ticket_no = f"T-{next(NUMBERS)}"
    data = {"customer_id": "C-1", "type": "fault", "category": team, "priority": priority, "subject": "断网了 😡"}
    return news("intake", "ticket_submitted", ticket_no, at=at, ticket_no=ticket_no, **{**data, **changes})


def news(source: str, kind: str, aggregate: str, *, at: datetime | None = None, number: int = 1, **data: Any) -> Event:
    now = datetime.now(UTC)
    replay = data.pop("replay_until", None)
    return Event(
        id=f"{source}_probe/{aggregate}/{kind}/{number}",
        type=kind,
        source=source,
        aggregate_id=aggregate,
        aggregate_version=number,
        number=number,
        at=at or now,
        recorded_at=now,
        replay_until=replay,
        data=data,
    )


def order_of(ticket: Event) -> str:
    return ticket.data["ticket_no"].replace("T-", "W-")


def work(desk: Client, ticket: Event) -> dict[str, Any]:
    return dict(desk.call("dispatch", "get_work", ticket_no=ticket.data["ticket_no"]))


def kept(order: dict[str, Any]) -> dict[str, Any]:
    """The work but how its clocks stand just now."""
    return {name: value for name, value in order.items() if name != "clocks"}


def standing(desk: Client, ticket: Event, state: str) -> dict[str, Any]:
    """The work, as soon as it is in this state."""

    def there() -> dict[str, Any]:
        order = work(desk, ticket)
        assert order["state"] == state
        return order

    return eventually(there)


def opened(desk: Client, tell: Feigned, *tickets: Event) -> list[dict[str, Any]]:
    """Their work, as soon as it is there."""
    tell.tell(*tickets)
    return [eventually(lambda one=one: work(desk, one)) for one in tickets]


def do(desk: Client, method: str, ticket: Event, **fields: Any) -> dict[str, Any]:
    return dict(desk.command("dispatch", method, order_no=order_of(ticket), **fields))


def happened(order: dict[str, Any]) -> list[str]:
    return [entry["type"] for entry in order["history"]]


def loads(stack: Stack, team: str) -> dict[str, int]:
    return {agent["_id"]: agent["load"] for agent in stack.database["dispatch_agents"].find({"teams": team})}


def claims(stack: Stack, team: str) -> dict[str, int]:
    """Agent -> open steps, counted from the work itself."""
    rows = stack.database["dispatch_orders"].find({"teams": team})
    return dict(Counter(visit["agent"] for row in rows for visit in row["visits"] if visit["agent"]))


# opening and assignment


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


def closure(ticket: Event, round: int) -> Event:
    told = {"order_no": order_of(ticket), "round": round, "outcome": "satisfied"}
    return news("feedback", "case_closed", f"{order_of(ticket)}/{round}", **told)


def dissatisfaction(ticket: Event, round: int) -> Event:
    told = {"order_no": order_of(ticket), "round": round, "score": 1, "comment": "Still broken"}
    return news("feedback", "case_dissatisfied", f"{order_of(ticket)}/{round}", **told)


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
    ticket, marker = a_ticket(team), a_ticket(team)
    opened(desk, tell, ticket, marker)
    do(desk, "resolve", ticket, solution="Done")
    do(desk, "reopen", ticket, reason="It is back")
    do(desk, "resolve", ticket, solution="Done again")
    before = work(desk, ticket)

    tell.tell(closure(ticket, 0), dissatisfaction(ticket, 0))
    eventually(lambda: not any(size for name, size in stack.queues().items() if name.startswith("dispatch.feedback.")))
    do(desk, "resolve", marker, solution="Done")
    tell.tell(closure(marker, 0))
    standing(desk, marker, "closed")

    assert kept(work(desk, ticket)) == kept(before)
    assert stack.queues()["dispatch.parking"] == 0


# time


def test_late_timers_tell_every_deadline_once_at_the_time_it_fell_due(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    ticket = a_ticket(team, priority="P1", at=began)

    opened(desk, tell, ticket)
    eventually(lambda: work(desk, ticket)["escalation"] == 2)

    fell = [(entry["type"], entry["at"]) for entry in work(desk, ticket)["history"][2:]]
    after = lambda **elapsed: (began + timedelta(**elapsed)).isoformat(timespec="milliseconds").replace("+00:00", "Z")  # noqa: E731
    assert fell == [
        ("deadline_near", after(minutes=12)),
        ("deadline_missed", after(minutes=15)),
        ("work_escalated", after(minutes=30)),
        ("deadline_near", after(hours=3, minutes=12)),
        ("deadline_missed", after(hours=4)),
        ("work_escalated", after(hours=4, minutes=15)),
    ]
    missed = eventually(lambda: len(ear.heard("deadline_missed", order_no=order_of(ticket))) == 2)
    assert missed
    assert [one.data["clock"] for one in ear.heard("deadline_near", order_no=order_of(ticket))] == [
        "first_response",
        "resolution",
    ]


def test_work_in_replay_follows_its_callers_time_until_it_goes_live(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    began = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    ticket = a_ticket(team, priority="P1", at=began, replay_until=began)
    opened(desk, tell, ticket)
    assert "timer_at" not in stack.database["dispatch_orders"].find_one({"_id": order_of(ticket)})

    do(desk, "respond", ticket, at=began + timedelta(minutes=10))
    do(desk, "hold", ticket, reason="waiting_for_customer", at=began + timedelta(hours=1))
    do(desk, "resume", ticket, at=began + timedelta(days=10))
    order = work(desk, ticket)
    assert happened(order)[2:] == ["work_responded", "work_held", "work_resumed"]
    assert order["resolution"]["due"] == "2016-03-10T04:16:00.000Z"
    with pytest.raises(IllegalMove):
        do(desk, "resolve", ticket, solution="Done", at=began)

    number = ticket.data["ticket_no"]
    tell.tell(news("intake", "ticket_replay_ended", number, number=9, at=began + timedelta(days=10), ticket_no=number))
    eventually(lambda: work(desk, ticket)["escalation"] == 2)

    assert [(entry["type"], entry["at"]) for entry in work(desk, ticket)["history"][5:]] == [
        ("work_went_live", "2016-03-10T01:16:00.000Z"),
        ("deadline_near", "2016-03-10T03:28:00.000Z"),
        ("deadline_missed", "2016-03-10T04:16:00.000Z"),
        ("work_escalated", "2016-03-10T04:31:00.000Z"),
    ]


def test_the_clocks_of_work_say_how_they_stand(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team, priority="P2", at=datetime.now(UTC) - timedelta(minutes=50))
    opened(desk, tell, ticket)
    do(desk, "respond", ticket)
    do(desk, "hold", ticket, reason="waiting_for_customer")

    clocks = work(desk, ticket)["clocks"]

    assert (clocks["first_response"]["state"], clocks["first_response"]["met"]) == ("met", True)
    resolution = clocks["resolution"]
    assert (resolution["state"], resolution["paused_for"], resolution["due"]) == (
        "paused",
        "waiting_for_customer",
        None,
    )
    assert resolution["target_seconds"] == resolution["counted_seconds"] + resolution["remaining_seconds"] == 8 * 3600
    assert (resolution["calendar"].split("@")[0], resolution["source"].split("@")[0]) == ("always", "standard")


def test_an_unknown_reason_to_hold_is_refused_with_the_known_ones(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    (before,) = opened(desk, tell, ticket)

    with pytest.raises(ValidationError) as refused:
        do(desk, "hold", ticket, reason="a bad mood")

    assert "waiting_for_customer" in refused.value.fields["reason"][0]
    assert kept(work(desk, ticket)) == kept(before)


def test_another_priority_is_told_and_counts_from_the_original_start(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = a_ticket(team, priority="P3")
    opened(desk, tell, ticket)

    do(desk, "prioritise", ticket, priority="P1", reason="The whole floor is down")

    order = work(desk, ticket)
    due = (ticket.at + timedelta(hours=4)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (order["priority"], order["resolution"]["due"]) == ("P1", due)
    told = eventually(lambda: ear.heard("work_prioritised", order_no=order_of(ticket)))
    assert {name: told[0].data[name] for name in ("from", "to", "by", "priority")} == {
        "from": "P3",
        "to": "P1",
        "by": "actor",
        "priority": "P1",
    }


def test_an_escalation_that_moves_work_gives_its_seat_back_and_finds_another(
    desk: Client, tell: Feigned, ear: Ear, stack: Stack, team: str, a1: str
) -> None:
    expert = come(desk, f"expert of {team}", EXPERTS, capacity=1)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    ticket = a_ticket(team, type="climbing", priority="P1", at=began)

    opened(desk, tell, ticket)  # with a1: the timer finds it late
    order = eventually(lambda: one if (one := work(desk, ticket))["agent"] == expert else None)

    assert (order["team"], order["state"], order["escalation"]) == (EXPERTS, "assigned", 3)
    moved = next(entry for entry in order["history"] if entry["type"] == "work_transferred")
    assert (moved["at"], moved["data"]["from_agent"]) == (
        (began + timedelta(hours=4)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        a1,
    )
    assert loads(stack, team) == {a1: 0}
    assert loads(stack, EXPERTS)[expert] == 1
    told = eventually(lambda: ear.heard("work_escalated", order_no=order_of(ticket)))
    assert (told[0].data["tell"], told[0].data["duty_manager"], told[0].data["team"]) == (
        ["duty_manager"],
        "duty",
        team,
    )
    do(desk, "resolve", ticket, solution="Done")
    desk.command("dispatch", "set_presence", agent_id=expert, present=False)


def test_a_command_on_work_that_time_has_moved_meanwhile_finds_its_seat_given_back(
    desk: Client, tell: Feigned, stack: Stack, team: str, a1: str
) -> None:
    began = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    ticket = a_ticket(team, type="climbing", priority="P1", at=began, replay_until=began)  # no timer runs
    opened(desk, tell, ticket)
    assert loads(stack, team) == {a1: 1}

    answer = do(desk, "prioritise", ticket, priority="P2", reason="can wait", at=began + timedelta(hours=5))

    assert (answer["team"], answer["agent"], answer["state"]) == (EXPERTS, None, "queued")
    assert loads(stack, team) == {a1: 0}
    do(desk, "transfer", ticket, team=team, agent=a1, at=began + timedelta(hours=5))
    do(desk, "resolve", ticket, solution="Done", at=began + timedelta(hours=5))


# flows


@pytest.fixture
def expert(desk: Client, team: str) -> str:
    """An expert of the team with the skill that a survey needs."""
    return come(desk, f"expert of {team}", team, capacity=1, role="expert", skills=["radio"])


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


# many at once


def test_200_tickets_at_once_take_every_seat_and_none_twice(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    agents = [come(desk, f"agent {number} of {team}", team, capacity=4) for number in range(5)]
    tickets = [a_ticket(team) for _ in range(200)]

    tell.tell(*tickets)
    eventually(lambda: stack.database["dispatch_orders"].count_documents({"team": team}) == 200)

    assert loads(stack, team) == dict.fromkeys(agents, 4)
    eventually(lambda: claims(stack, team) == dict.fromkeys(agents, 4))
    assert stack.database["dispatch_orders"].count_documents({"team": team, "state": "queued"}) == 180


def test_200_transfers_at_once_to_few_seats_have_one_winner_each(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    target = TEAMS[-1]
    tickets = [a_ticket(team) for _ in range(200)]
    opened(desk, tell, *tickets)
    agents = [come(desk, f"agent {number} of {target}", target, capacity=3) for number in range(4)]

    requests = [Request.command("dispatch", "transfer", order_no=order_of(one), team=target) for one in tickets]
    answers = list(desk.call_many(requests, timeout=60))

    assert all(answer["team"] == target for answer in answers)
    eventually(lambda: claims(stack, target) == dict.fromkeys(agents, 3))
    assert loads(stack, target) == dict.fromkeys(agents, 3)
    taken = list(stack.database["dispatch_orders"].find({"team": target, "state": "assigned"}))
    assert len(taken) == 12


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
        except (IllegalMove, NotFound):
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


# finding


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
    queues = {"$in": ["it", "it#expert", "it~radio"]}
    seats = [("load", 1), ("last_assigned_at", 1), ("_id", 1)]
    plans = {
        "of_queue": orders.find({"queues": queues}).sort([("priority", 1), ("place", 1)]).hint("of_queue"),
        "of_queue ": orders.find({"queues": {"$gt": "it"}}).hint("of_queue"),
        "seats": agents.find({"queues": "it", "has_room": True}).sort(seats),
    }
    for index, rows in plans.items():
        plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"])
        assert f'"indexName": "{index.strip()}"' in plan
        assert '"stage": "SORT"' not in plan


# agents and reference data


def test_agents_are_found_with_their_load(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    come(desk, f"a2 of {team}", team, capacity=1)
    desk.command("dispatch", "set_presence", agent_id=f"a2 of {team}", present=False)
    opened(desk, tell, a_ticket(team))

    page = desk.call("dispatch", "find_agents", team=team, limit=1)
    rest = desk.call("dispatch", "find_agents", team=team, limit=1, after=page["next"])
    present = desk.call("dispatch", "find_agents", team=team, present=True)

    assert [agent["agent_id"] for agent in page["agents"] + rest["agents"]] == [a1, f"a2 of {team}"]
    assert rest["next"] is None
    assert [(agent["agent_id"], agent["load"], agent["name"]) for agent in present["agents"]] == [(a1, 1, "安 🙂")]


def test_an_agent_of_an_unknown_team_is_refused(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.command("dispatch", "save_agent", **an_agent("dan", "nowhere"))
    with pytest.raises(NotFound):
        desk.call("dispatch", "get_agent", agent_id="dan")


def test_declared_agents_are_there_as_soon_as_they_are_applied(desk: Client) -> None:
    before = desk.call("dispatch", "get_reference")["body"]
    a5 = {"name": "Agent 5", "teams": ["it"], "capacity": 7, "role": "agent"}

    desk.command("dispatch", "apply_reference", body={**before, "agents": {**before["agents"], "a5": a5}})

    agent = desk.call("dispatch", "get_agent", agent_id="a5")
    assert {name: agent[name] for name in a5} == a5
    assert (agent["present"], agent["load"]) == (False, 0)


def test_reference_data_that_contradict_themselves_are_refused_whole(desk: Client) -> None:
    before = desk.call("dispatch", "get_reference")
    bad = {**before["body"], "default_team": "nowhere"}

    for method, call in (("check_reference", desk.call), ("apply_reference", desk.command)):
        with pytest.raises(ValidationError) as refused:
            call("dispatch", method, body=bad)
        assert list(refused.value.fields) == ["default_team"]
    assert desk.call("dispatch", "get_reference") == before


# refusals


@pytest.mark.parametrize(
    ("method", "fields", "refusal"),
    [
        ("accept", {"order_no": "W-0"}, NotFound),
        ("accept", {"order_no": "W-$0.\0"}, ValidationError),
        ("accept", {"order_no": {"$gt": ""}}, ValidationError),
        ("hold", {"order_no": "W-0", "reason": "x", "until": "then"}, ValidationError),
        ("complete_step", {"order_no": "W-0", "fields": ["symptom"]}, ValidationError),
        ("complete_step", {"order_no": "W-0", "fee": 5}, ValidationError),
        ("prioritise", {"order_no": "W-0", "priority": "P9", "reason": "x"}, ValidationError),
        ("void_fee", {"order_no": "W-0", "fee": 0, "reason": "x"}, ValidationError),
        ("reroute", {"order_no": "W-0", "to": "fix"}, ValidationError),
        ("resolve", {"order_no": "W-0", "solution": ""}, ValidationError),
        ("set_presence", {"agent_id": "nobody", "present": True}, NotFound),
        ("set_presence", {"agent_id": "nobody", "present": "yes"}, ValidationError),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(
    desk: Client, stack: Stack, method: str, fields: dict[str, Any], refusal: type[LoopdeskError]
) -> None:
    with pytest.raises(refusal):
        desk.command("dispatch", method, **fields)
    assert stack.database["dispatch_orders"].find_one({"_id": "W-0"}) is None
    assert stack.database["dispatch_agents"].find_one({"_id": "nobody"}) is None


@pytest.mark.parametrize(
    ("account", "method", "fields"),
    [
        ("callcentre", "accept", {"order_no": "W-0"}),
        ("workbench", "save_agent", an_agent("dan", "it")),
        ("workbench", "reroute", {"order_no": "W-0", "to": "fix", "reason": "x"}),
        ("workbench", "void_fee", {"order_no": "W-0", "fee": 1, "reason": "x"}),
        ("callcentre", "complete_step", {"order_no": "W-0"}),
        ("workbench", "accept", {"order_no": "W-0", "at": "2016-02-29T01:16:00Z"}),
        ("supervisor", "apply_reference", {"body": {}}),
    ],
)
def test_an_account_without_the_permission_is_refused(
    stack: Stack, desk: Client, account: str, method: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        stack.client(account).command("dispatch", method, **fields)
