"""Deadlines explained, rerated and rolled out, on the real broker and database. Intake and feedback are feigned."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from deploy.catalogue import subscriptions
from deploy.cli import main
from shared.client import Client
from shared.clock import from_text
from shared.errors import Forbidden, NotFound, ValidationError
from shared.events import Event
from tests.interface.feigned import Ear, Feigned, on_the_bus
from tests.support import Stack, eventually, until_noticed
from tests.unit.dispatch.timelines import CALENDARS, SHANGHAI, TARGETS, WAITING, a_body, a_policy

NUMBERS = count(7_000_001)
THEN = datetime(2016, 3, 1, 1, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in Shanghai
PERIOD = {"from": datetime(2016, 1, 1, tzinfo=UTC), "to": datetime(2017, 1, 1, tzinfo=UTC)}
CONFIG = Path(__file__).parents[2] / "deploy" / "config"
LATE = datetime(9999, 1, 1, tzinfo=UTC)
MANY = 300


def body(hours: int = 8, **changes: Any) -> dict[str, Any]:
    """Resolution within so many hours of day and night for the tier `gold`, within ten days at work for `silver`."""
    hourly = {"first_response": "1h", "resolution": f"{hours}h", "calendar": "always"}
    daily = {"first_response": "1h", "resolution": "10wd", "calendar": "shanghai"}
    gold = a_policy("gold", when='tier == "gold"', targets=dict.fromkeys(TARGETS, hourly), escalations=[])
    silver = a_policy("silver", when='tier == "silver"', targets=dict.fromkeys(TARGETS, daily), escalations=[])
    return a_body(gold, silver, a_policy(), **changes)


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Iterator[Client]:
    """An account that may do everything, with somebody who takes all work, and no other test's."""
    client = stack.client("importer")
    put(client, body())
    agent = {"agent_id": "timekeeper", "name": "计时员", "teams": ["it"], "capacity": 100_000}
    client.command("dispatch", "save_agent", **agent)
    client.command("dispatch", "set_presence", agent_id="timekeeper", status="available")
    yield client
    client.command("dispatch", "set_presence", agent_id="timekeeper", status="offline")


@pytest.fixture(scope="module")
def bus(stack: Stack, desk: Client) -> Iterator[tuple[Feigned, Ear]]:
    """Feigned intake that only dispatch hears, and an ear on dispatch."""
    with on_the_bus(stack.admin_amqp_uri, "dispatch", subscriptions("dispatch")) as both:
        yield both


@pytest.fixture
def loopdesk(stack: Stack) -> Callable[..., str]:
    def run(*arguments: object, code: int = 0) -> str:
        environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator")}
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)
        assert result.exit_code == code, result.output
        return result.stdout

    return run


def put(client: Client, wanted: dict[str, Any]) -> dict[str, Any]:
    """In force, and noticed by every process."""
    answer = client.command("dispatch", "apply_reference", body=wanted)
    until_noticed()
    return dict(answer)


def a_ticket(at: datetime | None = None, *, tier: str = "gold", **changes: Any) -> Event:
    """A ticket for IT; with a time, in replay."""
    number = next(NUMBERS)
    data = {"ticket_no": f"T-{number}", "customer_id": "C-1", "type": "fault", "category": "network", "priority": "P2"}
    return Event(
        id=f"intake_probe/{number}/1",
        type="ticket_submitted",
        source="intake",
        aggregate_id=f"T-{number}",
        aggregate_version=1,
        number=1,
        at=at or datetime.now(UTC),
        recorded_at=datetime.now(UTC),
        replay_until=at,
        data=data | {"subject": "断网", "tier": tier, "reference": f"REF{number}"} | changes,
    )


def opened(desk: Client, bus: tuple[Feigned, Ear], *tickets: Event) -> list[str]:
    """The numbers of their work, as soon as it is there and somebody has it."""
    bus[0].tell(*tickets)
    numbers = [ticket.aggregate_id.replace("T-", "W-") for ticket in tickets]

    def there() -> bool:
        return all(desk.call("dispatch", "get_work", order_no=number)["state"] == "assigned" for number in numbers)

    eventually(there)
    return numbers


def resolved(desk: Client, order_no: str, at: datetime) -> None:
    desk.command("dispatch", "resolve", order_no=order_no, solution="plugged it in", at=at)


def facts(desk: Client, order_no: str, *types: str) -> list[dict[str, Any]]:
    history = desk.call("dispatch", "get_work", order_no=order_no)["history"]
    return [entry for entry in history if entry["type"] in types]


# explain_deadline


@pytest.fixture(scope="module")
def explained(desk: Client, bus: tuple[Feigned, Ear]) -> str:
    """Work that was held from ten to eleven, and is still open at noon."""
    (order_no,) = opened(desk, bus, a_ticket(THEN))
    for hours, move, fields in ((1, "hold", {"reason": WAITING}), (2, "resume", {}), (3, "respond", {})):
        desk.command("dispatch", move, order_no=order_no, at=THEN + timedelta(hours=hours), **fields)
    return order_no


def test_a_deadline_is_explained_interval_by_interval(desk: Client, explained: str) -> None:
    told = desk.call("dispatch", "explain_deadline", order_no=explained, clock="resolution")

    version = desk.call("dispatch", "get_reference")["version"]
    by = {"calendar": f"always@{version}", "policy": f"gold@{version}"}
    at = [f"2016-03-01T0{hour}:00:00.000Z" for hour in (1, 2, 3, 4)]
    assert told["intervals"] == [
        {"from": at[0], "to": at[1], "seconds": 3600, "kind": "counted", "reason": None, **by},
        {"from": at[1], "to": at[2], "seconds": 3600, "kind": "paused", "reason": WAITING, **by},
        {"from": at[2], "to": at[3], "seconds": 3600, "kind": "counted", "reason": None, **by},
    ]
    assert (told["counted_seconds"], told["target_seconds"], told["by_seconds"]) == (7200, 28800, 21600)
    assert (told["state"], told["due"], told["as_of"]) == ("running", "2016-03-01T10:00:00.000Z", at[3])
    assert (told["provisional"], told["forecast"], told["changes"]) == (False, False, [])


def test_work_is_explained_by_any_of_its_names(desk: Client, explained: str) -> None:
    number = explained.removeprefix("W-")
    names = ({"order_no": explained}, {"ticket_no": f"T-{number}"}, {"reference": f"REF{number}"})
    told = [desk.call("dispatch", "explain_deadline", clock="first_response", **name) for name in names]
    assert told[0] == told[1] == told[2]
    assert (told[0]["order_no"], told[0]["ticket_no"], told[0]["reference"]) == (
        explained,
        f"T-{number}",
        f"REF{number}",
    )


def test_an_earlier_time_is_explained_by_what_was_known_then(desk: Client, explained: str) -> None:
    then = THEN + timedelta(minutes=30)
    told = desk.call("dispatch", "explain_deadline", order_no=explained, clock="resolution", as_of=then)
    assert (told["due"], told["counted_seconds"]) == ("2016-03-01T09:00:00.000Z", 1800)


def test_a_later_time_is_explained_as_if_nobody_did_anything_more(desk: Client, explained: str) -> None:
    told = desk.call(
        "dispatch", "explain_deadline", order_no=explained, clock="resolution", as_of=THEN + timedelta(hours=10)
    )
    assert (told["forecast"], told["state"], told["by_seconds"]) == (True, "missed", 3600)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"reference": "no such"}, NotFound),
        ({"order_no": "W-0"}, NotFound),
        ({}, ValidationError),
        ({"order_no": "W-0", "ticket_no": "T-0"}, ValidationError),
    ],
)
def test_work_that_is_not_there_is_not_explained(desk: Client, asked: dict[str, Any], refusal: Any) -> None:
    with pytest.raises(refusal):
        desk.call("dispatch", "explain_deadline", clock="resolution", **asked)


def test_an_unknown_clock_is_refused_with_the_names_that_there_are(desk: Client, explained: str) -> None:
    with pytest.raises(NotFound) as refused:
        desk.call("dispatch", "explain_deadline", order_no=explained, clock="solution")
    assert refused.value.details["known"] == ["first_response", "resolution"]


def test_a_time_beyond_all_calendars_is_refused_by_its_place(desk: Client, explained: str) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call(
            "dispatch",
            "explain_deadline",
            order_no=explained,
            clock="resolution",
            as_of=datetime(9999, 1, 1, tzinfo=UTC),
        )
    assert list(refused.value.fields) == ["as_of"]


def test_loopdesk_explain_prints_the_intervals_and_the_verdict(loopdesk: Callable[..., str], explained: str) -> None:
    printed = loopdesk("explain", explained.replace("W-", "REF"))
    assert "2016-03-01 02:00" in printed
    assert WAITING in printed
    assert "Running, 6h left: 2h of 8h counted, due Tue 2016-03-01 10:00:00." in printed
    assert json.loads(loopdesk("explain", explained, "--json"))["counted_seconds"] == 7200


# rerate


@pytest.fixture(scope="module")
def rated(desk: Client, bus: tuple[Feigned, Ear]) -> list[str]:
    """Work of 2016 that took 2, 4 and 6 of its 8 hours, and 9."""
    since = THEN + timedelta(days=30)
    numbers = opened(desk, bus, *(a_ticket(since + timedelta(minutes=minute)) for minute in range(4)))
    for order_no, hours in zip(numbers, (2, 4, 6, 9), strict=True):
        resolved(desk, order_no, since + timedelta(hours=hours))
    return numbers


SPRING = {"from": THEN + timedelta(days=29), "to": THEN + timedelta(days=31)}


def outcomes(page: dict[str, Any], side: str) -> list[str]:
    return [row[side]["resolution"] for row in page["work"]]


def test_what_would_have_been_missed_is_found(desk: Client, rated: list[str]) -> None:
    page = desk.call("dispatch", "rerate", body=body(hours=5), **SPRING)
    assert [row["order_no"] for row in page["work"]] == rated
    assert outcomes(page, "before") == ["met", "met", "met", "missed"]
    assert outcomes(page, "after") == ["met", "met", "missed", "missed"]
    assert page["next"] is None


def test_pages_follow_each_other(desk: Client, rated: list[str]) -> None:
    first = desk.call("dispatch", "rerate", limit=3, **SPRING)
    rest = desk.call("dispatch", "rerate", limit=3, after=first["next"], **SPRING)
    assert [row["order_no"] for row in first["work"] + rest["work"]] == rated
    assert rest["next"] is None


def test_rerating_writes_nothing_and_tells_nobody(
    stack: Stack, desk: Client, bus: tuple[Feigned, Ear], rated: list[str]
) -> None:
    orders, names = stack.database["dispatch_orders"], ("dispatch_rollouts", "dispatch_reference")

    def written() -> list[Any]:
        own = orders.find({"_id": {"$in": rated}}).sort("_id")
        return [*own, *(stack.database[name].count_documents({}) for name in names)]

    def told() -> int:
        return sum(len(bus[1].heard("deadline_missed", order_no=order_no)) for order_no in rated)

    eventually(lambda: not orders.count_documents({"_id": {"$in": rated}, "outbox.0": {"$exists": True}}))
    heard, before = told(), written()
    desk.call("dispatch", "rerate", body=body(hours=1), **SPRING)
    assert written() == before
    assert told() == heard


def test_an_unknown_version_is_not_found(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.call("dispatch", "rerate", version=1_000_000, **PERIOD)


def test_a_body_that_would_be_refused_is_not_tried(desk: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", "rerate", body=body() | {"default_team": "nowhere"}, **PERIOD)
    assert list(refused.value.fields) == ["default_team"]


def test_an_empty_body_is_a_body_and_not_the_version_in_force(desk: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", "rerate", body={}, **PERIOD)
    assert "policies" in refused.value.fields


@pytest.mark.parametrize(
    ("asked", "where"),
    [({"as_of": LATE}, "as_of"), ({"after": "zzzz"}, "after"), ({"version": 2**70}, "version")],
)
def test_a_rerating_that_makes_no_sense_is_refused_by_its_place(
    desk: Client, asked: dict[str, Any], where: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", "rerate", **PERIOD | asked)
    assert list(refused.value.fields) == [where]


def test_loopdesk_rerate_prints_the_same_bytes_each_time(
    loopdesk: Callable[..., str], rated: list[str], tmp_path: Any
) -> None:
    (tmp_path / "dispatch.yaml").write_text(yaml.safe_dump(body(hours=5)), encoding="utf-8")
    period = ("--from", SPRING["from"].isoformat(), "--to", SPRING["to"].isoformat())
    asked = ("rerate", *period, "--config", tmp_path, "--json")
    first = loopdesk(*asked)
    assert loopdesk(*asked) == first
    resolution = json.loads(first)["clocks"]["resolution"]
    assert (resolution["gained"], resolution["lost"]) == ([], [rated[2]])
    assert resolution["after"] == {"met": 2, "missed": 2}
    assert f"resolution lost: {rated[2]}" in loopdesk(*asked[:-1])


# rollouts


def done(desk: Client, rollout_id: str) -> dict[str, Any]:
    """The rollout, when it has ended."""

    def ended() -> Any:
        found = desk.call("dispatch", "get_rollout", rollout_id=rollout_id)
        assert found["state"] == "done"
        return found

    return dict(eventually(ended))


def test_open_work_keeps_its_version_until_it_is_told_otherwise(desk: Client, bus: tuple[Feigned, Ear]) -> None:
    put(desk, body(hours=8))
    (order_no,) = opened(desk, bus, a_ticket())
    was = desk.call("dispatch", "get_work", order_no=order_no)
    answer = put(desk, body(hours=4))
    assert (answer["extended"], answer["rollout"]) == ([], None)
    assert desk.call("dispatch", "get_work", order_no=order_no)["resolution"] == was["resolution"]

    begun = desk.command("dispatch", "apply_to_open", reason="half the time", policies=["gold"])
    ended = done(desk, begun["rollout_id"])

    assert (begun["state"], begun["version"], ended["refused"]) == ("running", answer["version"], 0)
    assert ended["changed"] <= ended["seen"]
    now = desk.call("dispatch", "get_work", order_no=order_no)
    assert now["policy"] == f"gold@{answer['version']}"
    assert from_text(now["resolution"]["due"]) == from_text(was["resolution"]["due"]) - timedelta(hours=4)
    (moved,) = facts(desk, order_no, "deadline_moved")
    assert moved["data"]["why"] == f"apply_to_open {begun['rollout_id']}: half the time"
    (heard,) = eventually(lambda: bus[1].heard("deadline_moved", order_no=order_no))
    assert (heard.data["clock"], heard.data["to"]) == ("resolution", now["resolution"]["due"])
    told = desk.call("dispatch", "explain_deadline", order_no=order_no, clock="resolution")
    assert [(one["what"], one["why"]) for one in told["changes"]] == [("retargeted", moved["data"]["why"])]


def test_a_rollout_that_a_crash_cuts_off_changes_each_work_order_once(
    stack: Stack, desk: Client, bus: tuple[Feigned, Ear]
) -> None:
    put(desk, body(hours=8))
    numbers = opened(desk, bus, *(a_ticket() for _ in range(MANY)))
    put(desk, body(hours=6))
    orders = stack.database["dispatch_orders"]
    stack.scale("dispatch-worker", 2)
    try:
        begun = desk.command("dispatch", "apply_to_open", reason="less", policies=["gold"])
        eventually(lambda: orders.find_one({"_id": {"$in": numbers}, "history.type": "policy_applied"}, {"_id": 1}))
        stack.kill("dispatch-worker")
        ended = done(desk, begun["rollout_id"])
    finally:
        stack.scale("dispatch-worker", 1)

    changes = Counter(len(facts(desk, order_no, "policy_applied")) for order_no in numbers)
    assert changes == {1: MANY}
    assert ended["changed"] >= MANY


def test_a_work_order_that_cannot_be_read_keeps_no_other_waiting(
    stack: Stack, desk: Client, bus: tuple[Feigned, Ear]
) -> None:
    put(desk, body(hours=8))
    broken, sound = sorted(opened(desk, bus, a_ticket(), a_ticket()))
    put(desk, body(hours=7))
    orders = stack.database["dispatch_orders"]
    target = orders.find_one({"_id": broken})["clocks"]["resolution"]["target"]
    orders.update_one({"_id": broken}, {"$set": {"clocks.resolution.target": "none"}})
    try:
        begun = desk.command("dispatch", "apply_to_open", reason="an hour less", policies=["gold"])
        ended = done(desk, begun["rollout_id"])
    finally:
        orders.update_one({"_id": broken}, {"$set": {"clocks.resolution.target": target}})

    assert ended["refused"] == 1
    assert len(facts(desk, sound, "policy_applied")) == 1
    assert facts(desk, broken, "policy_applied") == []


def test_an_extended_horizon_recomputes_what_reached_beyond_it(desk: Client, bus: tuple[Feigned, Ear]) -> None:
    today = datetime.now(UTC).date()
    horizon = today + timedelta(days=2)
    free = {str(horizon + timedelta(days=day)): {"closed": True, "name": "春节"} for day in range(7)}
    known = SHANGHAI | {"horizon": str(horizon), "days": {}}
    further = SHANGHAI | {"horizon": str(horizon + timedelta(days=365)), "days": free}
    put(desk, body(calendars=CALENDARS | {"shanghai": known}))
    (order_no,) = opened(desk, bus, a_ticket(tier="silver"))
    was = desk.call("dispatch", "explain_deadline", order_no=order_no, clock="resolution")
    assert was["provisional"]

    wanted = body(calendars=CALENDARS | {"shanghai": further})
    answer = put(desk, wanted)
    assert (answer["extended"], answer["rollout"]) == (["shanghai"], f"horizon-{answer['version']}")
    done(desk, answer["rollout"])

    told = desk.call("dispatch", "explain_deadline", order_no=order_no, clock="resolution")
    assert not told["provisional"]
    assert from_text(told["due"]) > from_text(was["due"]) + timedelta(days=6)
    (change,) = told["changes"]
    assert (change["what"], change["from"]["due"], change["to"]["due"]) == (
        "calendar_extended",
        was["due"],
        told["due"],
    )
    (moved,) = facts(desk, order_no, "deadline_moved")
    assert moved["data"]["why"] == f"horizon of shanghai extended to {further['horizon']}"
    assert facts(desk, order_no, "policy_applied") == []
    assert desk.command("dispatch", "apply_reference", body=wanted)["rollout"] == answer["rollout"]


def test_what_becomes_provisional_after_the_rollout_is_due_by_what_is_known_by_then(
    desk: Client, bus: tuple[Feigned, Ear]
) -> None:
    horizon = datetime.now(UTC).date() + timedelta(days=2)
    known = SHANGHAI | {"horizon": str(horizon), "days": {}}
    put(desk, body(calendars=CALENDARS | {"shanghai": known}))
    (order_no,) = opened(desk, bus, a_ticket(tier="silver"))
    desk.command("dispatch", "hold", order_no=order_no, reason=WAITING)
    further = known | {"horizon": str(horizon + timedelta(days=365))}
    answer = put(desk, body(calendars=CALENDARS | {"shanghai": further}))
    done(desk, answer["rollout"])
    assert facts(desk, order_no, "deadline_moved") == []

    desk.command("dispatch", "resume", order_no=order_no)
    told = desk.call("dispatch", "explain_deadline", order_no=order_no, clock="resolution")
    assert (told["provisional"], told["calendar"]) == (False, f"shanghai@{answer['version']}")


def test_loopdesk_follows_a_rollout_to_its_end(desk: Client, loopdesk: Callable[..., str]) -> None:
    begun = desk.command("dispatch", "apply_to_open", reason="as it is", policies=["silver"])
    assert "apply_to_open of silver" in loopdesk("rollout", begun["rollout_id"], "--no-wait")
    assert loopdesk("rollout", begun["rollout_id"]).startswith("done  apply_to_open of silver")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"reason": "x", "version": 1_000_000}, NotFound),
        ({"reason": "x", "policies": ["bronze"]}, NotFound),
        ({"reason": ""}, ValidationError),
        ({"version": 1}, ValidationError),
        ({"reason": "x", "version": 2**70}, ValidationError),
    ],
)
def test_a_rollout_that_makes_no_sense_is_refused(desk: Client, fields: dict[str, Any], refusal: Any) -> None:
    with pytest.raises(refusal):
        desk.command("dispatch", "apply_to_open", **fields)


def test_only_administrators_roll_out_and_rerate(stack: Stack, desk: Client) -> None:
    supervisor = stack.client("supervisor")
    with pytest.raises(Forbidden):
        supervisor.command("dispatch", "apply_to_open", reason="x")
    with pytest.raises(Forbidden):
        supervisor.call("dispatch", "rerate", **PERIOD)


def test_loopdesk_applies_to_open_work_too(
    desk: Client, bus: tuple[Feigned, Ear], loopdesk: Callable[..., str]
) -> None:
    put(desk, body())
    (order_no,) = opened(desk, bus, a_ticket())
    printed = loopdesk("apply", CONFIG, "--to-open", "--reason", "as shipped", "--policy", "gold")
    assert "to change that: loopdesk apply --to-open" in printed
    rollout_id = printed.split("loopdesk rollout ")[-1].strip()
    assert done(desk, rollout_id)["changed"]
    version = desk.call("dispatch", "get_reference")["version"]
    assert desk.call("dispatch", "get_work", order_no=order_no)["policy"].endswith(f"@{version}")


def test_open_work_is_not_changed_without_a_reason(loopdesk: Callable[..., str]) -> None:
    loopdesk("apply", CONFIG, "--to-open", code=2)


# cost


@pytest.mark.parametrize("field", ["pinned", "provisional"])
def test_the_walk_of_a_rollout_reads_an_index_only(stack: Stack, desk: Client, field: str) -> None:
    orders = stack.database["dispatch_orders"]
    walks = [
        orders.find({field: 3, "_id": {"$gt": "W-1"}}, {"_id": 1}).sort("_id", 1).limit(25).hint(field),
        orders.find({field: {"$gt": -1, "$lt": 9}}, {field: 1, "_id": 0}).sort(field, 1).limit(1).hint(field),
    ]
    for walk in walks:
        plan = json.dumps(walk.explain()["queryPlanner"]["winningPlan"])
        assert f'"indexName": "{field}"' in plan
        assert '"stage": "SORT"' not in plan
        assert "FETCH" not in plan
