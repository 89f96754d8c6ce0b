"""The pieces of a broadcast: rows made together are those that are made alone, and others have their turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notify.broadcast_texts import BroadcastTexts
from services.notify.domain import broadcasts as rules
from services.notify.domain.broadcasts import Audience, Broadcast, Outage, Plan
from services.notify.domain.recipients import Entry, Target, of_customer, of_entry
from services.notify.storage import broadcasting
from services.notify.storage.broadcast_rows import BroadcastRows
from services.notify.storage.broadcast_sorts import Row
from services.notify.storage.customers import customer_of
from services.notify.storage.means import Means
from shared.cause import Cause
from tests.interface.notify.indoors import DIGEST, NOON, Indoors, indoors
from tests.support import Stack

WORDS = "{{ broadcast_name }} for {{ customer_name }} in {{ area }} from {{ outage_from | local }} ({{ replaces }})"
TEXTS = {
    "sms": {"default": {"text": WORDS}, "zh-CN": {"text": f"通知 {WORDS}"}},
    "email": {"default": {"subject": WORDS, "text": WORDS, "html": f"<p>{WORDS}</p>"}},
}
NAME = {"en": "x", "zh-CN": "x"}
KINDS: dict[str, dict[str, Any]] = {
    "notice": {},
    "safe": {"obligatory": True},
    "capped": {"per_day": 1},
    "bundled": {"digest": DIGEST},
}
OUTAGES = {
    "north": Outage(NOON + timedelta(hours=20), NOON + timedelta(hours=21)),
    "south": Outage(NOON + timedelta(hours=30), NOON + timedelta(hours=31)),
}


@pytest.fixture(scope="module")
def shared_desk(stack: Stack) -> Iterator[Indoors]:
    with indoors(stack) as inside:
        inside.apply(lambda made: made["kinds"].update({code: {"name": NAME, **more} for code, more in KINDS.items()}))
        yield inside


@pytest.fixture
def desk(shared_desk: Indoors) -> Indoors:
    """At noon, with nobody told yet."""
    shared_desk.clock.at = NOON
    for name in ("messages", "broadcasts", "customers", "preferences"):
        shared_desk.db.collection(f"notify_{name}").delete_many({})
    return shared_desk


def a_broadcast(**given: Any) -> Broadcast:
    known: dict[str, Any] = {"edition": 1, "at": NOON, "channels": ("sms", "email"), "valid_for": timedelta(days=3)}
    about, plan = given.pop("about", "notice"), {"texts": TEXTS, "outages": OUTAGES, **given}
    draft = Broadcast(
        broadcast_id=uuid4().hex,
        name="Water",
        kind="announcement",
        about=about,
        urgency="bulk",
        plan=Plan(**{**known, **plan}),
        audience=Audience(listed=False),
        created_at=NOON,
    )
    return rules.start(draft, NOON)[0]


def a_customer(name: str, **given: Any) -> dict[str, Any]:
    known = {"name": f"Customer {name}", "tier": "standard", "language": "en", "preferred_channels": [], "number": 1}
    home: dict[str, Any] = {"area": "north", "household": f"H-{name}", "time_zone": None, "dates": {}}
    places = {"phone": "+441164960000", "email": f"{name}@example.com"}
    return {"_id": name, **known, **home, **places, **given}


#: There are three of each kind of customer, so that there are some that are like another.
KNOWN: list[dict[str, Any]] = [
    {},
    {"phone": None},
    {"email": None},
    {"phone": None, "email": None},
    {"phone": "12"},
    {"preferred_channels": ["email"]},
    {"preferred_channels": ["email"], "email": None},
    {"language": "zh-CN"},
    {"time_zone": "Asia/Shanghai"},
    {"area": "south"},
    {"area": "nowhere"},
    {"area": None},
    {"household": None},
]
LISTED: list[dict[str, Any]] = [
    {"customer_id": "x{}", "language": "zh-CN"},
    {"customer_id": "nobody{}"},
    {"phone": "+441164960{}", "name": "Ann", "area": "north"},
    {"phone": "+441164961{}", "email": "ann{}@example.com", "name": "Ann", "area": "south"},
    {"email": "bob{}@example.com", "area": "north", "variables": {"broadcast_name": "Gas {}"}},
    {"phone": "bad{}"},
]


def the_audience() -> list[Target]:
    """Three customers of each kind, and two listed recipients of each."""
    customers = [customer_of(a_customer(f"{n}{letter}", **KNOWN[n])) for n in range(len(KNOWN)) for letter in "abc"]
    listed = {name: customer_of(a_customer(name)) for name in ("x401", "x402")}
    entries = [
        Entry(**{name: _numbered(value, number) for name, value in fields.items()})
        for fields in LISTED
        for number in (401, 402)
    ]
    return [*map(of_customer, customers), *(of_entry(entry, listed) for entry in entries)]


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: _numbered(one, number) for name, one in value.items()}
    return value.format(number)


def rows_of(desk: Indoors) -> BroadcastRows:
    store = desk.store
    means = Means(store.reference, store.messages, store.customers, store.preferences, store.holding)
    return BroadcastRows(means, BroadcastTexts())


def alone(desk: Indoors, broadcast: Broadcast, targets: list[Target]) -> list[Row]:
    """Each in a piece of their own, so that it is like no other."""
    return [row for target in targets for row in rows_of(desk).of(broadcast, [target], desk.clock.at)]


def some_say_something(desk: Indoors) -> None:
    """One customer of each kind."""
    said = {"channels": [], "unwanted": ["sms"]}, {"opted_out": ["notice"]}, {"quiet_hours": ["11:00", "13:00"]}
    kernel = {"version": 1, "last_at": NOON, "replay_until": None}
    docs = [{"_id": f"customer:{n}c", **kernel, **said[n % len(said)]} for n in range(len(KNOWN))]
    desk.db.collection("notify_preferences").insert_many(docs)


@pytest.mark.parametrize("hour", [12, 23])
@pytest.mark.parametrize("about", KINDS)
@pytest.mark.parametrize("channels", [("sms", "email"), ("email",), ("sms",)])
def test_rows_that_are_made_together_are_those_that_are_made_alone(
    desk: Indoors, channels: tuple[str, ...], about: str, hour: int
) -> None:
    desk.clock.at = NOON.replace(hour=hour)
    some_say_something(desk)
    broadcast, targets = a_broadcast(channels=channels, about=about), the_audience()
    together = rows_of(desk).of(broadcast, targets, desk.clock.at)
    assert together == alone(desk, broadcast, targets)
    assert len(together) == len(targets)


def test_who_knows_an_older_edition_is_told_that_it_is_replaced_and_the_others_are_not(desk: Indoors) -> None:
    first, targets = a_broadcast(), [one for one in the_audience() if one.fault is None][:6]
    rows = rows_of(desk).of(first, targets[:3], NOON)
    desk.store.messages.collection.insert_many([row.document for row in rows])
    second, _ = rules.amend(first, NOON, "later", {})
    together = rows_of(desk).of(second, targets, NOON)
    assert together == alone(desk, second, targets)
    assert ["(True)" in row.document["content"]["text"] for row in together] == [True] * 3 + [False] * 3


def begun(desk: Indoors, number: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of so many broadcasts to six customers each, at night, in pieces of two and turns of no time."""
    monkeypatch.setattr(broadcasting, "TURN", 0.0)
    monkeypatch.setattr(broadcasting, "LONGEST", 3600.0)
    monkeypatch.setattr(broadcasting, "PIECE", 2)
    desk.db.collection("notify_customers").insert_many([a_customer(f"{n}") for n in range(6)])
    drafts = sorted((a_broadcast() for _ in range(number)), key=lambda one: one.broadcast_id)
    for one in drafts:
        desk.store.broadcasts.create(Cause.tick(NOON), one.broadcast_id, one, [])
    desk.pass_by(hours=11)
    return [one.broadcast_id for one in drafts]


def told_after_a_turn(desk: Indoors, ids: list[str]) -> list[int]:
    desk.store.broadcasting.go_on()
    return [len(desk.rows(broadcast=one)) for one in ids]


def test_a_broadcast_that_is_alone_is_told_to_its_end(desk: Indoors, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_after_a_turn(desk, begun(desk, 1, monkeypatch)) == [6]


def test_a_broadcast_gives_way_after_its_turn_where_another_waits(
    desk: Indoors, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = begun(desk, 2, monkeypatch)
    assert [told_after_a_turn(desk, ids) for _ in range(2)] == [[2, 0], [2, 2]]
