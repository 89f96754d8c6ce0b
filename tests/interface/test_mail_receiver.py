"""The mail receiver on the real broker: what it takes is told once, and nothing is taken that cannot be."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from services.notify.consumers.mail_health import trouble
from shared.events import Event
from tests.interface.feigned import Ear
from tests.support import eventually


def a_mail(mail_id: str, text: str = "满意\r\n\r\n> 请评分", **headers: str) -> bytes:
    lines = {
        "From": "Kunde <kunde@example.org>",
        "Subject": "Re: T-1",
        "Message-ID": f"<{mail_id}@example.org>",
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f'{head}Content-Type: text/plain; charset="utf-8"\r\n\r\n{text}\r\n'.encode()


class Post:
    """Delivers mails as the operators' relay does, and hears what the receiver tells."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.port = json.loads((stack.instance.folder / "ports.json").read_text())["mail-receiver"]
        self.listen()

    def listen(self) -> bool:
        self.connection = pika.BlockingConnection(pika.URLParameters(self.stack.admin_amqp_uri))
        self.ear = Ear(self.connection.channel(), "consumers")
        return True

    def deliver(
        self, data: bytes, *to: str, sender: str = "kunde@example.org", port: int | None = None
    ) -> tuple[int, bytes]:
        """The receiver's answer to the text."""
        with smtplib.SMTP("127.0.0.1", port or self.port, timeout=60) as line:
            line.ehlo()
            line.mail(sender)
            for address in to:
                code, said = line.rcpt(address)
                if code != 250:
                    return code, said
            return line.data(data)

    def told(self, **data: Any) -> list[Event]:
        return self.ear.heard("mail_received", **data)

    def receipts(self, message_id: str) -> list[Event]:
        return self.ear.heard("receipt", message_id=message_id)


@pytest.fixture(scope="module")
def post(stack: Any) -> Iterator[Post]:
    post = Post(stack)
    yield post
    post.connection.close()


def test_an_answer_is_told_with_its_token_and_without_what_it_quotes(post: Post) -> None:
    name = uuid4().hex
    code, _ = post.deliver(a_mail(name, In_Reply_To="<m-1@example.com>"), "reply+Tok3n@example.com")
    (event,) = eventually(lambda: post.told(mail_id=f"{name}@example.org"))
    received_at = event.data.pop("received_at")
    assert code == 250
    assert event.id == event.aggregate_id
    assert (event.source, event.number, event.actor) == ("consumers", 1, None)
    assert event.to_wire()["at"] == received_at
    assert event.data == {
        "from": "kunde@example.org",
        "return_path": "kunde@example.org",
        "to": "reply+Tok3n@example.com",
        "token": "Tok3n",
        "mail_id": f"{name}@example.org",
        "in_reply_to": "m-1@example.com",
        "references": [],
        "subject": "Re: T-1",
        "text": "满意",
        "automatic": None,
        "consumer": "mail-receiver",
        "attachments": [],
    }


def test_a_mail_that_the_relay_delivers_again_is_the_same_event(post: Post) -> None:
    name = uuid4().hex
    assert [post.deliver(a_mail(name), "loopdesk@example.com")[0] for _ in range(2)] == [250, 250]
    first, again = eventually(lambda: (told := post.told(mail_id=f"{name}@example.org"))[1:] and told)
    assert first.id == again.id


def test_a_mail_to_several_addresses_of_ours_is_told_for_each(post: Post) -> None:
    name = uuid4().hex
    post.deliver(a_mail(name), "loopdesk@example.com", "reply+t1@example.com")
    told = eventually(lambda: (told := post.told(mail_id=f"{name}@example.org"))[1:] and told)
    assert [event.data["token"] for event in told] == [None, "t1"]
    assert told[0].id != told[1].id


def test_a_bounce_that_names_its_message_is_a_receipt(post: Post) -> None:
    message_id = uuid4().hex
    report = (
        "From: MAILER-DAEMON@example.org\r\nSubject: failed\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        "Final-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert post.deliver(report.encode(), f"bounce+{message_id}@example.com", sender="")[0] == 250
    (receipt,) = eventually(lambda: post.receipts(message_id))
    assert (receipt.id, receipt.number) == (f"{message_id}/failed", 3)
    assert (receipt.data["state"], receipt.data["detail"], receipt.data["channel"]) == ("failed", "5.1.1", "email")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("somebody@example.org", 550),
        ("nobody@example.com", 550),
        ("reply@example.com", 550),
        ("reply+@example.com", 550),
        ("LoopDesk@Example.COM", 250),
        ("bounce@example.com", 250),
    ],
)
def test_only_our_own_addresses_are_taken(post: Post, address: str, code: int) -> None:
    assert post.deliver(a_mail(uuid4().hex), address)[0] == code


def test_what_is_too_large_or_too_deep_is_refused(post: Post) -> None:
    assert post.deliver(a_mail(uuid4().hex, ("x" * 900 + "\r\n") * 12_000), "loopdesk@example.com")[0] == 552
    deep = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(2000)).encode()
    assert post.deliver(deep, "loopdesk@example.com")[0] == 554
    assert post.deliver(a_mail(uuid4().hex), "loopdesk@example.com")[0] == 250


def test_while_the_broker_is_away_no_mail_is_taken_and_none_is_lost(stack: Any, post: Post) -> None:
    deaths, name = stack.deaths("mail-receiver"), uuid4().hex
    stack.stop_process("rabbitmq", kill=True)
    try:
        assert post.deliver(a_mail(name), "loopdesk@example.com")[0] == 451
        assert "451" in str(trouble(f"127.0.0.1:{post.port}"))
    finally:
        stack.start_process("rabbitmq")
    eventually(post.listen)
    eventually(lambda: post.deliver(a_mail(name), "loopdesk@example.com")[0] == 250)
    assert len({event.id for event in eventually(lambda: post.told(mail_id=f"{name}@example.org"))}) == 1
    assert trouble(f"127.0.0.1:{post.port}") is None
    assert stack.deaths("mail-receiver") == deaths


def test_mails_that_come_while_the_broker_is_killed_are_told_once_each(stack: Any, post: Post) -> None:
    names = [uuid4().hex for _ in range(30)]
    taken: list[str] = []
    for number, name in enumerate(names):
        if number == 10:
            stack.kill_broker()
        eventually(lambda name=name: post.deliver(a_mail(name), "loopdesk@example.com")[0] == 250)
        taken.append(name)
    eventually(post.listen)  # its queue went with the old broker: what the receiver tells again has the same ids
    for name in names:
        assert post.deliver(a_mail(name), "loopdesk@example.com")[0] == 250
    told = eventually(lambda: (told := [e for n in names for e in post.told(mail_id=f"{n}@example.org")])[29:] and told)
    assert len({event.id for event in told}) == 30


def test_the_receivers_account_may_tell_and_nothing_else(stack: Any) -> None:
    def refused(attempt: Callable[[Any], Any]) -> bool:
        connection = pika.BlockingConnection(pika.URLParameters(stack.amqp_uri("mail-receiver")))
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

    assert refused(lambda c: c.basic_get("notify.email.urgent"))
    assert refused(lambda c: c.basic_publish("notify.messages", "email.bulk", b"{}"))
    assert refused(lambda c: c.basic_publish("consumers.events", "sms_received", b"{}"))
    assert refused(lambda c: c.queue_declare("notify.email.mine"))


@contextmanager
def a_receiver(stack: Any, **settings: str) -> Iterator[int]:
    """One with other settings; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = os.environ | {
        "LOOPDESK_AMQP_URI": stack.amqp_uri("mail-receiver"),
        "MAIL_LISTEN": f"127.0.0.1:{port}",
        "SMTP_FROM": "desk@example.com",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "services.notify.consumers.mail_receiver"], env=environ)
    try:
        eventually(lambda: trouble(f"127.0.0.1:{port}", settings.get("MAIL_PROTOCOL", "smtp")) is None)
        yield port
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_by_lmtp_each_recipient_has_its_answer(stack: Any, post: Post) -> None:
    name = uuid4().hex
    with a_receiver(stack, MAIL_PROTOCOL="lmtp", MAIL_DESK="info") as port, smtplib.LMTP("127.0.0.1", port) as line:
        line.ehlo()
        line.mail("kunde@example.org")
        assert [line.rcpt(to)[0] for to in ("info@example.com", "nobody@example.com", "desk@example.com")] == [
            250,
            550,
            250,
        ]
        code, _ = line.data(a_mail(name))
        assert (code, line.getreply()[0]) == (250, 250)
    assert len(eventually(lambda: (told := post.told(mail_id=f"{name}@example.org"))[1:] and told)) == 2


def test_lines_beyond_the_limit_are_turned_away_until_one_is_free(stack: Any) -> None:
    with a_receiver(stack, MAIL_CONNECTIONS="2") as port:
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        greetings = [line.recv(3) for line in lines]
        for line in lines:
            line.close()
        assert greetings == [b"220", b"220", b"421"]
        eventually(lambda: trouble(f"127.0.0.1:{port}") is None)


def test_logs_hold_no_address_and_no_text(stack: Any, post: Post) -> None:
    post.deliver(a_mail(uuid4().hex, "geheim-text"), "loopdesk@example.com")
    said = stack.log_text("mail-receiver")
    assert '"event": "mail"' in said or '"event":"mail"' in said
    for secret in ("geheim-text", "@example.org", "@example.com"):
        assert secret not in said
