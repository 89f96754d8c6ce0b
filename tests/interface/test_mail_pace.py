"""Mails that must wait, for their domain's pace or for a second try, are in nobody's way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.interface.test_consumers import Desk
from tests.support import eventually


class Relay:
    """Refuses for now whatever is for `greylisted.example`, and takes all else."""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.endswith("@greylisted.example"):
            return "450 4.2.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return "250 taken"


@pytest.fixture
def desk(stack: Any) -> Iterator[Desk]:
    with a_consumer(stack, SMTP_PACE="paced.example=5/s"):
        desk = Desk(stack)
        yield desk
        desk.connection.close()


@contextmanager
def a_consumer(stack: Any, **settings: str) -> Iterator[None]:
    """In place of the stack's own, with a relay of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    relay = Controller(Relay(), hostname="127.0.0.1", port=port)
    relay.start()
    environ = os.environ | {
        "LOOPDESK_AMQP_URI": stack.amqp_uri("email-consumer"),
        "LOOPDESK_MONGO_URI": stack.mongo_uri("email-consumer"),
        "SMTP_URI": f"smtp://127.0.0.1:{port}",
        "SMTP_FROM": "desk@example.com",
        **settings,
    }
    stack.stop_process("email-consumer")
    consumer = subprocess.Popen([sys.executable, "-m", "services.notify.consumers.email"], env=environ)
    try:
        yield
    finally:
        consumer.terminate()
        consumer.wait(60)
        relay.stop()
        stack.start_process("email-consumer")


def test_other_domains_overtake_one_that_is_sent_to_slowly(desk: Desk) -> None:
    paced = [desk.hand_over("email", to=f"{number}@paced.example") for number in range(40)]
    others = [desk.hand_over("email", to=f"{number}@example.org") for number in range(5)]
    urgent = desk.hand_over("email", "urgent", to="urgent@paced.example")
    first = [desk.receipt(message_id) for message_id in [*others, urgent]]
    assert {receipt.data["state"] for receipt in first} == {"sent"}
    at = sorted(desk.receipt(message_id).at for message_id in paced)
    assert sum(one <= max(receipt.at for receipt in first) for one in at) < 27  # of 40
    assert (at[-1] - at[0]).total_seconds() >= 7.5  # they follow each other by a fifth of a second


def test_mails_that_are_refused_for_now_stop_no_others_however_many_they_are(desk: Desk) -> None:
    refused = [desk.hand_over("email", to=f"{number}@greylisted.example") for number in range(45)]
    others = [desk.hand_over("email", to=f"{number}@example.org") for number in range(5)]
    assert {desk.receipt(message_id).data["state"] for message_id in others} == {"sent"}
    assert not any(desk.receipts(message_id) for message_id in refused)
    eventually(lambda: desk.claims("email").count_documents({"_id": {"$in": refused}, "refusals": {"$gte": 1}}) == 45)
