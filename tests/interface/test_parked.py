"""Parked messages, from the handler that refused them to the operator who sees to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pika
import pytest
from click.testing import CliRunner

from deploy.cli import main
from shared.bus.topology import ATTEMPTS, PARKED_AT, QUEUE, REASON
from shared.events import Event
from tests.support import Stack, eventually

HANDLER = "dispatch.intake.ticket_submitted.open_work"
#: What other services have parked is not looked at: they hear of what earlier tests have feigned, and give up on it.
OURS = ("--service", "dispatch")


@pytest.fixture
def loopdesk(stack: Stack):
    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, arguments, env={"LOOPDESK_AMQP_URI": stack.amqp_uri("operator")})
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def publish(stack: Stack, loopdesk) -> Iterator:
    connection = pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri))
    channel = connection.channel()
    channel.confirm_delivery()

    def send(exchange: str, routing_key: str, body: bytes, headers=None) -> None:
        properties = pika.BasicProperties(content_type="application/json", message_id=uuid4().hex, headers=headers)
        channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)

    loopdesk("parked", "drop", "--all", "--yes")
    yield send
    connection.close()
    loopdesk("parked", "drop", "--all", "--yes")


def a_submitted_ticket(number: str) -> bytes:
    now = datetime.now(UTC)
    told = {"ticket_no": number, "customer_id": "C-1", "channel": "phone", "type": "fault", "category": "other"}
    told |= {"impact": "low", "urgency": "low", "priority": "P4", "subject": "Private words", "occurred_at": now}
    event = Event(
        id=f"intake_tickets/{number}/1",
        type="ticket_submitted",
        source="intake",
        aggregate_id=number,
        aggregate_version=1,
        number=1,
        at=now,
        recorded_at=now,
        data=told,
    )
    return json.dumps(event.to_wire()).encode()


def parked_by_hand(publish, number: str, queue: str = HANDLER) -> None:
    headers = {QUEUE: queue, REASON: "RuntimeError: it rained", ATTEMPTS: 6, PARKED_AT: "2026-01-01T00:00:00.000Z"}
    publish("dispatch.parking", queue, a_submitted_ticket(number), headers)


def a_number() -> str:
    return f"T-{uuid4().int % 10**15}"


def ids(listing: str) -> list[str]:
    return re.findall(r"^ ?([0-9a-f]{10}) ", listing, re.MULTILINE)


def test_a_poison_message_is_parked_at_once_listed_and_dropped(publish, loopdesk):
    publish("dispatch.return", HANDLER, b"{ not json")
    listing = eventually(lambda: (text := loopdesk("parked", "list", *OURS)) and ids(text) and text)
    assert "not an event" in listing
    [one] = ids(listing)
    assert "bytes that are no JSON object" in loopdesk("parked", "show", one)
    assert "{ not json" in loopdesk("parked", "show", one, "--full")
    assert "1 dropped" in loopdesk("parked", "drop", one, "--yes")
    assert "nothing is parked" in loopdesk("parked", "list", *OURS)


def test_a_replayed_message_is_handled(stack: Stack, publish, loopdesk):
    number = a_number()
    parked_by_hand(publish, number)
    [one] = ids(loopdesk("parked", "list", *OURS))
    assert "1 replayed" in loopdesk("parked", "replay", one[:6])
    client = stack.client("supervisor")
    assert eventually(lambda: client.call("dispatch", "get_work", ticket_no=number))["ticket_no"] == number
    assert "nothing is parked" in loopdesk("parked", "list", *OURS)


def test_a_message_replayed_before_its_cause_is_mended_comes_back(publish, loopdesk):
    publish("dispatch.return", HANDLER, b"[]")
    eventually(lambda: ids(loopdesk("parked", "list", *OURS)))
    loopdesk("parked", "replay", "--all", *OURS)
    assert eventually(lambda: ids(loopdesk("parked", "list", *OURS)))


def test_looking_changes_nothing_and_hides_what_people_said(publish, loopdesk):
    numbers = [a_number() for _ in range(3)]
    for number in numbers:
        parked_by_hand(publish, number)
    before = loopdesk("parked", "list", *OURS)
    for one in ids(before):
        shown = loopdesk("parked", "show", one)
        assert "Private words" not in shown
        assert "it rained" in shown
        assert "Private words" in loopdesk("parked", "show", one, "--full")
    assert loopdesk("parked", "list", *OURS) == before
    assert [number in before for number in numbers] == [True] * 3


def test_a_message_whose_queue_is_gone_stays_where_it_is(publish, loopdesk):
    parked_by_hand(publish, a_number(), "dispatch.intake.ticket_submitted.long_gone")
    output = loopdesk("parked", "replay", "--all", *OURS, code=1)
    assert "there is no queue" in output
    assert len(ids(loopdesk("parked", "list", *OURS))) == 1


def test_one_of_several_is_taken_and_the_others_stay_in_order(publish, loopdesk):
    for _ in range(4):
        parked_by_hand(publish, a_number())
    first, second, third, fourth = ids(loopdesk("parked", "list", *OURS))
    loopdesk("parked", "drop", second, "--yes")
    assert ids(loopdesk("parked", "list", *OURS)) == [first, third, fourth]


def test_an_event_that_no_queue_takes_is_kept_and_goes_to_its_exchange_again(publish, loopdesk):
    publish("intake.events", "nobody_heard_of_it", b"{}")
    [one] = ids(loopdesk("parked", "list", "--service", "unrouted"))
    assert "no queue takes this event type" in loopdesk("parked", "show", one)
    assert "1 replayed" in loopdesk("parked", "replay", one)
    assert eventually(lambda: ids(loopdesk("parked", "list", "--service", "unrouted"))) == [one]


def test_an_unknown_id_is_said_to_be_unknown(loopdesk):
    assert "nothing parked has the id feedfeed" in loopdesk("parked", "replay", "feedfeed", code=1)
