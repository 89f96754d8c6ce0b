"""Mails through a real mail server, Debian's exim: what it bounces and what it delivers ends in the ledger."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.catalogue import subscriptions
from shared.client import Client
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.reference import apply
from tests.interface.test_consumers import Desk
from tests.interface.test_notify import Matter, ledger
from tests.mta.exim import Exim, running_exim
from tests.support import eventually


@pytest.fixture(scope="module")
def exim(stack: Any) -> Iterator[Exim]:
    receiver = json.loads((stack.instance.folder / "ports.json").read_text())["mail-receiver"]
    with running_exim("example.com", receiver) as exim, a_consumer(stack, exim.uri):
        yield exim


@contextmanager
def a_consumer(stack: Any, uri: str) -> Iterator[None]:
    """In place of the stack's own."""
    environ = os.environ | {
        "LOOPDESK_AMQP_URI": stack.amqp_uri("email-consumer"),
        "LOOPDESK_MONGO_URI": stack.mongo_uri("email-consumer"),
        "SMTP_URI": uri,
        "SMTP_FROM": "Loopdesk <loopdesk@example.com>",
        "SMTP_PACE": "*=100/s",
        "MAIL_BOUNCES": "all",
    }
    stack.stop_process("email-consumer")
    consumer = subprocess.Popen([sys.executable, "-m", "services.notify.consumers.email"], env=environ)
    try:
        yield
    finally:
        consumer.terminate()
        consumer.wait(60)
        stack.start_process("email-consumer")


@pytest.fixture(scope="module")
def world(stack: Any) -> Iterator[Feigned]:
    apply(stack)
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


def by_mail(reader: Client, matter: Matter, state: str) -> dict[str, Any]:
    """The matter's e-mail, once it is in that state."""
    return eventually(
        lambda: next(row for row in [*ledger(reader, matter, channel="email"), {}] if row.get("state") in (state, None))
    )


@pytest.mark.parametrize(
    ("address", "state", "detail"),
    [("nobody@elsewhere.example", "failed", "5.1.1"), ("known@elsewhere.example", "delivered", "2.0.0")],
)
def test_what_the_mail_server_reports_ends_in_the_ledger(
    stack: Any, world: Feigned, exim: Exim, address: str, state: str, detail: str
) -> None:
    matter = Matter(email=address)
    world.tell(matter.customer_saved(), matter.closed())
    row = by_mail(stack.client("callcentre"), matter, state)
    assert row["detail"].split()[0] == detail
    assert f"<= bounce+{row['message_id']}@example.com" in exim.log


def test_a_mail_that_the_next_server_delays_stays_sent(stack: Any, world: Feigned, exim: Exim) -> None:
    matter = Matter(email="slow@elsewhere.example")
    world.tell(matter.customer_saved(), matter.closed())
    assert by_mail(stack.client("callcentre"), matter, "sent")["detail"].startswith("250")


def test_a_mail_server_killed_in_the_middle_loses_and_doubles_nothing(stack: Any, exim: Exim) -> None:
    desk = Desk(stack)
    sent = [desk.hand_over("email", to="known@elsewhere.example") for _ in range(40)]
    eventually(lambda: desk.receipts(sent[3]))
    exim.end(signal.SIGKILL)
    exim.start()
    states = {message_id: desk.receipt(message_id).data["state"] for message_id in sent}
    left = {message_id for message_id, state in states.items() if state != "unknown"}
    assert len(sent) - len(left) <= 1  # the one whose text was on its way
    assert {states[message_id] for message_id in left} == {"sent"}
    taken = accepted(exim)
    assert [taken[message_id] for message_id in left] == [1] * len(left)
    eventually(lambda: left <= received(exim))
    desk.connection.close()


def accepted(exim: Exim) -> Counter[str]:
    """How often exim took each message from the consumer; what it hands to itself does not count."""
    return Counter(re.findall(r"<= bounce\+(\S+?)@example\.com H=\((?!relay\.example)", exim.log))


def received(exim: Exim) -> set[str]:
    return {str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in exim.mailbox()}
