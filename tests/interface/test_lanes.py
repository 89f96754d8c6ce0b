"""Urgent messages overtake a backlog of bulk at the consumers that ship (ADR 73)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pika
import pytest

from shared.clock import SystemClock, to_text
from tests.interface.test_consumers import MESSAGES, Desk
from tests.support import eventually, locked_sink

BACKLOG = 1_200
#: Of the backlog, between the coming of the urgent one and its sending: fewer than what is taken ahead.
AT_MOST_BETWEEN = 10


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    desk = Desk(stack)
    yield desk
    desk.connection.close()


def pile_up(stack: Any, number: int) -> None:
    """So many bulk SMS at once; nobody waits for a confirm of each."""
    connection = pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri))
    channel, now = connection.channel(), SystemClock().now()
    for _ in range(number):
        body = {"message_id": uuid4().hex, "channel": "sms", "to": "+441164960403", "language": "en", "text": "bulk"}
        body |= {"created_at": to_text(now), "expires_at": to_text(now + timedelta(hours=1))}
        properties = pika.BasicProperties(delivery_mode=2, message_id=body["message_id"])
        channel.basic_publish(MESSAGES, "sms.bulk", json.dumps(body).encode(), properties)
    connection.close()


def test_an_urgent_message_does_not_wait_for_a_backlog_of_bulk(stack: Any, desk: Desk) -> None:
    before = len(stack.texts())
    pile_up(stack, BACKLOG)
    overtaken = []
    for lane in ("urgent", "normal", "urgent"):
        eventually(lambda: len(stack.texts()) > before + 30 * (len(overtaken) + 1))
        with locked_sink(stack):  # nothing is sent while it is on its way, however long a busy machine takes for that
            message_id = desk.hand_over("sms", lane)
            eventually(lambda lane=lane: stack.ready(f"notify.sms.{lane}") == 0)
            sent = len(stack.texts())
        order = eventually(lambda message_id=message_id: desk.texts(message_id) and stack.texts())
        overtaken.append([text["message_id"] for text in order].index(message_id) - sent)
    assert len(stack.texts()) - before < BACKLOG, "the backlog was gone before the last of them came"
    assert max(overtaken) <= AT_MOST_BETWEEN, overtaken
    # other tests' texts may come in between
    eventually(lambda: len(stack.texts()) - before >= BACKLOG + 3)
