"""Parked messages as operators see them; no broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pika

from deploy import parked_message as parked
from shared.bus.topology import ATTEMPTS, PARKED_AT, QUEUE, REASON

HANDLER = "dispatch.intake.ticket_submitted.open_work"
EVENT = {
    "id": "intake_tickets/T-1/1",
    "type": "ticket_submitted",
    "data": {"ticket_no": "T-1", "subject": "private words"},
}


def a_message(place="dispatch.parking", body=None, exchange="dispatch.parking", routing_key="", **headers):
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    properties = pika.BasicProperties(message_id=EVENT["id"], headers=told, correlation_id="c1", user_id="dispatch")
    method = SimpleNamespace(exchange=exchange, routing_key=routing_key)
    return parked.parse(place, method, properties, json.dumps(EVENT).encode() if body is None else body)


def parked_by_a_handler():
    headers = {QUEUE: HANDLER, REASON: "ValidationError: x", ATTEMPTS: 5, PARKED_AT: "2026-01-01T00:00:00.000Z"}
    return a_message(**{**headers, "trace": "kept"})


def test_a_message_goes_back_to_the_queue_that_it_came_from():
    one = parked_by_a_handler()
    assert (one.exchange, one.routing_key, one.attempts, one.reason) == (
        "dispatch.return",
        HANDLER,
        5,
        "ValidationError: x",
    )


def test_what_the_broker_dead_lettered_tells_its_queue_and_time():
    death = {"queue": HANDLER, "reason": "delivery_limit", "time": datetime(2026, 1, 1, tzinfo=UTC)}
    one = a_message(**{"x-death": [death]})
    assert (one.routing_key, one.reason) == (HANDLER, "the broker gave up: delivery_limit")
    assert one.parked_at == "2026-01-01T00:00:00.000Z"


def test_an_event_that_was_never_routed_goes_to_its_own_exchange_again():
    one = a_message("unrouted", exchange="intake.events", routing_key="ticket_submitted")
    assert (one.exchange, one.routing_key) == ("intake.events", "ticket_submitted")


def test_the_id_is_the_same_each_time_and_another_for_another_handler():
    other = a_message(**{QUEUE: "dispatch.intake.ticket_submitted.other", PARKED_AT: "2026-01-01T00:00:00.000Z"})
    assert parked_by_a_handler().id == parked_by_a_handler().id != other.id


def test_a_message_is_called_by_the_beginning_of_its_id_or_by_its_event_id():
    one = parked_by_a_handler()
    assert one.called(one.id[:4])
    assert one.called("intake_tickets/T-1/1")
    assert not one.called("intake_tickets")
    assert not a_message(body=b"x").called("zz")


def test_a_replayed_message_starts_afresh_and_keeps_what_is_not_ours():
    fresh = parked.fresh(parked_by_a_handler().properties)
    assert fresh.headers == {"trace": "kept"}
    assert (fresh.message_id, fresh.correlation_id, fresh.delivery_mode) == (EVENT["id"], "c1", 2)
    assert fresh.user_id is None


def test_personal_data_is_shown_only_when_asked_for():
    assert parked.presentable(EVENT, full=False)["data"] == {"ticket_no": "T-1", "subject": parked.HIDDEN}
    assert parked.presentable(EVENT, full=True) == EVENT
    assert parked.presentable({"data": "words"}, full=False) == {"data": parked.HIDDEN}


def test_what_is_no_json_object_is_still_listed():
    assert [a_message(body=body).event for body in (b"", b"\xff", b"[1]", b"not json")] == [{}] * 4


def test_a_message_to_somebody_shows_neither_address_nor_text():
    message = {
        "message_id": "0a1b",
        "to": "somebody@example.com",
        "text": "private words",
        "channel": "email",
        "html": None,
    }
    shown = {"message_id": "0a1b", "to": parked.HIDDEN, "text": parked.HIDDEN, "channel": "email", "html": None}
    assert parked.presentable(message, full=False) == shown


def test_an_events_envelope_is_shown():
    envelope = {
        "id": "intake_tickets/T-1/1",
        "type": "x",
        "at": "2026-01-01",
        "number": 1,
        "actor": "a7",
        "source": "y",
    }
    assert parked.presentable(envelope, full=False) == envelope


def test_an_empty_word_names_no_message():
    assert not parked_by_a_handler().called("")
    assert not parked_by_a_handler().called(parked_by_a_handler().id[:3])
