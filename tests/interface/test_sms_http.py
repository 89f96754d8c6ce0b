"""The SMS consumer at a gateway with HTTP, by a mapping: what is in doubt is asked after, and sent once."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

import pytest

from services.notify.consumers.sms.http import SAYS_NOTHING
from shared.clock import SystemClock, to_text
from tests.gateway import Process
from tests.interface.test_consumers import Desk
from tests.support import eventually


class Provider(ThreadingHTTPServer):
    """Takes SMS, says what it has by our id, and lists what phones sent for as long as it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.lock = Lock()
        self.taken: list[str] = []
        self.mute: int = 0  # so many are taken and not answered
        self.states: dict[str, str] = {}
        self.phones: list[dict[str, str]] = []


class Requests(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.taken.append(body["ref"])
            mute, self.server.mute = self.server.mute > 0, max(0, self.server.mute - 1)
        if mute:
            self.close_connection = True
            return
        self._say(200, {"id": f"gw-{body['ref']}"})

    def do_GET(self) -> None:
        ref = self.path.rpartition("/")[2]
        if ref == "inbound":
            self._say(200, {"list": self.server.phones})
        elif ref in self.server.taken:
            self._say(200, {"id": f"gw-{ref}", "state": self.server.states.get(ref, "QUEUED")})
        else:
            self._say(404, {})

    def _say(self, status: int, body: Any) -> None:
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    desk = Desk(stack)
    yield desk
    desk.connection.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    Thread(target=provider.serve_forever, daemon=True).start()
    yield provider
    provider.shutdown()
    provider.server_close()


@pytest.fixture
def mapping(provider: Provider, tmp_path: Path) -> str:
    base = f"http://127.0.0.1:{provider.server_port}"
    body = {
        "name": f"provider-{uuid4().hex[:8]}",
        "timeout": 5,
        "query_after": 1,
        "region": "CN",
        "send": {
            "url": f"{base}/sms",
            "fields": {"ref": "{message_id}", "to": "{to}", "text": "{text}"},
            "answer": {"accepted": [{"status": [200]}], "id": "/id"},
        },
        "query": {
            "url": f"{base}/sms/{{message_id}}",
            "answer": {
                "absent": [{"status": [404]}],
                "delivered": [{"at": "/state", "is": ["DONE"]}],
                "accepted": [{"at": "/state", "is": ["QUEUED"]}],
                "id": "/id",
            },
        },
        "replies": {
            "url": f"{base}/inbound",
            "every": 0.5,
            "list": "/list",
            "id": "/id",
            "from": "/from",
            "to": "/to",
            "text": "/text",
        },
    }
    (tmp_path / "provider.json").write_text(json.dumps(body))
    return f"http:{tmp_path / 'provider.json'}"


@pytest.fixture
def consumer(stack: Any, tmp_path: Path) -> Iterator[Process]:
    stack.stop_process("sms-consumer")
    process = Process(stack, tmp_path)
    yield process
    process.end(signal.SIGKILL)
    stack.start_process("sms-consumer")


def in_doubt(desk: Desk, minutes: int = 2) -> str:
    """A message that a consumer claimed before it was killed, some time ago."""
    message_id = uuid4().hex
    at = SystemClock().now() - timedelta(minutes=minutes)
    claim = {"_id": message_id, "refusals": 0, "state": "claimed", "owner": "killed", "at": at}
    desk.claims("sms").insert_one(claim)
    return message_id


def test_messages_are_sent_once_and_their_fate_is_asked_for(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    consumer.start(mapping)
    sent = [desk.hand_over("sms") for _ in range(20)]
    assert {desk.receipt(message_id).data["gateway_id"] for message_id in sent} == {f"gw-{one}" for one in sent}
    assert Counter(provider.taken) == Counter(sent)
    provider.states[sent[0]] = "DONE"
    eventually(lambda: [told.data["state"] for told in desk.receipts(sent[0])] == ["sent", "delivered"])


def test_a_doubt_is_resolved_by_asking(provider: Provider, mapping: str, consumer: Process, desk: Desk) -> None:
    never, left = in_doubt(desk), in_doubt(desk)
    provider.taken.append(left)
    consumer.start(mapping)
    for message_id in (never, left):
        desk.hand_over("sms", message_id=message_id)
        assert desk.receipt(message_id).data["state"] == "sent"
    assert Counter(provider.taken) == Counter([never, left])


def test_an_answer_that_never_came_is_asked_for(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    provider.mute = 1
    consumer.start(mapping)
    message_id = desk.hand_over("sms")
    assert desk.receipt(message_id).data["state"] == "sent"
    assert provider.taken == [message_id]


def dropping(mapping: str, **given: Any) -> str:
    """The same gateway as one that drops second copies, with what else is given."""
    path = Path(mapping.removeprefix("http:"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"drops_copies": True, **given}))
    return mapping


def test_what_was_not_answered_is_sent_again_where_copies_are_dropped_and_stays_in_doubt_meanwhile(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    provider.mute = 1
    consumer.start(dropping(mapping))
    message_id = desk.hand_over("sms")
    assert desk.receipt(message_id).data["state"] == "sent"
    assert provider.taken == [message_id, message_id]
    claim = desk.claims("sms").find_one({"_id": message_id})
    assert (claim["state"], claim["unanswered"], claim["refusals"]) == ("sent", 1, 0)


def test_what_expires_before_it_is_tried_again_is_unknown_and_not_expired(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    consumer.start(dropping(mapping, query=None))
    message_id = in_doubt(desk)
    desk.hand_over("sms", message_id=message_id, expires_at=to_text(SystemClock().now()))
    assert desk.receipt(message_id).data["state"] == "unknown"
    assert provider.taken == []


def test_a_doubt_of_which_the_gateway_says_nothing_leaves_the_queue_and_is_asked_after_later(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    message_id = in_doubt(desk, minutes=10)
    provider.taken.append(message_id)
    provider.states[message_id] = "A WORD THAT NOBODY DECLARED"
    consumer.start(mapping)
    desk.hand_over("sms", message_id=message_id)
    said = desk.receipt(message_id).data
    assert (said["state"], said["detail"].partition("; ")[2]) == ("unknown", SAYS_NOTHING)
    provider.states[message_id] = "DONE"
    eventually(lambda: [told.data["state"] for told in desk.receipts(message_id)] == ["unknown", "delivered"])
    assert provider.taken == [message_id]


def test_what_phones_sent_is_told_once_however_often_it_is_listed(
    provider: Provider, mapping: str, consumer: Process, desk: Desk
) -> None:
    name = uuid4().hex
    provider.phones.append({"id": name, "from": "13800138000", "to": "1069", "text": "R"})
    consumer.start(mapping)
    (event,) = eventually(lambda: desk.ear.heard("sms_received", gateway_id=name))
    assert (event.id, event.data["from"]) == (f"sms/sms-consumer/{name}", "+8613800138000")
    provider.phones.append({"id": f"{name}-2", "from": "13800138000", "to": "1069", "text": "R"})
    eventually(lambda: desk.ear.heard("sms_received", gateway_id=f"{name}-2"))
    assert len(desk.ear.heard("sms_received", gateway_id=name)) == 1
