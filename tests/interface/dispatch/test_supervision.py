"""Supervision: urging, watching, intervening; levels climbed and left; worklists, workload and the duty log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.cli import main
from services.dispatch.storage import worklists
from shared.client import Client
from shared.errors import Conflict, Forbidden, IllegalMove, LoopdeskError, NotFound, ValidationError
from tests.interface.dispatch.desk import a_ticket, come, do, happened, news, opened, order_of, work
from tests.interface.feigned import Ear, Feigned
from tests.support import Stack, eventually

FRIDAY = datetime(2016, 2, 26, 15, 0, tzinfo=UTC)
LONG_AGO = datetime(2016, 2, 29, 1, 0, tzinfo=UTC)


def wire(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replayed(desk: Client, tell: Feigned, team: str, at: datetime, **changes: Any) -> Any:
    """Work in replay, opened at that time: its time goes by the caller's."""
    ticket = a_ticket(team, at=at, replay_until=at, **changes)
    opened(desk, tell, ticket)
    return ticket


def live(tell: Feigned, ticket: Any, at: datetime) -> None:
    number = ticket.data["ticket_no"]
    tell.tell(news("intake", "ticket_replay_ended", number, number=9, at=at, ticket_no=number))


def data(order: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["data"] for entry in order["history"] if entry["type"] == kind]


# urging, watching, intervening


def test_an_urge_is_told_to_the_owner_and_the_third_to_the_supervisor(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = replayed(desk, tell, team, LONG_AGO)

    do(desk, "urge", ticket, by="customer", note="快点!", at=LONG_AGO)
    do(desk, "urge", ticket, by="supervisor", at=LONG_AGO + timedelta(minutes=1))
    with pytest.raises(IllegalMove) as refused:
        do(desk, "urge", ticket, by="customer", at=LONG_AGO + timedelta(minutes=29))
    do(desk, "urge", ticket, by="customer", at=LONG_AGO + timedelta(minutes=30))

    assert (refused.value.details["rule"], refused.value.details["again_at"]) == (
        "urge",
        wire(LONG_AGO + timedelta(minutes=30)),
    )
    told = eventually(lambda: (all_of := ear.heard("work_urged", order_no=order_of(ticket)))[2:] and all_of)
    assert [(one.data["count"], one.data["by"], one.data["tell"]) for one in told] == [
        (1, "customer", ["owner"]),
        (2, "supervisor", ["owner"]),
        (3, "customer", ["owner", "supervisor"]),
    ]
    assert (told[0].data["note"], told[0].data["owners"], told[2].data["supervisors"]) == ("快点!", [a1], ["chief"])


def test_who_has_a_mass_incident_hears_once_of_each_urge_of_its_parts(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    mass, *parts = a_ticket(team), a_ticket(team), a_ticket(team)
    opened(desk, tell, mass, *parts)
    do(desk, "declare_mass_incident", mass, reason="many")
    for part in parts:
        do(desk, "link_work", part, parent=order_of(mass), reason="the same")

    for part in parts:
        number = part.data["ticket_no"]
        tell.tell(news("intake", "ticket_urged", number, number=5, ticket_no=number, note="!"))

    told = eventually(lambda: (all_of := ear.heard("work_urged", order_no=order_of(mass)))[1:] and all_of)
    assert [one.data["count"] for one in told] == [1, 2]
    assert {one.data["child_no"] for one in told} == {order_of(part) for part in parts}
    assert [(one.data["by"], one.data["note"], one.data["owners"]) for one in told] == [("customer", "!", [a1])] * 2
    (own,) = ear.heard("work_urged", order_no=order_of(parts[0]))
    assert (own.data["parent_no"], own.data["tell"]) == (order_of(mass), [])


def test_who_watches_hears_what_becomes_of_the_work(desk: Client, tell: Feigned, ear: Ear, team: str, a1: str) -> None:
    ticket = a_ticket(team, priority="P1", at=datetime.now(UTC) - timedelta(minutes=20))
    opened(desk, tell, ticket)
    do(desk, "watch", ticket, watcher=a1)
    come(desk, f"a2 of {team}", team, capacity=1)
    do(desk, "watch", ticket, watcher=f"a2 of {team}")
    do(desk, "unwatch", ticket, watcher=a1)
    with pytest.raises(IllegalMove):
        do(desk, "watch", ticket, watcher=f"a2 of {team}")

    do(desk, "resolve", ticket, solution="Done")

    (told,) = eventually(lambda: ear.heard("work_resolved", order_no=order_of(ticket)))
    assert told.data["watchers"] == [f"a2 of {team}"]


def test_a_supervisor_overrides_a_priority_and_intervenes_and_both_are_recorded(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = a_ticket(team, priority="P4")
    opened(desk, tell, ticket)

    do(desk, "override_priority", ticket, priority="P2", reason="The mayor called", actor="chief")
    do(desk, "intervene", ticket, reason="It goes in circles", instruction="Call the customer today", actor="chief")

    order = work(desk, ticket)
    assert [(one["from"], one["to"], one["by"]) for one in data(order, "work_prioritised")] == [
        ("P4", "P2", "supervisor")
    ]
    (entry,) = (entry for entry in order["history"] if entry["type"] == "work_intervened")
    assert (entry["actor"], entry["data"]["reason"], entry["data"]["instruction"]) == (
        "chief",
        "It goes in circles",
        "Call the customer today",
    )
    (told,) = eventually(lambda: ear.heard("work_intervened", order_no=order_of(ticket)))
    assert told.data["owners"] == [a1]


def test_a_hold_that_lasts_too_long_is_told_at_the_time_of_its_limit(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = replayed(desk, tell, team, LONG_AGO, priority="P4")
    do(desk, "hold", ticket, reason="waiting_for_vendor", at=LONG_AGO + timedelta(minutes=5))
    live(tell, ticket, LONG_AGO + timedelta(minutes=6))

    (told,) = eventually(lambda: ear.heard("work_held_long", order_no=order_of(ticket)))

    assert (told.at, told.data["reason"], told.data["owners"]) == (
        LONG_AGO + timedelta(hours=1, minutes=5),
        "waiting_for_vendor",
        [a1],
    )
    found = desk.call("dispatch", "find_worklist", list="held_long", team=team)
    assert [row["order_no"] for row in found["work"]] == [order_of(ticket)]


# the ladder


def test_work_climbs_three_levels_in_business_time_up_to_the_duty_manager_and_comes_down_when_it_is_done(
    desk: Client, tell: Feigned, ear: Ear, team: str, a1: str
) -> None:
    ticket = replayed(desk, tell, team, FRIDAY, type="ladder", priority="P1")
    do(desk, "respond", ticket, at=FRIDAY)

    levels = []
    for hours in (1, 2, 67, 71):  # Friday 16:00 and 17:00, Monday 10:00 and 14:00
        do(desk, "respond", ticket, at=FRIDAY + timedelta(hours=hours))
        levels.append(work(desk, ticket)["escalation"])
    do(desk, "resolve", ticket, solution="Done", at=FRIDAY + timedelta(hours=72))

    order = work(desk, ticket)
    assert (levels, order["escalation"]) == ([0, 1, 2, 3], 0)
    climbed = [entry for entry in order["history"] if entry["type"] == "work_escalated"]
    assert [(entry["data"]["level"], entry["at"], entry["data"]["tell"]) for entry in climbed] == [
        (1, "2016-02-26T17:00:00.000Z", ["owner"]),
        (2, "2016-02-29T10:00:00.000Z", ["owner", "supervisor"]),
        (3, "2016-02-29T14:00:00.000Z", ["duty_manager"]),
    ]
    (told,) = eventually(lambda: ear.heard("work_deescalated", order_no=order_of(ticket)))
    assert {name: told.data[name] for name in ("from", "level", "why", "tell", "owners", "duty_managers")} == {
        "from": 3,
        "level": 0,
        "why": "resolved",
        "tell": ["owner", "supervisor", "duty_manager"],
        "owners": [a1],
        "duty_managers": ["duty"],
    }


# worklists


def listed(desk: Client, name: str, **filters: Any) -> list[str]:
    """The whole list, two rows at a time."""
    numbers: list[str] = []
    page = desk.call("dispatch", "find_worklist", list=name, limit=2, **filters)
    while True:
        numbers += [row["order_no"] for row in page["work"]]
        if page["next"] is None:
            return numbers
        page = desk.call("dispatch", "find_worklist", list=name, limit=2, after=page["next"], **filters)


def test_a_worklist_shows_what_is_to_be_done_first_first_and_what_that_is(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    late, later = (
        a_ticket(team, priority="P1", at=now - timedelta(minutes=minutes)) for minutes in (30, 20)
    )  # due a quarter of an hour after
    opened(desk, tell, later, late)

    page = eventually(
        lambda: (
            one if len((one := desk.call("dispatch", "find_worklist", list="missed", team=team))["work"]) == 2 else None
        )
    )

    assert [row["order_no"] for row in page["work"]] == [order_of(late), order_of(later)]
    assert page["work"][0]["next"] == {
        "action": "accept",
        "name": {"zh-CN": "接单", "en": "accept it"},
        "by": wire(late.at.replace(microsecond=late.at.microsecond // 1000 * 1000) + timedelta(minutes=15)),
        "late": True,
        "team": team,
        "who": [a1],
    }
    do(desk, "respond", late)
    assert listed(desk, "missed", team=team) == [order_of(later)]


def test_a_worklist_is_found_by_any_filters_page_by_page(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    tickets = [
        a_ticket(team, priority=priority, type=type, tier=tier)
        for priority, type, tier in [
            ("P1", "fault", "gold"),
            ("P3", "fault", ""),
            ("P3", "request", "gold"),
            ("P4", "request", "gold"),
            ("P1", "fault", "gold"),
        ]
    ]
    come(desk, f"a2 of {team}", team, capacity=3)
    opened(desk, tell, *tickets)
    by_number = {order_of(one): one for one in tickets}

    everything = listed(desk, "unaccepted", team=team)

    assert sorted(everything) == sorted(by_number)
    assert [by_number[number].data["priority"] for number in everything] == ["P1", "P1", "P3", "P3", "P4"]
    for filters in (
        {"type": "fault"},
        {"tier": "gold"},
        {"agent": a1},
        {"tier": "gold", "type": "request", "agent": a1},
    ):
        rows = desk.call("dispatch", "find_work", team=team, **{k: v for k, v in filters.items() if k == "agent"})[
            "work"
        ]
        wanted = {row["order_no"] for row in rows if all(row[k] == v for k, v in filters.items() if k != "agent")}
        assert set(listed(desk, "unaccepted", team=team, **filters)) == wanted
    assert listed(desk, "unaccepted", team=team, type="praise") == []


def test_a_page_goes_on_where_the_one_before_ended_whatever_happened_meanwhile(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    tickets = [a_ticket(team, priority=priority) for priority in ("P1", "P1", "P3", "P4")]
    come(desk, f"a2 of {team}", team, capacity=9)
    opened(desk, tell, *tickets)
    first = desk.call("dispatch", "find_worklist", list="unaccepted", team=team, limit=2)

    do(desk, "accept", tickets[0])  # leaves the list
    another = a_ticket(team, priority="P1", at=datetime.now(UTC) - timedelta(minutes=5))
    opened(desk, tell, another)  # stands before the place where the next page begins
    rest = desk.call("dispatch", "find_worklist", list="unaccepted", team=team, limit=2, after=first["next"])

    assert [row["order_no"] for row in rest["work"]] == [order_of(tickets[2]), order_of(tickets[3])]
    assert rest["next"] is None


def test_urged_and_reopened_work_leaves_its_list_when_it_is_answered(
    desk: Client, tell: Feigned, team: str, a1: str
) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "urge", ticket, by="customer")
    assert listed(desk, "urged", agent=a1) == [order_of(ticket)]
    do(desk, "respond", ticket)
    assert listed(desk, "urged", agent=a1) == []

    do(desk, "resolve", ticket, solution="Done")
    do(desk, "reopen", ticket, reason="Not so")
    assert listed(desk, "reopened", agent=a1) == [order_of(ticket)]
    do(desk, "resolve", ticket, solution="Done now")
    assert listed(desk, "reopened", team=team) == []


def test_work_that_nobody_can_take_is_listed_for_the_duty_manager(desk: Client, tell: Feigned, team: str) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)

    page = eventually(
        lambda: one if (one := desk.call("dispatch", "find_worklist", list="stranded", team=team))["work"] else None
    )

    (row,) = page["work"]
    assert (row["next"]["action"], row["next"]["who"]) == ("find_somebody", ["duty"])


@pytest.mark.parametrize(
    "filters",
    [{}, {"team": "probe 000"}, {"agent": "a1"}, {"type": "fault"}, {"tier": "gold"}, {"tier": "gold", "agent": "a1"}],
    ids=str,
)
def test_a_worklist_reads_its_index_in_order(stack: Stack, filters: dict[str, str]) -> None:
    wanted = worklists.query("missed", filters, None)
    rows = stack.database["dispatch_orders"].find(wanted).hint("of_list").sort("act_by", 1).limit(51)
    plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"])
    assert '"indexName": "of_list"' in plan
    assert '"stage": "SORT"' not in plan
    assert "COLLSCAN" not in plan


def test_a_list_with_one_filter_reads_no_work_beyond_its_page(
    desk: Client, tell: Feigned, stack: Stack, team: str
) -> None:
    come(desk, f"a1 of {team}", team, capacity=30)
    opened(desk, tell, *(a_ticket(team) for _ in range(12)))
    page = desk.call("dispatch", "find_worklist", list="unaccepted", team=team, limit=3)
    for after in (None, page["next"]):
        wanted = worklists.query("unaccepted", {"team": team}, after)
        rows = stack.database["dispatch_orders"].find(wanted).hint("of_list").sort("act_by", 1).limit(4)
        stats = rows.explain()["executionStats"]
        assert (stats["nReturned"], stats["totalDocsExamined"], stats["totalKeysExamined"]) == (4, 4, 4)


# workload


def an_assignment(team: str, agent: str, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "_id": f"W-{team}/{number}",
        "order_no": f"W-{team}",
        "number": number,
        "agent": agent,
        "team": team,
        "shift": "early",
        "units": 1,
        "came": "assigned",
        "assigned_at": LONG_AGO,
        "accepted_at": None,
        "ended_at": None,
        "outcome": None,
        "missed": 0,
        "handling_seconds": None,
    } | changes


def done(team: str, agent: str, number: int, seconds: float, **changes: Any) -> dict[str, Any]:
    over = {"accepted_at": LONG_AGO, "ended_at": LONG_AGO + timedelta(hours=1), "handling_seconds": seconds}
    return an_assignment(team, agent, number, **{"outcome": "resolved", **over, **changes})


def test_the_workload_of_a_period_counts_what_was_given_and_what_came_of_it(
    desk: Client, stack: Stack, team: str, a1: str
) -> None:
    a2 = come(desk, f"a2 of {team}", team, capacity=7)
    later = LONG_AGO + timedelta(days=2)
    stack.database["dispatch_assignments"].insert_many(
        [
            done(team, a1, 1, 100.0, missed=1),
            done(team, a1, 2, 50.0, outcome="completed", came="transferred_in"),
            done(team, a1, 3, 300.0, missed=2),
            done(team, a1, 4, 310.0, shift="late"),
            done(team, a1, 5, 9.0, outcome="declined", accepted_at=None),
            done(team, a1, 6, 9.0, outcome="transferred"),
            done(team, a1, 7, 1.0, ended_at=later),  # given in the period, ended after it
            done(team, a1, 8, 1.0, assigned_at=later, ended_at=later),  # neither
            an_assignment(team, a2, 9, units=4, missed=1),
            an_assignment(team, a2, 10, units=2, came="handed_over", assigned_at=later),
        ]
    )
    asked = {"team": team, "from": LONG_AGO, "to": LONG_AGO + timedelta(days=1)}

    rows = desk.call("dispatch", "get_workload", **asked)["rows"]

    assert [row["agent"] for row in rows] == [a1, a2]
    counts = ("open", "load", "late", "capacity", "given", "accepted", "transferred_in", "transferred_out")
    assert [[row[name] for name in counts] for row in rows] == [[0, 0, 0, 2, 7, 6, 1, 1], [2, 6, 1, 7, 1, 0, 0, 0]]
    assert [(row["done"], row["declined"], row["missed"]) for row in rows] == [(4, 1, 3), (0, 0, 0)]
    assert [row["handling"] for row in rows] == [{"median": 200.0, "mean": 190.0}, {"median": None, "mean": None}]

    (whole,) = desk.call("dispatch", "get_workload", by="team", **asked)["rows"]
    assert (whole["team"], whole["capacity"], whole["open"], whole["given"], whole["done"]) == (team, 9, 2, 8, 4)
    shifts = desk.call("dispatch", "get_workload", by="shift", **asked)["rows"]
    assert [(row["shift"], row["done"], row["handling"]["median"]) for row in shifts] == [
        ("early", 3, 100.0),
        ("late", 1, 310.0),
    ]
    of_one = {"agent": a1, "shift": "early", "from": asked["from"], "to": asked["to"]}
    (row,) = desk.call("dispatch", "get_workload", **of_one)["rows"]
    assert (row["agent"], row["given"], row["done"]) == (a1, 6, 3)


def test_the_workload_of_now_is_that_of_the_work_itself(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    tickets = [a_ticket(team), a_ticket(team)]
    opened(desk, tell, *tickets)
    do(desk, "accept", tickets[0])
    do(desk, "resolve", tickets[1], solution="Done")

    (row,) = desk.call("dispatch", "get_workload", team=team)["rows"]

    assert (row["open"], row["load"], row["given"], row["accepted"], row["done"]) == (1, 1, 2, 1, 1)
    assert row["handling"]["median"] is not None


def test_the_workload_reads_indexes_only_as_far_as_its_period(stack: Stack) -> None:
    assignments = stack.database["dispatch_assignments"]
    period = {"$gte": LONG_AGO, "$lt": LONG_AGO + timedelta(days=1)}
    plans = {
        "of_team": {"team": {"$in": ["a", "b"]}, "ended_at": period},
        "given_in_team": {"team": {"$in": ["a", "b"]}, "assigned_at": period},
        "of_agent": {"agent": "a", "ended_at": period},
        "given_to_agent": {"agent": "a", "assigned_at": period},
    }
    for index, wanted in plans.items():
        plan = json.dumps(assignments.find(wanted).hint(index).explain()["queryPlanner"]["winningPlan"])
        assert f'"indexName": "{index}"' in plan
        assert "[new Date(1456707600000), new Date(1456794000000))" in plan


# the duty log


def test_the_duty_log_is_read_by_team_and_period_the_newest_first(desk: Client, team: str) -> None:
    began = datetime.now(UTC)
    for number in range(5):
        answer = desk.command("dispatch", "append_duty_log", team=team, text=f"机房 {number}", actor="op.01")
    desk.command("dispatch", "append_duty_log", text=f"about {team}")

    assert answer["log_id"] == f"{team}/{began:%Y-%m}"
    assert answer["entry"] == 5
    page = desk.call("dispatch", "find_duty_log", team=team, limit=3)
    rest = desk.call("dispatch", "find_duty_log", team=team, limit=3, after=page["next"])
    assert [one["text"] for one in page["entries"] + rest["entries"]] == [f"机房 {n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next"] is None
    assert {(one["team"], one["by"]) for one in page["entries"]} == {(team, "op.01")}
    (first, *_) = desk.call("dispatch", "find_duty_log", desk=True)["entries"]
    assert (first["team"], first["text"]) == (None, f"about {team}")
    both = desk.call("dispatch", "find_duty_log", **{"from": began})["entries"]
    assert [one["text"] for one in both[:2]] == [f"about {team}", "机房 4"]
    assert desk.call("dispatch", "find_duty_log", team=team, to=began)["entries"] == []


def test_long_duty_logs_are_read_through_what_has_left_their_documents(desk: Client, stack: Stack, team: str) -> None:
    noted = [(of, str(number)) for number in range(40) for of in (team, None)]
    for of, text in noted:  # all at one instant: the hardest case for pages
        answer = desk.command("dispatch", "append_duty_log", team=of, text=text, at=LONG_AGO)
    spilled = {"aggregate": f"dispatch_duty_logs/{answer['log_id']}"}
    eventually(lambda: stack.database["dispatch_history"].count_documents(spilled) > 0)

    found: list[tuple[str | None, str]] = []
    period = {"from": LONG_AGO, "to": LONG_AGO + timedelta(seconds=1)}
    page = desk.call("dispatch", "find_duty_log", limit=7, **period)
    while True:
        found += [(entry["team"], entry["text"]) for entry in page["entries"]]
        if page["next"] is None:
            break
        page = desk.call("dispatch", "find_duty_log", limit=7, after=page["next"], **period)

    newest_first = [str(number) for number in reversed(range(40))]
    assert found == [(team, text) for text in newest_first] + [(None, text) for text in newest_first]
    of_team = desk.call("dispatch", "find_duty_log", team=team, limit=200, **period)
    assert [entry["text"] for entry in of_team["entries"]] == newest_first


def test_an_entry_is_noted_once_and_nobody_can_change_it(desk: Client, stack: Stack, team: str) -> None:
    once = {"team": team, "text": "power is back", "request_id": f"note of {team}"}
    first = desk.call("dispatch", "append_duty_log", **once)

    assert desk.call("dispatch", "append_duty_log", **once) == first
    with pytest.raises(Conflict):
        desk.call("dispatch", "append_duty_log", **{**once, "text": "power is gone"})
    assert len(desk.call("dispatch", "find_duty_log", team=team)["entries"]) == 1
    chained = stack.database["dispatch_duty_logs"].find_one({"_id": first["log_id"]})
    assert chained["head"]["hash"] == chained["history"][-1]["hash"]


def test_an_entry_that_somebody_changed_in_the_database_is_found(desk: Client, stack: Stack, team: str) -> None:
    log_id = desk.command("dispatch", "append_duty_log", team=team, text="all quiet")["log_id"]
    logs = stack.database["dispatch_duty_logs"]

    def verified() -> tuple[list[bool], list[int]]:
        just_before = {"collection": "dispatch_duty_logs", "id": log_id[:-1]}
        page = desk.call("dispatch", "verify_history", after=just_before, limit=5)
        rebuilt = [row["rebuilt"] for row in page["aggregates"] if row["id"] == log_id]
        return rebuilt, [fault["first"] for fault in page["faults"] if fault["id"] == log_id]

    assert verified() == ([True], [])
    logs.update_one({"_id": log_id}, {"$set": {"history.0.data.text": "nobody saw a thing"}})
    (_, wrong) = verified()
    logs.update_one({"_id": log_id}, {"$set": {"history.0.data.text": "all quiet"}})

    assert wrong[0] == 1
    assert verified() == ([True], [])


# refusals


DAY_ONE = "2016-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("method", "fields", "refusal"),
    [
        ("urge", {"order_no": "W-0", "by": "customer"}, NotFound),
        ("urge", {"order_no": "W-0", "by": "anybody"}, ValidationError),
        ("watch", {"order_no": "W-0", "watcher": "nobody"}, NotFound),
        ("intervene", {"order_no": "W-0", "reason": "x"}, ValidationError),
        ("override_priority", {"order_no": "W-0", "priority": "P9", "reason": "x"}, ValidationError),
        ("append_duty_log", {"team": "nowhere", "text": "x"}, NotFound),
        ("reassign", {"order_no": "W-0", "agent": "nobody", "reason": "x"}, NotFound),
        ("append_duty_log", {"text": " "}, ValidationError),
    ],
)
def test_bad_commands_are_refused(desk: Client, method: str, fields: Any, refusal: type[LoopdeskError]) -> None:
    with pytest.raises(refusal):
        desk.command("dispatch", method, **fields)


@pytest.mark.parametrize(
    ("method", "fields", "place"),
    [
        ("find_worklist", {"list": "everything"}, "list"),
        ("find_worklist", {}, "list"),
        ("find_worklist", {"list": "missed", "type": "no such"}, "type"),
        ("find_worklist", {"list": "missed", "after": "W-1"}, "after"),
        ("find_worklist", {"list": "missed", "team": {"$ne": ""}}, "team"),
        ("get_workload", {"by": "weekday"}, "by"),
        ("get_workload", {"from": DAY_ONE, "to": "2016-04-03T00:00:00Z"}, "from"),
        ("get_workload", {"from": DAY_ONE, "to": "2016-02-02T00:00:00Z", "shift": "early"}, "from"),
        ("get_workload", {"from": DAY_ONE, "to": DAY_ONE}, "to"),
        ("find_duty_log", {"from": DAY_ONE}, "from"),
        ("find_duty_log", {"team": "it", "desk": True}, "desk"),
        ("find_duty_log", {"after": "MQ=="}, "after"),
    ],
)
def test_bad_queries_are_refused_by_the_place_that_is_wrong(desk: Client, method: str, fields: Any, place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", method, **fields)
    assert list(refused.value.fields) == [place]


@pytest.mark.parametrize(
    ("account", "method", "fields"),
    [
        ("callcentre", "urge", {"order_no": "W-0", "by": "customer"}),
        ("workbench", "urge", {"order_no": "W-0", "by": "supervisor"}),
        ("workbench", "override_priority", {"order_no": "W-0", "priority": "P1", "reason": "x"}),
        ("workbench", "intervene", {"order_no": "W-0", "reason": "x", "instruction": "y"}),
    ],
)
def test_an_account_without_the_permission_is_refused(
    stack: Stack, desk: Client, account: str, method: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        stack.client(account).command("dispatch", method, **fields)


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("find_worklist", {"list": "missed"}, "team"),
        ("find_worklist", {"list": "missed"}, "agent"),
        ("get_workload", {}, "team"),
        ("get_workload", {}, "agent"),
        ("get_workload", {"by": "shift"}, "shift"),
    ],
)
def test_an_unknown_team_agent_or_shift_is_not_taken_for_one_without_work(
    desk: Client, method: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(NotFound) as refused:
        desk.call("dispatch", method, **fields, **{field: "nobody"})
    assert refused.value.details == {"what": field, "key": "nobody", "field": field}


def test_what_supervision_did_is_told_by_the_history(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "urge", ticket, by="supervisor")
    do(desk, "watch", ticket, watcher=a1)
    do(desk, "intervene", ticket, reason="x", instruction="y")
    do(desk, "unwatch", ticket, watcher=a1)

    order = work(desk, ticket)

    assert happened(order)[-4:] == ["work_urged", "work_watched", "work_intervened", "work_unwatched"]


# the command line


def test_supervisors_see_the_same_on_the_command_line(desk: Client, stack: Stack, tell: Feigned, team: str) -> None:
    agent = come(desk, f"a1-{team}".replace(" ", "-"), team, capacity=2)
    opened(desk, tell, a_ticket(team, tier="gold"))

    def loopdesk(*arguments: str) -> str:
        environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("importer"), "LOOPDESK_MANAGEMENT_URI": stack.management_uri}
        result = CliRunner().invoke(main, arguments, env=environ)
        assert result.exit_code == 0, result.output
        return result.output

    listed_ = loopdesk("worklist", "unaccepted", "--team", team, "--tier", "gold", "--language", "zh-CN")
    assert "接单" in listed_
    assert "接单" in loopdesk("worklist", "unaccepted", "--agent", agent, "--json")
    assert "nothing stands" in loopdesk("worklist", "unaccepted", "--team", team, "--type", "praise")
    assert agent in loopdesk("workload", "--team", team, "--from", "2026-01-01", "--to", "2026-02-01")
    assert "entry 1" in loopdesk("duty-log", "note", "停电", "--team", team, "--by", "op.01")
    assert "op.01" in loopdesk("duty-log", "list", "--team", team)
