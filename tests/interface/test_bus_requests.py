"""The RPC edge answers every request that can be answered, and no request ends the process (BUS.md section 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pika
import pytest

from shared.client import Client
from shared.errors import Forbidden, NotFound, Unavailable, ValidationError
from tests.probe.lab import Lab
from tests.probe.process import Running
from tests.probe.raw import NOTHING, Raw, a_body, raw
from tests.support import eventually


@pytest.fixture
def sender(lab: Lab, probe: Running) -> Iterator[Raw]:
    """A raw caller; whatever it sends, the process lives and answers the next one."""
    pid = probe.pid
    with raw(lab) as sender:
        yield sender
        assert sender.ask("probe.ping", correlation_id="still there") == {
            "result": {"service": "probe", "status": "ok"},
            "error": None,
        }
    assert probe.lives
    assert probe.pid == pid
    assert lab.depth("rpc-probe") == 0


def test_a_request_without_reply_to_is_dropped_and_the_process_stays(sender: Raw, probe: Running) -> None:
    dropped = len(probe.said("dropped: no reply address of a caller's own form"))
    sender.send("probe.ping", reply_to=NOTHING)
    eventually(lambda: len(probe.said("dropped: no reply address of a caller's own form")) == dropped + 1)


def test_a_request_without_content_type_is_answered_with_a_validation_error(sender: Raw) -> None:
    error = sender.refusal("probe.ping", content_type=NOTHING)
    assert (error["exc_type"], list(error["details"]["fields"])) == ("ValidationError", ["content_type"])


def test_a_content_type_that_is_not_accepted_is_answered_with_a_validation_error(sender: Raw) -> None:
    error = sender.refusal("probe.ping", content_type="application/x-python-serialize")
    assert list(error["details"]["fields"]) == ["content_type"]


def test_a_call_id_stack_that_is_not_a_list_is_of_no_consequence(sender: Raw) -> None:
    reply = sender.ask("probe.ping", headers={"nameko.call_id_stack": "not a list", "call_id_stack": 7})
    assert reply["error"] is None


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"null",
        b'{"args": []}',
        b'{"kwargs": {}}',
        b'{"args": {}, "kwargs": {}}',
        b'{"args": [], "kwargs": []}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_not_a_call_is_answered_with_a_validation_error(sender: Raw, body: bytes) -> None:
    error = sender.refusal("probe.ping", body)
    assert (error["exc_type"], list(error["details"]["fields"])) == ("ValidationError", ["body"])


def test_arguments_without_names_are_refused(sender: Raw) -> None:
    error = sender.refusal("probe.show", json.dumps({"args": ["x"], "kwargs": {}}).encode())
    assert list(error["details"]["fields"]) == ["args"]


@pytest.mark.parametrize(
    "properties",
    [
        {"content_encoding": "no-such-code"},
        {"content_encoding": NOTHING},
        {"headers": {"compression": "application/x-gzip"}},
        {"headers": {"compression": "no-such-compression"}},
        {"headers": {"nested": {"deep": [1, {"x": None}]}}},
        {"correlation_id": NOTHING},
        {"expiration": "60000", "priority": 9, "message_id": "m", "type": "t", "app_id": "a"},
    ],
    ids=repr,
)
def test_unusual_properties_are_answered(sender: Raw, properties: dict[str, object]) -> None:
    reply = sender.ask("probe.ping", **properties)
    assert (reply["error"] or {"exc_type": "ValidationError"})["exc_type"] == "ValidationError"


@pytest.mark.parametrize(
    "field", ["\ud800", "$where", "a.b", "nul\x00", "名字", "😀", "x" * 10_000], ids=lambda field: ascii(field[:10])
)
def test_unknown_fields_are_named_in_the_answer_whatever_they_are_called(sender: Raw, field: str) -> None:
    error = sender.refusal("probe.show", a_body(name="x", **{field: 1}))
    assert error["exc_type"] == "ValidationError"
    assert len(error["details"]["fields"]) == 1


@pytest.mark.parametrize("value", ["\ud800", "\x00", 7, None, [], {}, {"$ne": 1}, True, "", "x" * 41, 10**400])
def test_bad_values_are_refused_by_field(sender: Raw, value: object) -> None:
    error = sender.refusal("probe.show", a_body(name=value))
    assert (error["exc_type"], list(error["details"]["fields"])) == ("ValidationError", ["name"])


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400", "1.5", '"3"', "true", "9" * 5000])
def test_numbers_that_are_none_are_refused(sender: Raw, text: str) -> None:
    body = f'{{"args": [], "kwargs": {{"name": "x", "request_id": "n", "amount": {text}}}}}'.encode()
    assert sender.refusal("probe.add", body)["exc_type"] == "ValidationError"


def test_a_missing_user_id_is_forbidden(sender: Raw) -> None:
    assert sender.refusal("probe.ping", user_id=NOTHING)["exc_type"] == "Forbidden"


def test_the_broker_refuses_the_user_id_of_another(lab: Lab, probe: Running) -> None:
    with raw(lab) as sender, pytest.raises(pika.exceptions.ChannelClosedByBroker, match="user_id"):
        sender.ask("probe.ping", user_id="operator")


@pytest.mark.parametrize("address", ["probe.open", "dispatch.resolve", "reply.importer.", "reply.*.x", "#", "x" * 200])
def test_a_reply_address_of_no_callers_form_is_dropped_and_nothing_is_done(
    sender: Raw, lab: Lab, counter: str, address: str
) -> None:
    sender.send("probe.open", a_body(name=counter, request_id="r"), reply_to=address)
    assert sender.ask("probe.ping")["error"] is None
    eventually(lambda: lab.depth("rpc-probe") == 0)
    assert lab.database.probe_counters.find_one({"name": counter}) is None


def test_the_reply_address_of_another_account_is_forbidden_and_nothing_is_done(
    sender: Raw, lab: Lab, counter: str
) -> None:
    with raw(lab, "reader") as other:
        sender.send("probe.open", a_body(name=counter, request_id="r"), reply_to=other.reply_to)
        assert other.reply()["error"]["exc_type"] == "Forbidden"
    assert lab.database.probe_counters.find_one({"name": counter}) is None


def test_an_unknown_method_is_not_found(probe: Running, importer: Client) -> None:
    for method in ("vanish", "store", "_run", "__init__"):
        with pytest.raises(NotFound):
            importer.call("probe", method)


def test_an_account_without_permission_is_forbidden(lab: Lab, probe: Running, counter: str) -> None:
    for account in ("reader", "outsider"):
        with lab.client(account) as client:
            assert client.call("probe", "ping")["status"] == "ok"
            with pytest.raises(Forbidden):
                client.command("probe", "open", name=counter)
    assert lab.database.probe_counters.find_one({"name": counter}) is None


def test_only_an_account_with_backdate_may_set_at(lab: Lab, probe: Running, counter: str) -> None:
    with lab.client("clerk") as client, pytest.raises(Forbidden, match="backdate"):
        client.command("probe", "open", name=counter, at="2016-01-01T00:00:00Z")


def test_a_command_without_request_id_is_refused(probe: Running, importer: Client, counter: str) -> None:
    with pytest.raises(ValidationError) as refused:
        importer.call("probe", "open", name=counter)
    assert list(refused.value.fields) == ["request_id"]


def test_a_result_that_cannot_be_written_is_unavailable(probe: Running, importer: Client) -> None:
    with pytest.raises(Unavailable, match="could not be written"):
        importer.call("probe", "unserialisable", name="x")


def test_a_defect_is_unavailable_without_a_traceback(probe: Running, importer: Client) -> None:
    with pytest.raises(Unavailable) as refused:
        importer.call("probe", "broken", name="secret")
    assert "secret" not in str(refused.value.to_wire())
    assert "KeyError" not in str(refused.value.to_wire())


def test_text_in_any_language_is_kept_as_it_came(probe: Running, importer: Client, counter: str) -> None:
    text = "客服工单 😀 a\u0301 \t\n ‮ مرحبا"
    importer.command("probe", "open", name=counter, note=text, request_id="t")
    assert importer.call("probe", "show", name=counter)["name"] == counter


def test_each_call_is_one_structured_log_line_without_its_content(
    probe: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, note="call me on +8613800138000", request_id="log")
    (line,) = eventually(lambda: probe.said("call", method="probe.open", outcome="ok")[-1:])
    assert {"method", "caller", "correlation_id", "outcome", "milliseconds"} <= line.keys()
    assert "+8613800138000" not in probe.log.read_text()


def test_properties_that_are_not_text_hold_nobody_up(lab: Lab, sender: Raw, probe: Running) -> None:
    lost = len(probe.said("bus connection lost"))
    refused = sender.refusal("probe.ping", correlation_id=b"\xff\xfe\x00binary")
    assert list(refused["details"]["fields"]) == ["correlation_id"]
    for properties in ({"message_id": b"\xff"}, {"app_id": b"\xff"}, {"headers": {"binary": b"\xff\xfe", b"\xff": 1}}):
        assert sender.ask("probe.ping", **properties)["error"] is None
    sender.send("probe.ping", reply_to=b"reply.importer.\xff")
    assert sender.ask("probe.ping")["error"] is None
    assert len(probe.said("bus connection lost")) == lost
