"""An event handler's failures: retried with growing delay, parked, never lost and never for ever (BUS.md section 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pika
import pytest

from shared.bus.topology import ATTEMPTS, DELIVERY_LIMIT, OUTAGE_TIER, PARKED_AT, QUEUE, REASON, RETRY_TIERS
from shared.client import Client
from tests.probe import service
from tests.probe.lab import NOTE, PARKING, Lab
from tests.probe.process import Running
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("probe")


@pytest.fixture
def add(lab: Lab, importer: Client, counter: str) -> Iterator[Any]:
    """Opens the test's counter; gives a function that adds to it."""
    importer.command("probe", "open", name=counter, request_id=counter)
    yield lambda amount: importer.command("probe", "add", name=counter, amount=amount)
    lab.flag(f"go {counter}")  # no handler waits longer than its test


def publish(lab: Lab, body: bytes, **properties: Any) -> None:
    """As the probe itself would, but anything."""
    with lab.channel("probe") as channel:
        channel.confirm_delivery()
        channel.basic_publish(
            "probe.events", "counted", body, pika.BasicProperties(content_type="application/json", **properties), True
        )


def parked(lab: Lab, mentioning: str) -> tuple[dict[str, Any], bytes]:
    """The headers and the body of a parked message, which leaves the queue."""
    _, properties, body = eventually(lambda: lab.take(PARKING, mentioning))
    return properties.headers, body


def test_a_handled_event_has_its_effect_once(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    add(1)
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 1


def test_an_event_handler_that_raises_gets_the_event_again(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    add(service.FAILS_ONCE)
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 2


def test_an_event_about_something_not_yet_known_comes_again(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    add(service.NOT_YET_KNOWN_ONCE)
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 2


def test_an_event_that_lost_all_races_waits_and_is_not_lost(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    add(service.LOSES_ALL_RACES_ONCE)
    eventually(lambda: lab.hasten(OUTAGE_TIER, counter))
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 2


def test_an_event_refused_as_stale_is_logged_and_acknowledged(
    lab: Lab, worker: Running, add: Any, counter: str
) -> None:
    add(service.STALE)
    event_id = f"probe_counters/{counter}/2"
    eventually(lambda: worker.said("event", event_id=event_id, outcome="refused"))
    assert lab.tries(counter) == 1
    assert lab.take(PARKING, counter) is None


def test_a_handler_that_always_fails_climbs_every_tier_and_is_parked_with_the_reason(
    lab: Lab, worker: Running, add: Any, counter: str
) -> None:
    add(service.ALWAYS_FAILS)
    eventually(lambda: lab.tries(counter) == 2)  # the first tier in real time
    for number, tier in enumerate(RETRY_TIERS[1:], 3):
        eventually(lambda tier=tier: lab.hasten(tier, counter))
        eventually(lambda number=number: lab.tries(counter) == number)
    headers, body = parked(lab, counter)
    assert headers[ATTEMPTS] == len(RETRY_TIERS) + 1
    assert headers[QUEUE] == NOTE
    assert headers[REASON] == "RuntimeError: always fails"
    assert PARKED_AT in headers
    assert json.loads(body)["id"] == f"probe_counters/{counter}/2"
    assert lab.counter(counter)["noted"] == 0


@pytest.mark.parametrize(
    "body",
    [b"{not json MARK", b'["MARK"]', b'{"id": "MARK"}', b"\xff\xfe MARK", b'"MARK \\ud800"', b"null MARK"],
    ids=repr,
)
def test_an_unreadable_event_is_parked_at_once(lab: Lab, worker: Running, counter: str, body: bytes) -> None:
    publish(lab, body.replace(b"MARK", counter.encode()))
    headers, _ = parked(lab, counter)
    assert headers[REASON].startswith("event: not an event")
    assert worker.lives


def an_event(counter: str, **changes: Any) -> bytes:
    """A whole event, as the relay publishes it, but for the changes."""
    event = {
        "id": f"probe_counters/{counter}/7",
        "type": "counted",
        "schema_version": 1,
        "source": "probe",
        "aggregate_id": counter,
        "aggregate_version": 7,
        "number": 7,
        "at": "2016-01-01T00:00:00.000Z",
        "recorded_at": "2016-01-01T00:00:00.000Z",
        "correlation_id": None,
        "causation_id": None,
        "actor": None,
        "replay_until": None,
        "data": {"name": counter, "amount": 1, "total": 1, "in_a_later_version": True},
    }
    return json.dumps(event | changes).encode()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"data": {"name": 7}}, "amount"),
        ({"data": 7}, "event"),
        ({"at": "yesterday"}, "event"),
        ({"number": "x"}, "event"),
    ],
    ids=repr,
)
def test_an_event_of_an_unknown_form_is_parked_at_once(
    lab: Lab, worker: Running, counter: str, changes: dict[str, Any], named: str
) -> None:
    publish(lab, an_event(counter, **changes))
    headers, _ = parked(lab, counter)
    assert named in headers[REASON]
    assert headers[ATTEMPTS] == 1


def test_a_parked_event_that_is_sent_back_is_handled(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    publish(lab, an_event(counter, schema_version=2))
    parked(lab, counter)
    add(-1)
    with lab.channel("operator") as channel:
        channel.confirm_delivery()
        channel.basic_publish("probe.return", NOTE, an_event(counter), mandatory=True)
    eventually(lambda: lab.counter(counter)["noted"] == 2)


def test_the_same_event_delivered_many_times_has_one_effect(lab: Lab, worker: Running, add: Any, counter: str) -> None:
    add(-1)
    for _ in range(20):
        publish(lab, an_event(counter))
    eventually(lambda: lab.tries(counter) == 21)
    assert lab.counter(counter)["noted"] == 2


def test_giving_back_for_ever_is_impossible_the_broker_ends_it(lab: Lab, add: Any, counter: str) -> None:
    lab.stop("probe-worker")
    add(-1)
    deliveries = 0
    with lab.channel("probe") as channel:
        for method, _, body in channel.consume(NOTE, inactivity_timeout=0.2):
            if method is None:
                if deliveries > DELIVERY_LIMIT:
                    break
                continue
            deliveries += counter.encode() in body
            channel.basic_nack(method.delivery_tag, requeue=True)
            assert deliveries <= DELIVERY_LIMIT + 1
    headers, _ = parked(lab, counter)
    assert headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_handler_that_takes_its_process_with_it_is_not_lost(
    lab: Lab, worker: Running, add: Any, counter: str
) -> None:
    add(service.CRASHES_ONCE)
    eventually(lambda: not worker.lives)
    lab.the_only("probe-worker")
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 2


def test_a_handler_that_computes_longer_than_two_heartbeats_has_one_effect_and_ends(
    lab: Lab, add: Any, counter: str
) -> None:
    lab.stop("probe-worker")
    hasty = lab.start("probe-worker", LOOPDESK_HEARTBEAT="2").wait_ready()
    before = lab.consumer_connections(NOTE)
    add(service.COMPUTES_LONG)
    eventually(lambda: lab.tries(counter) >= 1)
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    add(-1)  # behind it: handled, so the queue moves on
    eventually(lambda: lab.counter(counter)["noted"] == 2)
    eventually(lambda: lab.depth(NOTE) == 0)
    assert eventually(lambda: lab.consumer_connections(NOTE)) != before  # it did lose its connection
    assert lab.tries(counter) <= 3
    assert hasty.lives
    assert hasty.terminate() == 0


def test_an_acknowledgement_on_a_connection_that_was_cut_does_not_end_the_process(
    lab: Lab, worker: Running, add: Any, counter: str
) -> None:
    add(service.WAITS)
    eventually(lambda: lab.tries(counter) == 1)
    lab.cut_connection(NOTE)
    eventually(lambda: lab.tries(counter) == 2)  # delivered again while the first still runs
    lab.flag(f"go {counter}")
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    add(-1)
    eventually(lambda: lab.counter(counter)["noted"] == 2)
    eventually(lambda: lab.depth(NOTE) == 0)
    assert worker.lives
    assert lab.tries(counter) == 3
