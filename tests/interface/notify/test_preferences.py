"""Recipients say what they want, and are told so, on the running stack."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.catalogue import subscriptions
from shared.client import Client
from shared.errors import Forbidden, IllegalMove, NotFound, ValidationError
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.reference import apply
from tests.interface.test_notify import Matter
from tests.support import Stack, eventually

LEGAL = {"name": {"en": "Legal", "zh-CN": "法定通知"}, "obligatory": True}
NOTHING_SAID: dict[str, Any] = {
    "channels": [],
    "unwanted": [],
    "opted_out": [],
    "language": None,
    "time_zone": None,
    "quiet_hours": None,
    "per_day": {},
}


def with_legal(body: dict[str, Any]) -> None:
    body["kinds"]["legal"] = LEGAL


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack, with_legal)
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


def a_matter(**customer: Any) -> Matter:
    """Of a customer whose number nobody else here has."""
    return Matter(phone=f"+86138{random.randrange(10**8):08d}", **customer)


def told(desk: Client, matter: Matter) -> list[dict[str, Any]]:
    """The customer's messages about it."""
    page = desk.call("notify", "find_messages", customer_id=matter.customer_id)
    return list(page["messages"])


def the_message(desk: Client, matter: Matter, *states: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        rows = told(desk, matter)
        assert len(rows) == 1, rows
        return rows[0] if rows[0]["state"] in states else None

    return eventually(found)


def test_what_is_said_is_read_back_and_what_is_not_named_stays(desk: Client) -> None:
    customer = uuid4().hex[:10]
    assert desk.call("notify", "get_preferences", customer_id=customer) == {
        "recipient": f"customer:{customer}",
        "version": 0,
        "changed_at": None,
        **NOTHING_SAID,
    }
    night = {"from": "21:30", "to": "07:00"}
    desk.command("notify", "set_preferences", customer_id=customer, channels=["email"], quiet_hours=night)
    answer = desk.command("notify", "set_preferences", customer_id=customer, opted_out=["survey"], per_day={"work": 3})
    said = {"channels": ["email"], "quiet_hours": night, "opted_out": ["survey"], "per_day": {"work": 3}}
    assert answer == desk.call("notify", "get_preferences", customer_id=customer)
    assert {name: answer[name] for name in NOTHING_SAID} == NOTHING_SAID | said
    taken_back = desk.command("notify", "set_preferences", customer_id=customer, quiet_hours=None, opted_out=[])
    assert {name: taken_back[name] for name in said} == said | {"quiet_hours": None, "opted_out": []}


def test_an_address_has_preferences_in_its_normal_form(desk: Client) -> None:
    said = desk.command("notify", "set_preferences", address="+44 7911 123456", unwanted=["sms"])
    assert said["recipient"] == "address:+447911123456"
    assert desk.call("notify", "get_preferences", address="+447911123456")["unwanted"] == ["sms"]


def test_an_e_mail_address_has_the_same_preferences_in_any_case(desk: Client) -> None:
    desk.command("notify", "set_preferences", address="Any.Case@example.com", opted_out=["survey"])
    assert desk.call("notify", "get_preferences", address="any.case@example.com")["opted_out"] == ["survey"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"opted_out": ["gossip"]}, "opted_out.0"),
        ({"per_day": {"gossip": 1}}, "per_day.gossip"),
        ({"quiet_hours": {"from": "25:00", "to": "08:00"}}, "quiet_hours.from"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"channels": ["sms", "sms"]}, "channels"),
        ({"channels": ["sms"], "unwanted": ["sms"]}, "unwanted"),
        ({"language": "tlh"}, "language"),
        ({"address": "nobody"}, "address"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_wanted_is_refused_by_its_place(desk: Client, given: dict[str, Any], place: str) -> None:
    whose = {} if "address" in given else {"customer_id": "c-refused"}
    with pytest.raises(ValidationError) as refused:
        desk.command("notify", "set_preferences", **whose, **given)
    assert list(refused.value.fields) == [place]


def test_nobody_can_opt_out_of_what_is_obligatory(desk: Client) -> None:
    with pytest.raises(IllegalMove) as refused:
        desk.command("notify", "set_preferences", customer_id="c-legal", opted_out=["legal"])
    assert refused.value.details["rule"] == "obligatory_kinds"


def test_only_who_may_submit_says_what_somebody_wants(stack: Stack, desk: Client) -> None:
    with pytest.raises(Forbidden):
        stack.client("supervisor").command("notify", "set_preferences", customer_id="c-x", language="en")


def test_one_click_ends_messages_of_a_kind_once_or_often(stack: Stack, desk: Client, world: Feigned) -> None:
    matter = a_matter()
    world.tell(matter.customer_saved(), matter.resolved())
    row = the_message(desk, matter, "sent")
    token = stack.database["notify_messages"].find_one({"_id": row["message_id"]})["token"]  # type: ignore[index]
    answers = [desk.command("notify", "unsubscribe", token=token) for _ in range(2)]
    assert answers == [{"recipient": f"customer:{matter.customer_id}", "kind": "progress"}] * 2
    assert desk.call("notify", "get_preferences", customer_id=matter.customer_id)["opted_out"] == ["progress"]
    world.tell(matter.closed())

    def accounted_for() -> list[dict[str, Any]] | None:
        rows = [row for row in told(desk, matter) if row["event"] == "work_closed"]
        return rows if rows else None

    (closed,) = eventually(accounted_for)
    assert (closed["state"], closed["detail"]) == ("cancelled", "opted_out")
    desk.command("notify", "resubscribe", customer_id=matter.customer_id)
    assert desk.call("notify", "get_preferences", customer_id=matter.customer_id)["opted_out"] == []


def test_an_unknown_token_is_refused_without_being_repeated(desk: Client) -> None:
    with pytest.raises(NotFound) as refused:
        desk.command("notify", "unsubscribe", token="somebodys-secret")
    assert "somebodys-secret" not in str(refused.value)


def quiet_now() -> dict[str, str]:
    """From an hour ago to an hour from now, by the clock of UTC."""
    now = datetime.now(UTC)
    return {"from": f"{now - timedelta(hours=1):%H:%M}", "to": f"{now + timedelta(hours=1):%H:%M}"}


def come_due(stack: Stack, message_id: str) -> None:
    """As if the time had come: the worker's timer looks at it."""
    due = {"timer_at": datetime.now(UTC) - timedelta(seconds=1)}
    stack.database["notify_messages"].update_one({"_id": message_id}, {"$set": due})


def test_a_message_waits_for_the_end_of_the_quiet_hours_and_leaves_then(
    stack: Stack, desk: Client, world: Feigned
) -> None:
    matter = a_matter()
    whose = {"customer_id": matter.customer_id}
    desk.command("notify", "set_preferences", **whose, quiet_hours=quiet_now(), time_zone="UTC")
    world.tell(matter.customer_saved(), matter.resolved())
    held = the_message(desk, matter, "held")
    come_due(stack, held["message_id"])  # too early: it is held on
    history = eventually(lambda: _histories(desk, held["message_id"], "message_held", 2))
    assert [entry["data"]["why"] for entry in history if entry["type"] == "message_held"] == ["quiet_hours"] * 2
    desk.command("notify", "set_preferences", **whose, quiet_hours={"from": "00:00", "to": "00:00"})
    come_due(stack, held["message_id"])
    assert the_message(desk, matter, "sent")["to"] == f"{matter.name}@example.com"


def _histories(desk: Client, message_id: str, name: str, times: int) -> list[dict[str, Any]] | None:
    entries = desk.call("notify", "get_message", message_id=message_id)["history"]
    return list(entries) if sum(entry["type"] == name for entry in entries) >= times else None


def test_what_happened_meanwhile_cancels_what_waits(stack: Stack, desk: Client, world: Feigned) -> None:
    matter = a_matter()
    desk.command("notify", "set_preferences", customer_id=matter.customer_id, quiet_hours=quiet_now(), time_zone="UTC")
    world.tell(matter.customer_saved(), matter.resolved())
    held = the_message(desk, matter, "held")
    world.tell(matter.work("work_reopened", reason="It is down again.", cause="customer"))
    come_due(stack, held["message_id"])
    assert the_message(desk, matter, "cancelled")["detail"] == "obsolete: work_reopened"
