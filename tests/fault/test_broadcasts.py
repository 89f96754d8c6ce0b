"""Broadcasts whose processes and broker are killed while they run: one row and one message each."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from services.notify.storage.broadcasting import PIECE
from tests.fault.chaos import Killer, kills
from tests.interface.notify.reference import apply
from tests.support import Stack, eventually

RECIPIENTS = 3_000
KILLS = 2  # after one piece of three, and after another
TEXTS = {"sms": {"default": {"text": "{{ broadcast_name }}{% if replaces %} corrected{% endif %}"}}}


@pytest.fixture
def area(apart: Stack) -> str:
    """Customers of an area of their own, as notify keeps them; at any hour."""
    apply(apart)
    area = f"area-{uuid4().hex[:8]}"
    apart.database["notify_customers"].insert_many([a_customer(area, n) for n in range(RECIPIENTS)])
    return area


def a_customer(area: str, n: int) -> dict[str, Any]:
    known = {"name": f"Customer {n}", "tier": "standard", "language": "en", "preferred_channels": [], "number": 1}
    home: dict[str, Any] = {"area": area, "household": None, "time_zone": None, "dates": {}}
    return {"_id": f"{area}-{n:05d}", "phone": f"+4411649{60_000 + n % 1_000}", "email": None, **known, **home}


def test_kills_in_the_middle_lose_and_double_nothing_nor_does_an_amendment(apart: Stack, area: str) -> None:
    client = apart.client("supervisor")
    plan: dict[str, Any] = {"name": f"Notice {area}", "kind": "announcement", "channels": ["sms"], "texts": TEXTS}
    made = client.command("notify", "broadcast", **plan, pace=150, audience={"areas": [area]}, start=True)
    key = made["broadcast_id"]
    rows = apart.database["notify_messages"]

    def told(edition: int) -> int:
        return int(rows.count_documents({"broadcast": key, "occurrence": f"notify_broadcasts/{key}/{edition}"}))

    with kills(apart, ["notify-broadcaster", "notify-worker", "rabbitmq", "sms-consumer"], times=4, every=1.5) as first:
        eventually(lambda: told(1) > RECIPIENTS // 10)  # 18 s are left to amend it in the middle
        client.command("notify", "amend_broadcast", broadcast_id=key, why="it is later", variables={"later": True})
    with kills(apart, ["notify-broadcaster"], times=2, every=4) as second:
        eventually(lambda: client.call("notify", "get_broadcast", broadcast_id=key)["state"] == "told", 240)
    before = told(1)
    waiting = {"broadcast": key, "state": {"$ne": "sent"}}
    eventually(lambda: rows.count_documents(waiting) == 0, 240)

    assert (first.killed.total(), second.killed.total()) == (4, 2)
    assert told(2) == RECIPIENTS
    assert 0 < before < RECIPIENTS, "the amendment came in the middle"
    everybody_has_one_row_and_one_message(apart, key, plan["name"])
    assert sum("corrected" in one["text"] for one in apart.texts() if plan["name"] in one["text"]) == before


def test_one_that_goes_as_fast_as_it_can_is_told_once_each_wherever_its_broadcaster_dies(
    apart: Stack, area: str
) -> None:
    client, rows = apart.client("supervisor"), apart.database["notify_messages"]
    plan: dict[str, Any] = {"name": f"Notice {area}", "kind": "announcement", "channels": ["sms"], "texts": TEXTS}
    made = client.command("notify", "broadcast", **plan, audience={"areas": [area]}, start=True)
    key, killer, places = made["broadcast_id"], Killer(apart), []

    def told() -> int:
        return int(rows.count_documents({"broadcast": key}))

    for _ in range(KILLS):
        places.append(min(told() + random.randrange(1, PIECE), RECIPIENTS))
        eventually(lambda: told() >= places[-1])
        killer.kill("notify-broadcaster")  # its last piece is stored; what of it is published, nobody knows
        killer.kill("notify-worker")
    eventually(lambda: client.call("notify", "get_broadcast", broadcast_id=key)["state"] == "told", 240)
    eventually(lambda: rows.count_documents({"broadcast": key, "state": {"$ne": "sent"}}) == 0, 240)

    assert told() == RECIPIENTS, f"killed at {places}"
    everybody_has_one_row_and_one_message(apart, key, plan["name"])


def everybody_has_one_row_and_one_message(stack: Stack, key: str, name: str) -> None:
    """Of each edition; by the ledger, and by the gateway's own count."""
    rows = list(stack.database["notify_messages"].find({"broadcast": key}, {"occurrence": 1, "recipient": 1}))
    assert set(Counter((row["occurrence"], row["recipient"]) for row in rows).values()) == {1}
    sent = Counter(one["message_id"] for one in stack.texts() if name in one["text"])
    assert set(sent.values()) == {1}
    assert set(sent) == {row["_id"] for row in rows}
