"""The two consumers as processes: each message once, through restarts of everything around them (docs/consumers.md)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pika
import pytest
from aiosmtpd.controller import Controller
from pika.exceptions import AMQPError, ChannelClosedByBroker
from pymongo.errors import PyMongoError

from services.notify.consumers.health import trouble
from shared.clock import SystemClock, to_text
from shared.events import Event
from tests.interface.feigned import Ear
from tests.support import eventually

MESSAGES = "notify.messages"


@pytest.fixture(autouse=True)
def _running(stack: Any) -> Iterator[None]:
    """Whatever a test stopped runs again after it."""
    yield
    for process in ("mailbox", "sms-consumer", "email-consumer"):
        if not stack.pids(process):
            stack.start_process(process)


class Desk:
    """Hands messages to the consumers as notify does, and hears their receipts."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self._connect()

    def _connect(self) -> None:
        self.connection = pika.BlockingConnection(pika.URLParameters(self.stack.admin_amqp_uri))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.ear = Ear(self.connection.channel(), "consumers")

    def hand_over(self, channel: str, urgency: str = "bulk", **given: Any) -> str:
        """A message's id; `body` in place of the usual one."""
        message_id = given.pop("message_id", uuid4().hex)
        now = SystemClock().now()
        body = {
            "message_id": message_id,
            "channel": channel,
            "to": f"{message_id}@example.com" if channel == "email" else "+441164960403",
            "language": "zh-CN",
            "subject": "工单 T-1" if channel == "email" else None,
            "text": "您好 🙂",
            "html": "<p>您好 🙂</p>" if channel == "email" else None,
            "occurrence": "dispatch_feigned/W-1/1",
            "created_at": to_text(now),
            "expires_at": to_text(now + timedelta(hours=1)),
            **given,
        }
        self.put(f"{channel}.{urgency}", json.dumps(body).encode(), message_id)
        return message_id

    def put(self, key: str, body: bytes, message_id: str | None) -> None:
        properties = pika.BasicProperties(content_type="application/json", message_id=message_id, delivery_mode=2)
        self.channel.basic_publish(MESSAGES, key, body, properties, mandatory=True)

    def receipts(self, message_id: str) -> list[Event]:
        return self.ear.heard("receipt", message_id=message_id)

    def receipt(self, message_id: str) -> Event:
        """The first one, when it comes."""
        return eventually(lambda: self.receipts(message_id))[0]

    def mails(self, message_id: str) -> int:
        return sum(mail["Message-ID"] == f"<{message_id}@example.com>" for mail in self.stack.mails())

    def texts(self, *message_ids: str) -> list[str]:
        """Those of the messages that the sink has, in its order."""
        return [text["message_id"] for text in self.stack.texts() if text["message_id"] in message_ids]

    def claims(self, channel: str) -> Any:
        return self.stack.database[f"consumer_{channel}_messages"]

    def copies(self, channel: str, message_id: str) -> int:
        return self.mails(message_id) if channel == "email" else len(self.texts(message_id))


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    desk = Desk(stack)
    yield desk
    desk.connection.close()


CHANNELS = pytest.mark.parametrize("channel", ["email", "sms"])


@CHANNELS
def test_a_message_is_sent_once_and_reported(desk: Desk, channel: str) -> None:
    message_id = desk.hand_over(channel)
    receipt = desk.receipt(message_id)
    assert (receipt.id, receipt.data["state"]) == (f"{message_id}/sent", "sent")
    assert receipt.data["consumer"] == f"{channel}-consumer"
    assert desk.copies(channel, message_id) == 1


@CHANNELS
def test_a_message_that_comes_again_is_not_sent_again_but_reported_again(desk: Desk, channel: str) -> None:
    message_id = desk.hand_over(channel)
    desk.hand_over(channel, message_id=message_id)
    eventually(lambda: len(desk.receipts(message_id)) == 2)
    assert {receipt.id for receipt in desk.receipts(message_id)} == {f"{message_id}/sent"}
    assert desk.copies(channel, message_id) == 1


@CHANNELS
def test_what_has_expired_is_not_sent(desk: Desk, channel: str) -> None:
    message_id = desk.hand_over(channel, expires_at=to_text(SystemClock().now() - timedelta(seconds=1)))
    receipt = desk.receipt(message_id)
    assert (receipt.id, receipt.number, receipt.data["state"]) == (f"{message_id}/expired", 3, "expired")
    assert desk.copies(channel, message_id) == 0


def a_foreign_claim(desk: Desk, channel: str) -> str:
    """A message that a consumer claimed before it was killed."""
    message_id = uuid4().hex
    claim = {"_id": message_id, "refusals": 0, "state": "claimed", "owner": "killed", "at": SystemClock().now()}
    desk.claims(channel).insert_one(claim)
    return message_id


def test_a_mail_whose_consumer_was_killed_is_unknown_and_never_sent_again(desk: Desk) -> None:
    message_id = desk.hand_over("email", message_id=a_foreign_claim(desk, "email"))
    assert desk.receipt(message_id).data["state"] == "unknown"
    desk.hand_over("email", message_id=message_id)
    eventually(lambda: len(desk.receipts(message_id)) == 2)
    assert desk.copies("email", message_id) == 0


def test_a_text_whose_consumer_was_killed_before_the_sink_is_sent(desk: Desk) -> None:
    message_id = desk.hand_over("sms", message_id=a_foreign_claim(desk, "sms"))
    assert desk.receipt(message_id).data["state"] == "sent"
    assert desk.copies("sms", message_id) == 1


def test_a_text_whose_consumer_was_killed_after_the_sink_is_not_sent_again(desk: Desk) -> None:
    message_id = desk.hand_over("sms")
    desk.receipt(message_id)
    desk.claims("sms").update_one({"_id": message_id}, {"$set": {"state": "claimed", "owner": "killed"}})
    desk.hand_over("sms", message_id=message_id)
    eventually(lambda: len(desk.receipts(message_id)) == 2)
    assert {receipt.data["state"] for receipt in desk.receipts(message_id)} == {"sent"}
    assert desk.copies("sms", message_id) == 1


def test_urgent_messages_go_before_bulk(stack: Any, desk: Desk) -> None:
    stack.stop_process("sms-consumer")
    bulk = [desk.hand_over("sms", "bulk") for _ in range(10)]
    urgent = [desk.hand_over("sms", "urgent") for _ in range(10)]
    stack.start_process("sms-consumer")
    order = eventually(lambda: (sent := desk.texts(*bulk, *urgent))[19:] and sent)
    # all that is there at the start is delivered together; the first may have been taken before the rest arrived
    assert set(order[:11]) >= set(urgent)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"message_id": 7}'])
@CHANNELS
def test_an_unreadable_message_is_failed_and_stops_nobody(stack: Any, desk: Desk, channel: str, body: bytes) -> None:
    deaths, message_id = stack.deaths(f"{channel}-consumer"), uuid4().hex
    desk.put(f"{channel}.urgent", body, message_id)
    desk.put(f"{channel}.urgent", body, None)
    assert desk.receipt(message_id).data["state"] == "failed"
    desk.receipt(desk.hand_over(channel))
    assert stack.deaths(f"{channel}-consumer") == deaths


class Greylist:
    """A relay that refuses `greylisted…` once, and keeps what it takes; other tests' mails may come by."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.taken: list[str] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address not in self.refused and address.startswith("greylisted"):
            self.refused.append(address)
            return "450 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken += envelope.rcpt_tos
        return "250 taken"


def test_a_mail_refused_for_now_waits_and_holds_up_no_other(stack: Any, desk: Desk) -> None:
    stack.stop_process("email-consumer")
    handler = Greylist()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    relay = Controller(handler, hostname="127.0.0.1", port=port)
    relay.start()
    environ = os.environ | {
        "LOOPDESK_AMQP_URI": stack.amqp_uri("email-consumer"),
        "LOOPDESK_MONGO_URI": stack.mongo_uri("email-consumer"),
        "SMTP_URI": f"smtp://127.0.0.1:{port}",
        "SMTP_FROM": "desk@example.com",
    }
    consumer = subprocess.Popen([sys.executable, "-m", "services.notify.consumers.email"], env=environ)
    try:
        refused = desk.hand_over("email", to="greylisted@example.com")
        eventually(lambda: handler.refused == ["greylisted@example.com"])
        others = [desk.hand_over("email", to=f"known-{number}@example.com") for number in range(3)]
        assert {desk.receipt(message_id).data["state"] for message_id in others} == {"sent"}
        assert desk.receipt(refused).data["state"] == "sent"
        assert handler.taken.count("greylisted@example.com") == 1
        consumer.terminate()
        assert consumer.wait(60) == 0
    finally:
        consumer.kill()
        consumer.wait()
        relay.stop()


def test_while_the_relay_is_down_mails_wait_and_then_go_once(stack: Any, desk: Desk) -> None:
    stack.stop_process("mailbox")
    waiting = [desk.hand_over("email", urgency) for urgency in ("urgent", "bulk") * 10]
    eventually(lambda: trouble(stack.amqp_uri("email-consumer"), "email"))
    assert not any(desk.receipts(message_id) for message_id in waiting)
    stack.start_process("mailbox")
    assert {desk.receipt(message_id).data["state"] for message_id in waiting} == {"sent"}
    assert [desk.mails(message_id) for message_id in waiting] == [1] * 20
    assert trouble(stack.amqp_uri("email-consumer"), "email") is None


@CHANNELS
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_consumer_that_ends_in_the_middle_loses_and_doubles_nothing(
    stack: Any, desk: Desk, channel: str, number: signal.Signals
) -> None:
    sent = [desk.hand_over(channel) for _ in range(60)]
    eventually(lambda: desk.receipts(sent[5]))
    stack.kill(f"{channel}-consumer", number)
    states = {message_id: desk.receipt(message_id).data["state"] for message_id in sent}
    unknown = [message_id for message_id, state in states.items() if state == "unknown"]
    # at most the one mail in hand when it was killed; the sink can always tell
    assert len(unknown) <= (channel == "email" and number == signal.SIGKILL)
    for message_id, state in states.items():
        assert desk.copies(channel, message_id) == 1 or state == "unknown"


@CHANNELS
def test_a_consumer_asked_to_end_ends_cleanly(stack: Any, channel: str) -> None:
    stack.stop_process(f"{channel}-consumer")
    eventually(lambda: not stack.pids(f"{channel}-consumer"))
    assert json.loads(stack.log_text(f"{channel}-consumer").splitlines()[-1])["event"] == "stopped"


@pytest.mark.parametrize("outage", ["kill_broker", "kill_mongod"])
def test_consumers_outlive_broker_and_database(stack: Any, desk: Desk, outage: str) -> None:
    deaths = [stack.deaths("email-consumer"), stack.deaths("sms-consumer")]
    sent = {desk.hand_over(channel): channel for channel in ("email", "sms") * 20}
    getattr(stack, outage)()

    def reconnected() -> bool:
        desk._connect()
        return True

    if outage == "kill_broker":
        eventually(_patiently(reconnected))
    rows = eventually(_patiently(lambda: _settled(desk, sent)))
    assert {row["state"] for row in rows} == {"sent"}
    eventually(lambda: all(desk.copies(channel, message_id) == 1 for message_id, channel in sent.items()))
    assert [stack.deaths("email-consumer"), stack.deaths("sms-consumer")] == deaths


def _settled(desk: Desk, message_ids: Any) -> list[Any] | None:
    """What the consumers' stores say of the messages, once they say it of all."""
    known = {"_id": {"$in": list(message_ids)}, "state": {"$nin": ["claimed", "released"]}}
    rows = [row for channel in ("email", "sms") for row in desk.claims(channel).find(known)]
    return rows if len(rows) == len(message_ids) else None


def _patiently(condition: Callable[[], Any]) -> Callable[[], Any]:
    """What a driver raises while the other side is away counts as not yet."""

    def asked() -> Any:
        try:
            return condition()
        except (AMQPError, PyMongoError) as error:
            raise AssertionError(type(error).__name__) from error

    return asked


@CHANNELS
def test_a_consumers_account_can_do_nothing_else(stack: Any, channel: str) -> None:
    other = "sms" if channel == "email" else "email"

    def refused(attempt: Callable[[Any], Any]) -> bool:
        connection = pika.BlockingConnection(pika.URLParameters(stack.amqp_uri(f"{channel}-consumer")))
        try:
            allowed = connection.channel()
            allowed.confirm_delivery()
            attempt(allowed)
        except ChannelClosedByBroker as error:
            return error.reply_code == 403
        else:
            return False
        finally:
            connection.close()

    as_other = pika.BasicProperties(user_id=f"{other}-consumer")
    assert refused(lambda c: c.basic_get(f"notify.{other}.urgent"))
    assert refused(lambda c: c.basic_publish(MESSAGES, f"{channel}.bulk", b"{}"))
    assert refused(lambda c: c.basic_publish("", f"notify.{channel}.bulk", b"{}"))
    assert refused(lambda c: c.basic_publish("consumers.events", "other", b"{}"))
    assert refused(lambda c: c.queue_declare(f"notify.{channel}.mine"))
    with pytest.raises(AssertionError):  # PRECONDITION_FAILED 406: the broker checks who says so
        assert refused(lambda c: c.basic_publish("consumers.events", "receipt", b"{}", as_other))


@CHANNELS
def test_logs_hold_no_address_and_no_text(stack: Any, desk: Desk, channel: str) -> None:
    message_id = desk.hand_over(channel, text="geheim-text")
    desk.receipt(message_id)
    said = stack.log_text(f"{channel}-consumer")
    assert message_id in said
    for secret in ("geheim-text", "@example.com", "+4411649"):
        assert secret not in said
    assert all(json.loads(line) for line in said.splitlines())
