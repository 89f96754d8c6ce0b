"""What time does to work, and commands that change what time does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.client import Client
from shared.errors import IllegalMove, ValidationError
from tests.interface.dispatch.desk import (
    EXPERTS,
    a_ticket,
    come,
    do,
    happened,
    kept,
    loads,
    news,
    opened,
    order_of,
    work,
)
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually


def test_late_timers_tell_every_deadline_once_at_the_time_it_fell_due(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    ticket = a_ticket(team, priority="P1", at=began)

    opened(desk, tell, ticket)
    eventually(lambda: work(desk, ticket)["escalation"] == 2)

    history = [entry for entry in work(desk, ticket)["history"] if not entry["type"].startswith("work_assigned")]
    fell = [(entry["type"], entry["at"]) for entry in history[1:]]
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
    expert = come(desk, f"expert of {team}", EXPERTS, capacity=50)  # work of other tests may wait there, too
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    ticket = a_ticket(team, type="climbing", priority="P1", at=began, replay_until=began)
    opened(desk, tell, ticket)  # with a1

    tell.tell(news("intake", "ticket_replay_ended", ticket.aggregate_id, ticket_no=ticket.data["ticket_no"]))
    order = eventually(lambda: one if (one := work(desk, ticket))["agent"] == expert else None)

    assert (order["team"], order["state"], order["escalation"]) == (EXPERTS, "assigned", 3)
    moved = next(entry for entry in order["history"] if entry["type"] == "work_transferred")
    assert (moved["at"], moved["data"]["from_agent"]) == (
        (began + timedelta(hours=4)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        a1,
    )
    assert loads(stack, team) == {a1: 0}
    its = desk.call("dispatch", "find_work", agent=expert, limit=100)["work"]
    assert loads(stack, EXPERTS)[expert] == len(its)
    told = eventually(lambda: ear.heard("work_escalated", order_no=order_of(ticket)))
    assert (told[0].data["tell"], told[0].data["duty_manager"], told[0].data["team"]) == (
        ["duty_manager"],
        "duty",
        team,
    )
    do(desk, "resolve", ticket, solution="Done")
    desk.command("dispatch", "set_presence", agent_id=expert, status="offline")


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
