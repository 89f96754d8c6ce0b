"""A burst, and workers that die in the middle of it: everything is told once, most of it together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from uuid import uuid4

import pytest

from deploy.catalogue import subscriptions
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.reference import apply
from tests.interface.test_notify import Matter
from tests.support import Stack, eventually

NUMBER = 60


@pytest.fixture
def agent(stack: Stack) -> Iterator[str]:
    """Of whose mails no more than five go within ten minutes; two workers write them."""
    agent_id = f"burst-{uuid4().hex[:8]}"

    def digests(body: dict[str, Any]) -> None:
        body["staff"]["agents"][agent_id] = {"email": f"{agent_id}@example.com", "language": "en"}
        body["kinds"]["work"]["digest"] = {"after": 5, "within": "10m", "every": "10m"}

    apply(stack, digests)
    stack.scale("notify-worker", 2)
    yield agent_id
    stack.scale("notify-worker", 1)
    apply(stack)


@pytest.fixture
def world(stack: Stack, agent: str) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


class Burst:
    """What waits for one agent, and what came of it."""

    def __init__(self, stack: Stack, agent: str) -> None:
        self.stack, self.address = stack, f"{agent}@example.com"
        self.messages = stack.database["notify_messages"]
        self.mine = {"recipient": f"agent:{agent}"}
        self.kills_left = 3

    def written(self) -> int:
        return self.messages.count_documents({**self.mine, "event": "work_assigned"})

    def over(self) -> bool:
        """As if the time of all that waits had come, while workers die; gives whether nothing waits any more."""
        held = {**self.mine, "state": "held"}
        due = {"$set": {"timer_at": datetime.now(UTC) - timedelta(seconds=1)}}
        digests = self.messages.update_many({**held, "event": "digest"}, due)
        if not digests.matched_count:
            self.messages.update_many(held, due)
        if self.kills_left:
            self.kills_left -= 1
            self.stack.kill("notify-worker")
        return not self.messages.count_documents(held)

    def left(self) -> bool:
        states = self.messages.distinct("state", self.mine)
        return set(states) <= {"sent", "cancelled"}

    def mails(self) -> list[Message]:
        return [mail for mail in self.stack.mails() if mail["To"] == self.address]

    def told(self) -> Counter[str]:
        """Ticket -> in how many mails it is told."""
        return Counter(ticket for mail in self.mails() for ticket in _tickets(mail))


def _tickets(mail: Message) -> set[str]:
    parts = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    text = "".join(part.get_payload(decode=True).decode() for part in parts)  # type: ignore[union-attr]
    return set(re.findall(r"T-[0-9a-f]{10}", text))


def test_a_burst_is_told_once_each_whoever_dies(stack: Stack, agent: str, world: Feigned) -> None:
    burst, matters = Burst(stack, agent), [Matter() for _ in range(NUMBER)]
    for number, matter in enumerate(matters):
        world.tell(matter.assigned(agent=agent))
        if number % 20 == 10:
            stack.kill("notify-worker")
    eventually(lambda: burst.written() == NUMBER)
    eventually(burst.over)
    eventually(burst.left)
    assert eventually(burst.told) == Counter(matter.ticket_no for matter in matters)
    assert len(burst.mails()) < NUMBER / 2
