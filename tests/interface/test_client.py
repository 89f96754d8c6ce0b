"""The client on the real bus: answers, refusals, time-outs, and a broker that dies under load."""

from __future__ import annotations

import signal
from time import monotonic
from uuid import uuid4

import pytest

from shared import ping
from shared.client import Client, Request, Timeout
from shared.errors import Conflict, Forbidden, LoopdeskError, NotFound, ValidationError
from tests.support import Stack, eventually


@pytest.fixture
def caller(stack: Stack):
    with Client(stack.amqp_uri("callcentre")) as client:
        yield client


def a_customer(name: str) -> Request:
    return Request.command("intake", "save_customer", name=name)


def test_text_in_any_language_comes_back_as_it_was_sent(caller):
    saved = caller.command("intake", "save_customer", name="示例客户 👩🏽‍🔧 תודה")
    assert caller.call("intake", "get_customer", customer_id=saved["customer_id"])["name"] == "示例客户 👩🏽‍🔧 תודה"


def test_refusals_come_as_exceptions_with_what_they_name(caller):
    with pytest.raises(NotFound) as missing:
        caller.call("intake", "get_ticket", ticket_no="T-0")
    assert missing.value.details == {"what": "ticket", "key": "T-0", "field": "ticket_no"}
    with pytest.raises(ValidationError) as bad:
        caller.call("intake", "get_ticket", ticket="T-0")
    assert set(bad.value.fields) == {"ticket", "ticket_no"}
    with pytest.raises(Forbidden, match="lacks the permission work"):
        caller.command("dispatch", "accept", order_no="W-0")
    with pytest.raises(NotFound, match="no method"):
        caller.call("intake", "no_such_method")


def test_the_same_request_id_is_done_once(caller):
    name, request_id = f"once {uuid4().hex}", uuid4().hex
    first, second = (caller.command("intake", "save_customer", name=name, request_id=request_id) for _ in range(2))
    assert first == second
    with pytest.raises(Conflict):
        caller.command("intake", "save_customer", name=f"{name} more", request_id=request_id)


def test_pipelined_answers_come_in_the_order_of_the_requests(caller):
    names = [f"order {number}" for number in range(200)]
    saved = caller.call_many(map(a_customer, names), window=50)
    queries = [Request.query("intake", "get_customer", customer_id=one["customer_id"]) for one in saved]
    assert [one["name"] for one in caller.call_many(queries, window=50)] == names


def test_a_refused_request_among_many_is_a_value_in_its_place(caller):
    missing = Request.query("intake", "get_ticket", ticket_no="T-0")
    outcomes = caller.call_many([a_customer("a"), missing, a_customer("b")])
    assert [isinstance(one, LoopdeskError) for one in outcomes] == [False, True, False]


def test_a_request_that_the_broker_refuses_does_not_take_the_others_with_it(caller):
    elsewhere = Request.query("elsewhere", "ping")
    outcomes = caller.call_many([a_customer("a"), elsewhere, a_customer("b")])
    assert [type(one) for one in outcomes] == [dict, Forbidden, dict]


def test_a_wrong_password_is_told_at_once(stack: Stack):
    began = monotonic()
    uri = stack.amqp_uri("callcentre").replace(stack.password("callcentre", "AMQP"), "wrong")
    with Client(uri) as client, pytest.raises(Forbidden, match="does not let this account in"):
        client.call("intake", "ping", timeout=30)
    assert monotonic() - began < 20  # of the thirty that it would wait for a broker


def test_nobody_may_listen_for_anothers_answers(stack: Stack):
    with Client(stack.amqp_uri("callcentre"), account="importer") as client, pytest.raises(Forbidden):
        client.call("intake", "ping")


def test_a_call_that_nobody_answers_times_out_and_is_not_done_later(stack: Stack, caller):
    name = f"late {uuid4().hex}"
    stack.stop_process("intake")
    try:
        began = monotonic()
        with pytest.raises(Timeout, match="same request_id"):
            caller.command("intake", "save_customer", name=name, timeout=0.5)
        assert monotonic() - began < 20
        eventually(lambda: stack.ready("rpc-intake") == 0)
    finally:
        stack.start_process("intake")
    assert eventually(lambda: caller.call("intake", "ping"))["status"] == "ok"
    assert stack.database.intake_customers.count_documents({"name": name}) == 0
    assert [body for body in stack.parked("intake") if name.encode() in body] == []


def test_everything_is_answered_and_done_once_though_the_broker_dies_under_load(stack: Stack, caller):
    run = uuid4().hex
    names = [f"{run} {number}" for number in range(600)]
    answers = []
    for answer in caller.stream(map(a_customer, names), window=100, timeout=90):
        answers.append(answer)
        if len(answers) == 200:
            stack.kill_broker()
    assert [one for one in answers if isinstance(one, LoopdeskError)] == []
    assert len({one["customer_id"] for one in answers}) == len(names)
    assert stack.database.intake_customers.count_documents({"name": {"$regex": f"^{run}"}}) == len(names)


def test_an_idle_client_finds_its_way_back_after_the_broker_was_away(stack: Stack, caller):
    caller.call("intake", "ping")
    stack.kill_broker()
    assert caller.call("intake", "ping", timeout=60)["status"] == "ok"


def test_a_frozen_broker_does_not_hold_a_caller_beyond_its_timeout(stack: Stack, caller):
    caller.call("intake", "ping")
    stack.kill("rabbitmq", signal.SIGSTOP)
    try:
        began = monotonic()
        with pytest.raises(Timeout):
            caller.call("intake", "ping", timeout=0.5)
        assert monotonic() - began < 20
    finally:
        stack.kill("rabbitmq", signal.SIGCONT)
    assert caller.call("intake", "ping", timeout=60)["status"] == "ok"


@pytest.mark.parametrize("process", ["intake", "dispatch-worker"])
def test_a_service_passes_its_health_check_with_its_own_account(stack: Stack, process, monkeypatch, capsys):
    monkeypatch.setenv("LOOPDESK_AMQP_URI", stack.amqp_uri(process.removesuffix("-worker")))
    assert eventually(lambda: ping.main([process]) == 0)
    assert capsys.readouterr().out == f"{process}: answers\n"


def test_a_dead_service_fails_its_health_check_with_a_reason(stack: Stack):
    stack.stop_process("feedback")
    try:
        trouble = ping.ping(stack.amqp_uri("feedback"), "feedback", timeout=0.5)
    finally:
        stack.start_process("feedback")
    assert trouble is not None
    assert "no answer from feedback.ping" in trouble
    eventually(lambda: ping.ping(stack.amqp_uri("feedback"), "feedback") is None)
