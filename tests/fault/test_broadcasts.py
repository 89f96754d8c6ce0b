"""A broadcast that is amended while its processes and broker are killed: one row and one message each."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.fault.chaos import kills
from tests.interface.notify.reference import apply
from tests.support import Stack, eventually

RECIPIENTS = 3_000
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
    recipients = Counter((row["occurrence"], row["recipient"]) for row in rows.find({"broadcast": key}))
    assert set(recipients.values()) == {1}
    sent = Counter(one["message_id"] for one in apart.texts() if plan["name"] in one["text"])
    assert set(sent.values()) == {1}
    assert set(sent) == {row["_id"] for row in rows.find({"broadcast": key}, {"_id": 1})}
    assert sum("corrected" in one["text"] for one in apart.texts() if plan["name"] in one["text"]) == before
