"""The administrator's hands on the bus: listen to everything, take what waits, put anything on any queue."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from deploy.catalogue import subscriptions
from deploy.provision_broker import MESSAGE_KEYS
from deploy.services import SERVICES
from shared.bus.topology import (
    ATTEMPTS,
    CONSUMERS_EVENTS,
    MESSAGES,
    PARKED_AT,
    QUEUE,
    REASON,
    events_exchange,
    parking,
    return_exchange,
)
from tests.support import Stack

TAP = "test.tap"
PARKED = "2026-01-01T00:00:00.000Z"
SUBSCRIPTIONS = tuple(subscription for service in SERVICES for subscription in subscriptions(service))
#: Queues on which finished messages wait for consumers.
MESSAGE_QUEUES = tuple(f"notify.{key}" for key in MESSAGE_KEYS)


@dataclass(frozen=True)
class Heard:
    """One message as it was published."""

    exchange: str
    key: str
    body: bytes
    properties: pika.BasicProperties


class Bus:
    """One channel of the administrator's; every publish is confirmed, and must reach a queue."""

    def __init__(self, channel: BlockingChannel) -> None:
        self.channel = channel
        channel.confirm_delivery()

    def tap(self) -> None:
        """Keep a copy of all that is published from now on: events, receipts and finished messages."""
        self.channel.queue_declare(TAP, durable=True)
        self.channel.queue_purge(TAP)
        for exchange in (*map(events_exchange, SERVICES), CONSUMERS_EVENTS):
            self.channel.queue_bind(TAP, exchange, "#")
        for key in MESSAGE_KEYS:
            self.channel.queue_bind(TAP, MESSAGES, key)

    def untap(self) -> list[Heard]:
        """What was heard, in the order in which it was published; nothing more is heard."""
        heard = self.take(TAP)
        self.channel.queue_delete(TAP)
        return heard

    def take(self, queue: str) -> list[Heard]:
        """All that waits on a queue, off it."""
        return list(self._take(queue))

    def _take(self, queue: str) -> Iterator[Heard]:
        while True:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return
            yield Heard(method.exchange, method.routing_key, body, properties)

    def put(self, queue: str, body: bytes, **properties: Any) -> None:
        """On a handler's queue only, as if it came back from a delay; no other handler hears it."""
        kept = {"content_type": "application/json", "delivery_mode": 2, **properties}
        exchange = MESSAGES if queue in MESSAGE_QUEUES else return_exchange(queue.partition(".")[0])
        key = queue.removeprefix("notify.") if queue in MESSAGE_QUEUES else queue
        self.channel.basic_publish(exchange, key, body, pika.BasicProperties(**kept), mandatory=True)

    def park(self, queue: str) -> int:
        """All that waits on a handler's queue goes to parking, as after many failures; gives how many."""
        service = queue.partition(".")[0]
        parked = self.take(queue)
        for one in parked:
            one.properties.headers = {QUEUE: queue, REASON: "a test wanted it", ATTEMPTS: 6, PARKED_AT: PARKED}
            self.channel.basic_publish(parking(service), queue, one.body, one.properties, mandatory=True)
        return len(parked)

    def deliver_twice_and_shuffled(self, heard: Iterable[Heard], dice: random.Random) -> int:
        """Each message two more times to each queue that it had gone to, in any order; gives how many deliveries."""
        deliveries = [(queue, one) for one in heard for queue in queues_of(one) for _ in range(2)]
        dice.shuffle(deliveries)
        for queue, one in deliveries:
            self.put(queue, one.body, message_id=one.properties.message_id)
        return len(deliveries)


def queues_of(one: Heard) -> list[str]:
    """The queues that take it."""
    if one.exchange == MESSAGES:
        return [f"notify.{one.key}"]
    return [s.queue for s in SUBSCRIPTIONS if (events_exchange(s.source), s.event) == (one.exchange, one.key)]


def queues_of_service(service: str) -> list[str]:
    """The queues of a service's handlers."""
    return [subscription.queue for subscription in SUBSCRIPTIONS if subscription.service == service]


@contextmanager
def on_the_bus(stack: Stack) -> Iterator[Bus]:
    """The administrator, connected."""
    parameters = pika.URLParameters(stack.admin_amqp_uri)
    parameters.heartbeat = 0  # nobody serves the connection while the load runs
    connection = pika.BlockingConnection(parameters)
    try:
        yield Bus(connection.channel())
    finally:
        connection.close()
