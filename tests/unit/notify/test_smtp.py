"""The relay, spoken to for real: aiosmtpd on loopback, with TLS and login, refusing at every step."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, syntax

from services.notify.consumers.mail import ALL, FAILURE, Style
from services.notify.consumers.mail_addresses import OwnAddress
from services.notify.consumers.message import Down, Outcome, TryLater
from services.notify.consumers.smtp import Relay
from services.notify.consumers.smtp_lines import Lines
from services.notify.consumers.smtp_replies import meaning
from services.notify.consumers.smtp_settings import RelaySettings
from tests.unit.notify.test_mail import a_mail
from tests.unit.notify.web import a_certificate, a_tls_context


class Replies:
    """A relay that answers one step of SMTP with given replies, and keeps what it takes."""

    def __init__(self, step=None, *replies):
        self.step, self.replies, self.taken, self.lines, self.options = step, list(replies), [], 0, []

    def _reply(self, step, otherwise):
        return self.replies.pop(0) if self.step == step and self.replies else otherwise

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.lines += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self.options.append(options)
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


def a_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def relays():
    """Starts a server; gives a relay to it, and the server. `uri` has `{port}`; what else is given is aiosmtpd's."""
    opened = []

    def start(handler, uri="smtp://127.0.0.1:{port}", settings=None, now=None, sender=None, **given):
        controller = Controller(handler, hostname="127.0.0.1", port=a_port(), **given)
        controller.start()
        at = RelaySettings.from_uri(uri.format(port=controller.port), **(settings or {}))
        relay = Relay(at, timeout=5.0, sender=sender, **({"now": now} if now else {}))
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


# the line


def test_one_line_serves_many_mails_but_not_for_ever(relays):
    handler = Replies()
    relay, _ = relays(handler, settings={"mails_per_line": 3})
    assert [relay.send(a_mail()).state for _ in range(7)] == ["sent"] * 7
    assert handler.lines == 3


def test_a_line_that_was_idle_for_too_long_is_left(relays):
    handler, seconds = Replies(), [0.0]
    relay, _ = relays(handler, settings={"idle": 60.0}, now=lambda: seconds[0])
    opened = []
    for seconds[0] in (0.0, 60.0, 120.5, 180.5):
        relay.send(a_mail())
        opened.append(handler.lines)
    assert opened == [1, 1, 2, 2]


def test_a_relay_that_wants_a_line_to_end_gets_the_mail_on_a_new_one(relays):
    handler = Replies("MAIL", "250 OK", "421 4.7.0 too many mails on this line")
    relay, _ = relays(handler)
    assert [relay.send(a_mail()).state for _ in range(2)] == ["sent", "sent"]
    assert handler.lines == 2


def test_a_relay_that_closes_every_line_is_down_and_asked_only_twice(relays):
    handler = Replies("MAIL", "250 OK", *["421 closing"] * 3)
    relay, _ = relays(handler)
    relay.send(a_mail())
    with pytest.raises(Down):
        relay.send(a_mail())
    assert (handler.lines, handler.replies) == (2, ["421 closing"])


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


def test_a_relay_that_goes_away_during_the_text_leaves_an_unknown_fate(relays):
    relay, _ = relays(Replies("DATA", "hang up"))
    assert relay.send(a_mail()).state == "unknown"
    assert relay.send(a_mail()).state == "sent"


def test_a_relay_that_answers_the_text_with_nonsense_leaves_an_unknown_fate_and_its_line(relays):
    handler = Replies("DATA", "nonsense")
    relay, _ = relays(handler)
    assert [relay.send(a_mail()).state for _ in range(2)] == ["unknown", "sent"]
    assert handler.lines == 2


class Slow(Replies):
    """Answers to one recipient only when another mail has been taken."""

    def __init__(self):
        super().__init__()
        self.other = asyncio.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address == "slow@example.com":
            await self.other.wait()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.other.set()
        return await super().handle_DATA(server, session, envelope)


def test_a_slow_answer_holds_up_no_mail_on_another_line(relays):
    handler = Slow()
    _, controller = relays(handler)
    at = RelaySettings("127.0.0.1", controller.port, "smtp")
    lines = Lines(2, lambda: Relay(at, timeout=20.0))
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(lines.send, a_mail(to="slow@example.com"))
        assert lines.send(a_mail()).state == "sent"
        assert slow.result(20).state == "sent"
    assert [envelope.rcpt_tos for envelope in handler.taken] == [["customer@example.com"], ["slow@example.com"]]
    lines.close()


# refusals


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["550 5.1.1 no such user", "552 5.2.2 mailbox full", "554 5.7.1 spam"])
def test_a_refusal_for_good_is_failed_and_the_next_mail_goes(relays, step, reply):
    relay, _ = relays(Replies(step, reply))
    assert relay.send(a_mail()) == Outcome("failed", reply)
    assert relay.send(a_mail()).state == "sent"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["450 greylisted", "451 4.3.0 busy", "452 4.3.1 no room"])
def test_a_refusal_for_now_leaves_the_mail_to_be_tried_again(relays, step, reply):
    relay, _ = relays(Replies(step, reply))
    with pytest.raises(TryLater):
        relay.send(a_mail())
    assert relay.send(a_mail()).state == "sent"


@pytest.mark.parametrize("reply", ["550 5.7.1 sender denied", "553 5.1.8 unknown sender", "501 syntax", "554 no"])
def test_a_relay_that_refuses_our_address_is_down_and_no_mail_is_at_fault(relays, reply):
    relay, _ = relays(Replies("MAIL", reply, reply), sender="desk@example.com")
    with pytest.raises(Down, match=reply[:3]):
        relay.send(a_mail())
    with pytest.raises(Down, match=reply[:3]):
        relay.check()
    relay.check()
    assert relay.send(a_mail()).state == "sent"


@pytest.mark.parametrize("reply", ["552 too big", "554 5.3.4 too big for the system", "550 5.2.3 too long"])
def test_a_mail_that_is_too_large_for_the_relay_is_failed(relays, reply):
    relay, _ = relays(Replies("MAIL", reply))
    assert relay.send(a_mail()) == Outcome("failed", reply)


def test_a_relay_that_says_its_limit_refuses_before_the_text_is_sent(relays):
    handler = Replies()
    relay, _ = relays(handler, data_size_limit=1000)
    assert relay.send(a_mail(text="x" * 2000)).detail.startswith("552")
    assert handler.taken == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["421 going down", "530 authentication required", "454 TLS not available"])
def test_a_relay_that_talks_to_nobody_is_down(relays, step, reply):
    relay, _ = relays(Replies(step, reply))
    with pytest.raises(Down):
        relay.send(a_mail())


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"421 too busy\r\n", b"nonsense\r\n", b"\xff\xfe\r\n", b""])
def test_a_relay_that_greets_with_a_refusal_or_nonsense_is_down(greeting):
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(RelaySettings("127.0.0.1", server.getsockname()[1], "smtp"), timeout=2.0)

        def greet():
            line, _ = server.accept()
            with line:
                line.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(Down):
            relay.send(a_mail())
        thread.join()


def test_a_relay_that_never_greets_is_down_after_a_while():
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(RelaySettings("127.0.0.1", server.getsockname()[1], "smtp"), timeout=0.2)
        with pytest.raises(Down):
            relay.send(a_mail())


def test_a_relay_that_hangs_up_in_the_middle_of_a_text_leaves_an_unknown_fate():
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(RelaySettings("127.0.0.1", server.getsockname()[1], "smtp"), timeout=5.0)

        def serve():
            line, _ = server.accept()
            with line, line.makefile("rb") as said:
                line.sendall(b"220 relay\r\n")
                for word in said:
                    if word.upper().startswith(b"DATA"):
                        line.sendall(b"354 go on\r\n")
                        said.readline()
                        return
                    line.sendall(b"250 relay\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        outcome = relay.send(a_mail(text="x" * 60 + "\n" * 100_000, html=None))
        thread.join()
    assert outcome.state == "unknown"


@pytest.mark.parametrize(
    ("step", "code", "said", "means"),
    [
        ("RCPT", 250, "OK", "go"),
        ("RCPT", 251, "will forward", "go"),
        ("DATA", 354, "go ahead", "go"),
        ("TEXT", 250, "queued", "taken"),
        ("TEXT", 354, "what?", "unclear"),
        ("TEXT", -1, "garbage", "unclear"),
        ("TEXT", 150, "garbage", "unclear"),
        ("DATA", 250, "OK to what came before", "down"),
        ("RCPT", 354, "go ahead", "down"),
        ("TEXT", 452, "4.3.1 full", "later"),
        ("TEXT", 552, "5.3.4 too big", "refused"),
        ("TEXT", 421, "closing", "down"),
        ("MAIL", 550, "5.6.7 no SMTPUTF8", "refused"),
        ("MAIL", -1, "", "down"),
    ],
)
def test_what_a_reply_means(step, code, said, means):
    assert meaning(step, code, said) == means


# what the relay offers


def test_an_address_that_needs_smtputf8_goes_where_it_is_offered(relays):
    handler = Replies()
    relay, _ = relays(handler, enable_SMTPUTF8=True)
    assert relay.send(a_mail(to="客户@例子.测试")).state == "sent"
    assert handler.taken[0].rcpt_tos == ["客户@例子.测试"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(handler.options[0])
    assert relay.send(a_mail()).state == "sent"


def test_an_address_that_needs_smtputf8_is_failed_where_it_is_not_offered(relays):
    handler = Replies()
    relay, _ = relays(handler, enable_SMTPUTF8=False)
    assert relay.send(a_mail(to="客户@例子.测试")).state == "failed"
    assert relay.send(a_mail()).state == "sent"
    assert len(handler.taken) == 1


class Reporting(Controller):
    """A relay that offers delivery reports, and notes what is asked of it."""

    asked: list[str]

    def factory(self):
        asked = self.asked = []

        class Server(SMTP):
            @syntax("EHLO hostname")
            async def smtp_EHLO(self, hostname):  # noqa: N802
                self.session.extended_smtp, self.session.host_name = True, hostname
                await self.push("250-here\r\n250 DSN")

            async def smtp_MAIL(self, arg):  # noqa: N802
                asked.append(arg)
                await super().smtp_MAIL(arg.partition(" ")[0])

            async def smtp_RCPT(self, arg):  # noqa: N802
                asked.append(arg)
                await super().smtp_RCPT(arg.partition(" ")[0])

        return Server(self.handler)


@pytest.mark.parametrize("notify", [FAILURE, ALL])
def test_reports_are_asked_for_where_they_are_offered(notify):
    server = Reporting(Replies(), hostname="127.0.0.1", port=a_port())
    server.start()
    relay = Relay(RelaySettings("127.0.0.1", server.port, "smtp"), timeout=5.0)
    try:
        style = Style(OwnAddress.of("desk@example.com"), notify)
        assert relay.send(a_mail(style=style, message_id="m1")).state == "sent"
    finally:
        relay.close()
        server.stop()
    assert server.asked == [
        "FROM:<bounce+m1@example.com> RET=HDRS ENVID=m1@example.com",
        f"TO:<customer@example.com> NOTIFY={notify}",
    ]


# TLS and login


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return a_certificate(tmp_path_factory.mktemp("tls"))


def knows(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"desk", b"right"), handled=False)


@pytest.mark.parametrize(
    ("login", "host", "trusted", "outcome"),
    [
        ("desk:right", "localhost", True, "sent"),
        ("desk:wrong", "localhost", True, Down),
        ("desk:%D0%BF", "localhost", True, Down),  # a password that SMTP cannot say
        ("desk:right", "127.0.0.1", True, Down),  # not the certificate's name
        ("desk:right", "localhost", False, Down),
    ],
)
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_relay_behind_tls_wants_its_own_name_and_our_password(
    relays, certificate, scheme, login, host, trusted, outcome
):
    context = a_tls_context(*certificate)
    given = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    given |= {"auth_required": True, "authenticator": knows, "auth_require_tls": scheme != "smtps"}
    settings = {"ca_file": str(certificate[0])} if trusted else {}
    relay, _ = relays(Replies(), f"{scheme}://{login}@{host}:{{port}}", settings, **given)
    if outcome is Down:
        with pytest.raises(Down):
            relay.send(a_mail())
    else:
        assert relay.send(a_mail()).state == outcome


def test_a_relay_that_offers_no_starttls_is_down(relays):
    relay, _ = relays(Replies(), "smtp+starttls://localhost:{port}")
    with pytest.raises(Down):
        relay.send(a_mail())


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


@pytest.mark.parametrize("uri", ["relay:25", "http://relay", "smtp://", "smtp://relay:port", "smtp://desk:pw@relay"])
def test_another_uri_is_refused(uri):
    with pytest.raises(ValueError):
        RelaySettings.from_uri(uri)


@pytest.mark.parametrize("environ", [{"SMTP_CA_FILE": "/nowhere"}, {"SMTP_MAILS_PER_LINE": "0"}, {"SMTP_IDLE": "long"}])
def test_settings_that_cannot_be_are_refused_at_the_start(environ):
    with pytest.raises((ValueError, OSError)):
        RelaySettings.load("smtps://relay", environ)
