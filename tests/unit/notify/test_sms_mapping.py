"""A gateway with HTTP by its mapping: what is declared is all that is done; tried against a real HTTP server."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs

import pytest

from deploy.localstack.instance import ROOT
from services.notify.consumers.halt import Halt
from services.notify.consumers.message import Down, Outcome, TryLater, Unanswered
from services.notify.consumers.sms import http, http_asking
from services.notify.consumers.sms.http import HttpGateway
from services.notify.consumers.sms.mapping import filled, found, in_url, mapping_of, read_mapping
from services.notify.consumers.sms.mapping_schema import MappingFile
from services.notify.consumers.sms.wording import Wording
from services.notify.consumers.store import Claim
from shared.errors import ValidationError
from shared.schemas import load
from tests.support import eventually
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import FixedClock, a_message


class Gateway(BaseHTTPRequestHandler):
    """Keeps what it gets; answers what `server.answers` has, and what it knows of a message when it is asked."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.taken.append((self.path, dict(self.headers), body))
        self._answer(*self.server.answers.pop(0))

    def do_GET(self):
        self.server.asked.append(self.path)
        self._answer(*self.server.known.pop(0))

    def _answer(self, status, body):
        if status is None:  # nobody answers
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if isinstance(body, Iterator):
            return self._drip(status, body)
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def _drip(self, status, octets):
        """A little at a time, until nobody listens any more."""
        self.send_response(status)
        self.end_headers()
        with suppress(OSError):
            while not self.server.stopping.wait(0.02):
                self.wfile.write(next(octets))

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    server.taken, server.asked, server.answers, server.known, server.stopping = [], [], [], [], Event()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()


class NoTrail:
    """Remembers what it was told, in memory."""

    def __init__(self):
        self.followed, self.counted = [], []

    def taken(self, *row):
        self.followed.append(row)

    def to_be_asked(self, *row):
        self.followed.append(row)

    def count(self, what):
        self.counted.append(what)


def a_body(port, **given):
    body = {
        "name": "acme",
        "timeout": 20,
        "send": {
            "url": f"http://127.0.0.1:{port}/v1/messages?ref={{message_id}}",
            "headers": {"Authorization": "Bearer {secret:ACME_TOKEN}"},
            "fields": {"to": "{to_digits}", "msg": {"text": "{text}", "n": 1}, "tags": ["{kind}"]},
            "answer": {
                "accepted": [{"status": [200], "at": "/code", "is": [0]}],
                "throttled": [{"status": [429]}],
                "temporary": [{"status": [503]}, {"at": "/code", "is": ["busy"]}],
                "permanent": [{"status": [400]}, {"at": "/code", "is": [7]}],
                "id": "/data/id",
                "detail": "/message",
            },
        },
    }
    return body | given


def asked(port):
    answer = {
        "absent": [{"status": [404]}],
        "delivered": [{"at": "/state", "is": ["DELIVERED"]}],
        "failed": [{"at": "/state", "is": ["REJECTED"]}],
        "accepted": [{"status": [200], "at": "/state", "is": ["QUEUED"]}],
        "id": "/id",
    }
    return {"query": {"url": f"http://127.0.0.1:{port}/v1/messages/{{message_id}}", "answer": answer}}


def a_gateway(server, trail=None, **given):
    mapping = mapping_of(load(MappingFile, a_body(server.server_port, **given)), {"ACME_TOKEN": "t0ken"})
    return HttpGateway(mapping, Wording(), trail or NoTrail(), FixedClock(), Halt())


def sms(**given):
    return a_message(**{"channel": "sms", "to": "+8613800138000", "text": "您好", "kind": "progress", **given})


def test_a_message_is_put_into_the_declared_request(server):
    server.answers.append((200, {"code": 0, "data": {"id": 4711}, "message": "queued"}))
    assert a_gateway(server).send(sms()) == Outcome("sent", "200 queued", "4711", 1)
    ((path, headers, body),) = server.taken
    assert path == f"/v1/messages?ref={sms().message_id}"
    assert headers["Authorization"] == "Bearer t0ken"
    assert json.loads(body) == {"to": "8613800138000", "msg": {"text": "您好", "n": 1}, "tags": ["progress"]}


def test_a_form_is_sent_as_a_form(server):
    server.answers.append((200, {"code": 0}))
    body = a_body(server.server_port)
    send = body["send"] | {"body": "form", "fields": {"to": "{to}", "text": "{text}"}}
    a_gateway(server, send=send).send(sms(text="a&b=c 您"))
    assert parse_qs(server.taken[0][2].decode()) == {"to": ["+8613800138000"], "text": ["a&b=c 您"]}


@pytest.mark.parametrize("text", ["{message_id}", "{secret:ACME_TOKEN}", '"}, {"x": "', "{{text}}", "%s {0}"])
def test_what_is_put_in_is_never_looked_at_again(server, text):
    server.answers.append((200, {"code": 0}))
    a_gateway(server).send(sms(text=text))
    assert json.loads(server.taken[0][2])["msg"]["text"] == text


def test_a_value_in_an_address_cannot_leave_its_place():
    assert (
        filled("https://gw/?to={to}&x=1", {"to": "+1&x=2/../#"}, in_url) == "https://gw/?to=%2B1%26x%3D2%2F..%2F%23&x=1"
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((400, {"message": "no such number"}), Outcome("failed", "400 no such number")),
        ((200, {"code": 7}), Outcome("failed", "200")),
        ((200, {"code": "0"}), Outcome("sent", "200", None, 1)),
        ((200, {"code": 99}), Outcome("unknown", "an answer that was not declared: 200")),
        ((200, b"<html>welcome</html>"), Outcome("unknown", "an answer that was not declared: 200")),
        ((302, b""), Outcome("unknown", "an answer that was not declared: 302")),
        ((500, b""), Outcome("unknown", "an answer that was not declared: 500")),
        ((200, b"[" * 100_000), Outcome("unknown", "an answer that was not declared: 200")),
        ((None, b""), Outcome("unknown", "no answer from the gateway: ConnectionError")),
    ],
)
def test_an_answer_means_what_is_declared_and_nothing_else(server, answer, outcome):
    server.answers.append(answer)
    assert a_gateway(server).send(sms()) == outcome
    assert len(server.taken) == 1


@pytest.mark.parametrize("octets", [b" " * (1024 * 1024 + 1), b'{"code": 0}' + b" " * 8 * 1024 * 1024])
def test_an_answer_without_end_is_none(server, octets):
    server.answers.append((200, octets))
    assert a_gateway(server).send(sms()) == Outcome("unknown", "an answer without end")


def test_an_answer_that_drips_is_none_once_the_time_is_over(server):
    server.answers.append((200, iter(lambda: b" ", None)))
    assert a_gateway(server, timeout=0.2).send(sms()) == Outcome("unknown", "an answer without end")


def test_what_a_gateway_says_is_cut_and_freed_of_what_is_no_character(server):
    server.answers.append((200, b'{"code": 0, "data": {"id": "' + b"9" * 501 + b'"}, "message": "\\ud83d"}'))
    assert a_gateway(server).send(sms()) == Outcome("sent", "200 ?", "9" * 500, 1)


@pytest.mark.parametrize("answer", [(503, b""), (200, {"code": "busy"})])
def test_a_temporary_refusal_puts_the_message_off(server, answer):
    server.answers.append(answer)
    with pytest.raises(TryLater):
        a_gateway(server).send(sms())


def test_a_throttled_message_is_tried_again_a_little_later(server):
    server.answers += [(429, b""), (200, {"code": 0})]
    assert a_gateway(server).send(sms()).state == "sent"
    assert len(server.taken) == 2


def test_what_expires_while_it_waits_for_its_turn_is_not_sent(server):
    with pytest.raises(TryLater):
        a_gateway(server).send(sms(expires_at=NOON))
    assert server.taken == []


def test_a_gateway_that_nobody_can_reach_is_down_and_has_nothing(server):
    gateway = a_gateway(server)
    server.shutdown()
    server.server_close()
    for attempt in (gateway.check, lambda: gateway.send(sms())):
        with pytest.raises(Down):
            attempt()


def test_a_text_of_too_many_sms_is_failed():
    mapping = mapping_of(load(MappingFile, a_body(1, most_parts=2)), {"ACME_TOKEN": "t"})
    gateway = HttpGateway(mapping, Wording(), NoTrail(), FixedClock(), Halt())
    assert gateway.send(sms(text="好" * 135)) == Outcome("failed", "too long: 3 SMS, 2 at most")


# in doubt


def doubt(minutes):
    return Claim(in_doubt=True, owner="", since=NOON - timedelta(minutes=minutes), unanswered=1, why="no answer")


def test_an_answer_that_does_not_come_is_asked_for_at_once(server):
    server.answers.append((None, b""))
    server.known += [(404, b""), (200, {"id": 9, "state": "QUEUED"})]
    assert a_gateway(server, **asked(server.server_port)).send(sms()) == Outcome("sent", None, "9")
    assert server.asked == [f"/v1/messages/{sms().message_id}"] * 2


def test_a_message_in_doubt_is_what_the_gateway_says(server):
    server.known.append((200, {"id": 9, "state": "DELIVERED"}))
    gateway = a_gateway(server, **asked(server.server_port))
    assert gateway.resolve(sms(), doubt(5)) == Outcome("delivered", None, "9")


def test_a_message_in_doubt_that_the_gateway_never_had_may_be_sent(server):
    server.known.append((404, b""))
    gateway = a_gateway(server, **asked(server.server_port))
    assert gateway.resolve(sms(), doubt(5)) is None


@pytest.mark.parametrize("answer", [(500, b""), (None, b""), (200, b"no json")])
def test_a_gateway_that_does_not_say_leaves_the_doubt(server, answer):
    server.known.append(answer)
    with pytest.raises(TryLater):
        a_gateway(server, **asked(server.server_port)).resolve(sms(), doubt(5))


@pytest.mark.parametrize("answer", [(500, b""), (None, b""), (200, b"no json")])
def test_a_gateway_that_does_not_say_for_ten_minutes_leaves_it_unknown_and_is_asked_later(server, answer):
    server.known.append(answer)
    trail = NoTrail()
    outcome = a_gateway(server, trail, **asked(server.server_port)).resolve(sms(), doubt(10))
    assert outcome == Outcome("unknown", "no answer; the gateway does not say whether it has the message")
    assert trail.counted == ["doubts"]
    assert trail.followed == [(f"ours:{sms().message_id}", sms().message_id, timedelta(minutes=10))]


def test_a_gateway_that_is_away_is_waited_for_however_old_the_doubt_is(server):
    gateway = a_gateway(server, **asked(server.server_port))
    server.shutdown()
    server.server_close()
    with pytest.raises(Down):
        gateway.resolve(sms(), doubt(600))


def test_a_message_is_in_doubt_also_where_nobody_is_there_to_be_asked(server, monkeypatch):
    monkeypatch.setattr(http, "SOON", (0.0, 0.0))
    server.answers.append((None, b""))
    trail = NoTrail()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert a_gateway(server, trail, **asked(port)).send(sms()).state == "unknown"
    assert trail.counted == ["unanswered"]


class AskedTrail(NoTrail):
    """Has one message to ask after."""

    def __init__(self):
        super().__init__()
        self.over = []

    def to_ask(self, _limit, _again_after):
        return [] if self.over else [("gw-1", sms().message_id, True)]

    def reported(self, report):
        self.over.append(report.state)


def test_what_was_learned_by_asking_is_over_only_when_it_is_told(server, monkeypatch):
    monkeypatch.setattr(http_asking, "ASK_EVERY", 0.0)
    server.known += [(200, {"id": 9, "state": "DELIVERED"})] * 100
    trail = AskedTrail()
    gateway = a_gateway(server, trail, **asked(server.server_port))
    (fate, *_) = eventually(lambda: list(gateway.tidings()))
    assert (fate.message_id, fate.outcome.state, trail.over) == (sms().message_id, "delivered", [])
    fate.done()
    assert trail.over == ["delivered"]


def test_a_gateway_that_drops_second_copies_leaves_no_doubt(server):
    server.answers += [(None, b""), (200, {"code": 0})]
    gateway = a_gateway(server, drops_copies=True)
    assert gateway.idempotent
    with pytest.raises(Unanswered):
        gateway.send(sms())
    assert gateway.send(sms()).state == "sent"


def test_a_claim_that_somebody_may_still_be_at_is_left_alone(server):
    with pytest.raises(TryLater):
        a_gateway(server, **asked(server.server_port)).resolve(sms(), doubt(0.9))
    assert server.asked == []


def test_a_gateway_that_cannot_be_asked_leaves_a_doubt_unknown_and_counted(server):
    trail = NoTrail()
    assert a_gateway(server, trail).resolve(sms(), doubt(0)) == Outcome(
        "unknown", "no answer; the gateway cannot be asked"
    )
    assert trail.counted == ["doubts"]


# the file


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/a/0/b", "x"), ("/a/1", None), ("/a", None), ("/n", "5"), ("/t", "true"), ("/~1~0", "odd"), ("/a/x", None)],
)
def test_a_pointer_finds_plain_values_only(pointer, value):
    assert found({"a": [{"b": "x"}], "n": 5, "t": True, "/~": "odd"}, pointer) == value


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"send": None}, "send"),
        ({"sned": {}}, "sned"),
        ({"name": ""}, "name"),
        ({"window": 0}, "window"),
    ],
)
def test_a_mapping_of_another_form_is_refused_by_its_place(change, place):
    with pytest.raises(ValidationError) as refused:
        load(MappingFile, a_body(1, **change))
    assert list(refused.value.fields) == [place]


def with_send(**change):
    return a_body(1, send=a_body(1)["send"] | change)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": "ftp://gw/"}, "send.url"),
        ({"url": "http://{to}/"}, "send.url"),
        ({"answer": {"accepted": []}}, "send.answer.accepted"),
        ({"answer": {"accepted": [{"at": "code", "is": [1]}]}}, "send.answer.accepted.0.at"),
        ({"answer": {"accepted": [{"at": "/code"}]}}, "send.answer.accepted.0.is"),
        ({"answer": {"accepted": [{}]}}, "send.answer.accepted.0.status"),
    ],
)
def test_a_call_of_another_form_is_refused_by_its_place(change, place):
    with pytest.raises(ValidationError) as refused:
        load(MappingFile, with_send(**change))
    assert list(refused.value.fields) == [place]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"fields": {"a": {"b": "{phone}"}}}, "send.fields.a.b"),
        ({"headers": {"X": "{secret:MISSING}"}}, "send.headers.X"),
        ({"url": "http://gw/{secret:LIKE_A_TEMPLATE}"}, "send.url"),
        ({"fields": ["x"]}, "send.fields"),
    ],
)
def test_a_template_that_names_what_is_not_there_is_refused_by_its_place(change, place):
    with pytest.raises(ValidationError) as refused:
        mapping_of(load(MappingFile, with_send(**change)), {"ACME_TOKEN": "t", "LIKE_A_TEMPLATE": "{text}"})
    assert list(refused.value.fields) == [place]


def test_no_secret_is_told_when_a_mapping_is_refused():
    with pytest.raises(ValidationError) as refused:
        mapping_of(load(MappingFile, with_send(fields={"a": "{phone}"})), {"ACME_TOKEN": "t0ken"})
    assert "t0ken" not in str(refused.value)


@pytest.mark.parametrize("text", ["send: [", "- 1", "!!python/object/apply:os.system [ls]", ""])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    (tmp_path / "gw.yaml").write_text(text)
    with pytest.raises((ValueError, ValidationError)):
        read_mapping(tmp_path / "gw.yaml", {})


def test_json_will_do_as_well(tmp_path):
    (tmp_path / "gw.json").write_text(json.dumps(a_body(1)))
    assert read_mapping(tmp_path / "gw.json", {"ACME_TOKEN": "t"}).name == "acme"


def test_the_mapping_that_ships_is_one():
    mapping = read_mapping(ROOT / "deploy" / "gateways" / "example.yaml", {"SMS_GATEWAY_TOKEN": "t"})
    assert (mapping.name, mapping.asked_by_our_id) == ("example", True)
