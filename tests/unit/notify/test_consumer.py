"""The parts of the consumers, tried without broker and database; SMTP against a real server."""

import json
import os
import shutil
import socket
import ssl
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from services.notify.consumers.broker import BROKEN, Broker
from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.mail import NotMailable, compose
from services.notify.consumers.message import Down, Message, Outcome, TryLater, Unreadable, read, receipt
from services.notify.consumers.sink import FileSink
from services.notify.consumers.smtp import Relay, RelaySettings
from shared.events import Event
from tests.unit.notify.builders import NOON


class FixedClock:
    def now(self):
        return NOON


def a_message(**given):
    known = {
        "message_id": "019cadd3f200" + "a" * 28,
        "channel": "email",
        "to": "customer@example.com",
        "language": "zh-CN",
        "subject": "您的工单 T-1042 已关闭",
        "text": "您好 🙂\n.\n结束",
        "html": "<p>您好 🙂</p>",
        "occurrence": "dispatch_orders/W-1042/7",
        "created_at": NOON,
        "expires_at": None,
    }
    return Message(**{**known, **given})


def a_mail(**given):
    return compose(a_message(**given), "Desk <desk@example.com>", NOON)


def a_delivery(tag=1, lane="bulk"):
    return Delivery(tag, lane, b"", None, 0.0)


# the message


def test_a_body_that_is_no_message_is_unreadable():
    for body in (b"", b"\xff", b"[]", b"null", b'"text"', b'{"message_id": "m"}'):
        with pytest.raises(Unreadable):
            read(body)


def test_why_a_body_is_unreadable_does_not_quote_it():
    with pytest.raises(Unreadable) as refused:
        read(
            json.dumps({"message_id": "m", "to": "customer@example.com", "text": "secret", "created_at": "x"}).encode()
        )
    assert "customer@" not in str(refused.value)
    assert "created_at" in str(refused.value)


def test_the_same_outcome_is_always_told_by_the_same_event():
    first = receipt("m", "sms", Outcome("sent"), "sms-consumer", NOON)
    again = receipt("m", "sms", Outcome("sent", "later"), "sms-consumer", datetime(2026, 4, 1, tzinfo=UTC))
    assert first.id == again.id == "m/sent"
    assert Event.from_wire(json.loads(json.dumps(first.to_wire()))) == first


# the order


def test_the_more_urgent_lane_goes_first():
    inbox = Inbox()
    for tag, lane in ((1, "bulk"), (2, "normal"), (3, "urgent"), (4, "bulk"), (5, "urgent"), (6, "normal")):
        inbox.put(a_delivery(tag, lane))
    assert [inbox.take(0.0).tag for _ in range(6)] == [3, 5, 2, 6, 1, 4]


def test_what_was_put_off_comes_back_when_its_time_has_come():
    inbox = Inbox()
    inbox.put_off(a_delivery(1, "urgent"), 5.0)
    inbox.put(a_delivery(2))
    assert [inbox.take(4.9), inbox.take(4.9)] == [a_delivery(2), None]
    assert inbox.take(5.0) == a_delivery(1, "urgent")


def test_all_that_is_in_hand_can_be_given_back():
    inbox = Inbox()
    inbox.put(a_delivery(1))
    inbox.put_off(a_delivery(2), 5.0)
    assert [held.tag for held in inbox.clear()] == [1, 2]
    assert inbox.take(9.0) is None


# the mail


def test_a_mail_has_text_and_html_and_says_that_a_machine_wrote_it():
    mail = message_from_bytes(a_mail().data, policy=default)
    assert mail["Subject"] == "您的工单 T-1042 已关闭"
    assert mail["From"] == "Desk <desk@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{a_message().message_id}@example.com>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().splitlines() == ["您好 🙂", ".", "结束"]


def test_a_mail_needs_seven_bits_and_short_lines_only():
    data = a_mail(text="长" * 5000).data
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def test_a_domain_of_any_script_is_written_as_every_relay_reads_it():
    mail = a_mail(to="kunde@bücher.example")
    assert mail.to == "kunde@xn--bcher-kva.example"
    assert message_from_bytes(mail.data, policy=default)["To"] == "kunde@xn--bcher-kva.example"
    assert a_mail(to="kunde@例子.测试").to == "kunde@xn--fsqu00a.xn--0zwm56d"


@pytest.mark.parametrize(
    "given",
    [
        {"to": "客@example.com"},
        {"to": "kunde@bücher..example"},
        {"to": "a@example.com, b@example.com"},
        {"subject": "a\r\nBcc: b@example.com"},
    ],
)
def test_what_no_mail_can_be_made_of_is_refused(given):
    with pytest.raises(NotMailable):
        a_mail(**given)


# the relay


class Replies:
    """A relay that answers one step of SMTP with a given reply, and keeps what it takes."""

    def __init__(self, step=None, *replies):
        self.step, self.replies, self.taken = step, list(replies), []

    def _reply(self, step, otherwise):
        return self.replies.pop(0) if self.step == step and self.replies else otherwise

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self._reply("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self._reply("RCPT", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self._reply("DATA", "250 taken")
        if reply == "hang up":
            server.transport.abort()
            return "250 nobody hears"
        if reply.startswith("250"):
            self.taken.append(envelope)
        return reply


@pytest.fixture
def relays():
    opened = []

    def start(handler):
        controller = Controller(handler, hostname="127.0.0.1", port=0)
        probe = socket.create_server(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
        probe.close()
        controller.start()
        relay = Relay(RelaySettings.from_uri(f"smtp://127.0.0.1:{controller.port}"), timeout=5.0)
        opened.append((controller, relay))
        return relay, controller

    yield start
    for controller, relay in opened:
        relay.close()
        if not controller.loop.is_closed():
            controller.stop()


def test_a_relay_that_takes_the_mail_has_it_as_written(relays):
    handler = Replies()
    relay, _ = relays(handler)
    mail = a_mail()
    assert relay.send(mail) == Outcome("sent", "250 taken")
    (envelope,) = handler.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("desk@example.com", ["customer@example.com"])
    assert envelope.content == mail.data


def test_a_line_that_is_a_lone_dot_does_not_end_the_mail(relays):
    handler = Replies()
    relay, _ = relays(handler)
    relay.send(a_mail(text="a\n.\n..b\nc", html=None))
    assert b"\r\n.\r\n..b\r\nc" in handler.taken[0].content


def test_one_connection_serves_many_mails(relays):
    handler = Replies()
    relay, _ = relays(handler)
    assert [relay.send(a_mail()).state for _ in range(3)] == ["sent"] * 3


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_good_is_failed_and_the_next_mail_goes(relays, step):
    relay, _ = relays(Replies(step, "550 no such user"))
    assert relay.send(a_mail()) == Outcome("failed", "550 no such user")
    assert relay.send(a_mail()).state == "sent"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_now_leaves_the_mail_to_be_tried_again(relays, step):
    relay, _ = relays(Replies(step, "450 greylisted"))
    with pytest.raises(TryLater):
        relay.send(a_mail())
    assert relay.send(a_mail()).state == "sent"


@pytest.mark.parametrize("reply", ["421 going down", "530 authentication required"])
def test_a_relay_that_talks_to_nobody_is_down(relays, reply):
    relay, _ = relays(Replies("MAIL", reply))
    with pytest.raises(Down):
        relay.send(a_mail())


def test_a_relay_that_goes_away_during_the_text_leaves_an_unknown_fate(relays):
    relay, _ = relays(Replies("DATA", "hang up"))
    assert relay.send(a_mail()).state == "unknown"
    assert relay.send(a_mail()).state == "sent"


def test_no_relay_at_all_is_down_and_nothing_is_lost_when_it_comes_back(relays):
    handler = Replies()
    relay, controller = relays(handler)
    relay.send(a_mail())
    controller.stop()
    with pytest.raises(Down):
        relay.send(a_mail())
    with pytest.raises(Down):
        relay.check()
    again = Controller(handler, hostname="127.0.0.1", port=controller.port)
    again.start()
    try:
        relay.check()
        assert relay.send(a_mail()).state == "sent"
    finally:
        again.stop()


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Of localhost, trusted here."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


@pytest.mark.parametrize(
    ("login", "host", "outcome"),
    [
        ("desk:right", "localhost", "sent"),
        ("desk:wrong", "localhost", Down),
        ("desk:%D0%BF", "localhost", Down),  # a password that SMTP cannot say
        ("desk:right", "127.0.0.1", Down),
    ],
)
def test_a_relay_behind_tls_wants_its_own_name_and_our_password(certificate, login, host, outcome):
    def knows(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=data.password == b"right", handled=False)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    secured = {"tls_context": certificate, "require_starttls": True, "auth_required": True, "authenticator": knows}
    controller = Controller(Replies(), hostname="127.0.0.1", port=port, **secured)
    controller.start()
    relay = Relay(RelaySettings.from_uri(f"smtp+starttls://{login}@{host}:{port}"), timeout=5.0)
    try:
        if outcome is Down:
            with pytest.raises(Down):
                relay.send(a_mail())
        else:
            assert relay.send(a_mail()).state == outcome
    finally:
        relay.close()
        controller.stop()


@pytest.mark.parametrize(
    ("uri", "settings"),
    [
        ("smtp://relay", RelaySettings("relay", 25, "smtp", None, None)),
        ("smtps://relay:4650", RelaySettings("relay", 4650, "smtps", None, None)),
        ("smtp+starttls://desk%40a:p%2Fw@relay", RelaySettings("relay", 587, "smtp+starttls", "desk@a", "p/w")),
    ],
)
def test_the_relays_address_is_one_uri(uri, settings):
    assert RelaySettings.from_uri(uri) == settings


@pytest.mark.parametrize("uri", ["relay:25", "http://relay", "smtp://", "smtp://relay:port"])
def test_another_uri_is_refused(uri):
    with pytest.raises(ValueError):
        RelaySettings.from_uri(uri)


# the sink


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sms" / "sent.jsonl"


def lines(path):
    return [json.loads(line)["message_id"] for line in path.read_text().splitlines() if line.endswith("}")]


def test_the_sink_keeps_a_message_once_whoever_sends_it(path):
    first, second = FileSink(path, FixedClock()), FileSink(path, FixedClock())
    assert first.send(a_message(message_id="m1")) == Outcome("sent")
    assert second.send(a_message(message_id="m1")) == Outcome("sent", "it was in the sink already")
    second.send(a_message(message_id="m2"))
    first.send(a_message(message_id="m2"))
    assert lines(path) == ["m1", "m2"]


def test_a_line_cut_off_by_a_crash_is_not_a_message(path):
    FileSink(path, FixedClock()).send(a_message(message_id="m1"))
    with path.open("a") as file:
        file.write('{"message_id": "m2", "to": "+4411')
    sink = FileSink(path, FixedClock())
    assert sink.send(a_message(message_id="m2")) == Outcome("sent")
    assert lines(path) == ["m1", "m2"]


def test_the_sink_notices_that_its_file_was_replaced(path):
    sink = FileSink(path, FixedClock())
    sink.send(a_message(message_id="m1"))
    path.rename(path.with_suffix(".old"))
    sink.send(a_message(message_id="m1"))
    assert lines(path) == ["m1"]


def test_the_sink_keeps_any_text_as_it_came(path):
    FileSink(path, FixedClock()).send(a_message(text="您好 🙂\n\u2028\u0085"))
    assert json.loads(path.read_bytes())["text"] == "您好 🙂\n\u2028\u0085"


def test_a_sink_that_cannot_be_written_is_down(tmp_path):
    (tmp_path / "file").write_text("")
    sink = FileSink(tmp_path / "file" / "sent.jsonl", FixedClock())
    for attempt in (sink.check, lambda: sink.send(a_message())):
        with pytest.raises(Down):
            attempt()


def test_the_sink_is_not_for_everybody_to_read(path):
    FileSink(path, FixedClock()).check()
    assert os.stat(path).st_mode & 0o007 == 0


def test_a_connection_that_was_given_up_while_waiting_is_a_lost_broker():
    broker = Broker("amqp://email-consumer:x@localhost/loopdesk", "email", Inbox())
    broker._connection, broker._cancelled = SimpleNamespace(process_data_events=lambda **_: None, is_open=False), True
    broker.idle(0)
    with pytest.raises(BROKEN):
        broker.listen(0)
