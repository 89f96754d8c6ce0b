"""Bodies that no service can read: each is refused by name, and none ends a process."""

from __future__ import annotations

import json
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.message import Message

from shared.bus import rpc
from shared.bus.handler import EventHandler
from shared.errors import ValidationError
from shared.schemas import Consumed

EVENT = {
    "id": "intake_tickets/T-1/1",
    "type": "ticket_submitted",
    "schema_version": 1,
    "source": "intake",
    "aggregate_id": "T-1",
    "aggregate_version": 1,
    "number": 1,
    "at": "2026-03-02T08:55:00Z",
    "recorded_at": "2026-03-02T08:55:00Z",
    "data": {},
}


def request(body: bytes | str) -> Any:
    return SimpleNamespace(content_type="application/json", body=body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        '{"args": [], "kwargs": {"limit": NaN}}',
        b'{"args": [], "kwargs": {"limit": -Infinity}}',
        b'{"args": [], "kwargs": {"limit": 1' + b"0" * 5000 + b"}}",
        b"[" * 100_000,
        '{"args": [], "kwargs": {}}'.encode("utf-16"),
        b'{"args": [], "kwargs": {"text": "' + b"x" * rpc.LONGEST_BODY + b'"}}',
    ],
    ids=lambda body: ascii(body[:40]),
)
def test_a_request_that_is_no_json_in_utf8_of_bearable_length_is_refused(body: bytes | str) -> None:
    with pytest.raises(ValidationError) as refused:
        rpc._body(request(body))
    assert list(refused.value.fields) == ["body"]


def test_a_request_of_json_is_taken_as_it_came() -> None:
    body = '{"args": [], "kwargs": {"text": "断网 🔌", "limit": 3}}'
    assert rpc._body(request(body.encode())) == rpc._body(request(body)) == {"text": "断网 🔌", "limit": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "1e999"},
        {"aggregate_version": "Infinity"},
        {"schema_version": "NaN"},
        {"at": '"0001-01-01T00:00:00+23:59"'},
        {"at": "7"},
        {"data": "7"},
    ],
    ids=str,
)
def test_an_event_that_cannot_be_read_is_told_from_one_that_can(wrong: dict[str, str]) -> None:
    members = {name: json.dumps(value) for name, value in EVENT.items()}
    body = ",".join(f'"{name}":{value}' for name, value in (members | wrong).items())
    with pytest.raises(ValidationError):
        EventHandler("intake", "ticket_submitted", Consumed)._event(SimpleNamespace(body=f"{{{body}}}".encode()))


def test_an_event_is_read() -> None:
    message = SimpleNamespace(body=json.dumps(EVENT).encode())
    assert EventHandler("intake", "ticket_submitted", Consumed)._event(message).aggregate_id == "T-1"


def test_a_compressed_body_is_not_unpacked() -> None:
    packed = zlib.compress(b"0" * 1_000_000)
    message = Message(packed, headers={"compression": "application/x-gzip"}, content_type="application/json")
    assert message.errors
    assert message.body == packed
