"""What the client puts on the wire, and what it makes of answers; no broker."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from shared.errors import Conflict, NotFound, Unavailable, ValidationError
from shared.request import Request, decode, encode


def test_fields_become_keyword_arguments_and_text_stays_as_it_is():
    assert encode({"text": "断电了 🔌"}) == '{"args":[],"kwargs":{"text":"断电了 🔌"}}'.encode()


def test_a_time_in_any_zone_is_sent_in_utc():
    at = datetime(2016, 2, 29, 9, 16, tzinfo=timezone(timedelta(hours=8)))
    assert json.loads(encode({"nested": [{"at": at}]}))["kwargs"] == {"nested": [{"at": "2016-02-29T01:16:00.000Z"}]}


def test_a_time_without_a_zone_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="zone"):
        encode({"at": datetime(2016, 2, 29)})


def test_what_json_cannot_hold_is_refused_before_it_is_sent():
    with pytest.raises(TypeError, match="set"):
        encode({"tags": {"a"}})
    with pytest.raises(ValueError):
        encode({"score": float("nan")})


def test_a_command_carries_a_request_id_of_its_own_each_time():
    first, second = (Request.command("intake", "add_note", text="x").fields["request_id"] for _ in range(2))
    assert first != second
    assert len(first) == 32


def test_a_given_request_id_is_kept():
    assert Request.command("intake", "add_note", request_id="call-7").fields == {"request_id": "call-7"}


def test_a_query_carries_only_its_own_fields():
    assert Request.query("intake", "get_ticket", ticket_no="T1").fields == {"ticket_no": "T1"}


def test_a_result_is_handed_over():
    assert decode(b'{"result": {"ticket_no": "T1"}, "error": null}') == {"ticket_no": "T1"}
    assert decode(b'{"result": null, "error": null}') is None


@pytest.mark.parametrize("error", [ValidationError({"at": ["no zone"]}), NotFound("ticket", "T9"), Conflict("stale")])
def test_every_error_of_the_catalogue_comes_back_as_itself(error):
    answer = decode(json.dumps({"result": None, "error": error.to_wire()}).encode())
    assert type(answer) is type(error)
    assert (answer.message, answer.details) == (error.message, error.details)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"error": null}', b'{"error": "no"}'])
def test_an_unreadable_answer_is_unavailable(body):
    assert isinstance(decode(body), Unavailable)
    assert type(decode(body)).code == "Unavailable"


def test_the_client_needs_no_nameko():
    code = "import sys, shared.client, shared.ping; print({'nameko', 'kombu', 'eventlet'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
