"""Feigned events for one service's handlers, and an ear on what a service publishes. The broker is the real one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from shared.bus.topology import Subscription, events_exchange, return_exchange
from shared.events import Event


@dataclass(frozen=True)
class Feigned:
    """Puts events on the queues of one service only, as they come back from a delay; no other service hears them."""

    channel: BlockingChannel
    subscriptions: tuple[Subscription, ...]

    def tell(self, *events: Event) -> None:
        """Deliver to every handler that has subscribed to the event."""
        for event in events:
            for subscription in self.subscriptions:
                if (subscription.source, subscription.event) == (event.source, event.type):
                    self.channel.basic_publish(
                        return_exchange(subscription.service),
                        subscription.queue,
                        json.dumps(event.to_wire()),
                        pika.BasicProperties(content_type="application/json", message_id=event.id, delivery_mode=2),
                        mandatory=True,
                    )


class Ear:
    """Hears what a service publishes, from now on."""

    def __init__(self, channel: BlockingChannel, service: str) -> None:
        self._channel = channel
        self._queue = channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        channel.queue_bind(self._queue, events_exchange(service), "#")
        self._heard: list[Event] = []

    def heard(self, event_type: str, **data: Any) -> list[Event]:
        """The events of this type whose data hold these values."""
        while True:
            method, _, body = self._channel.basic_get(self._queue, auto_ack=True)
            if method is None:
                break
            self._heard.append(Event.from_wire(json.loads(body)))
        return [e for e in self._heard if e.type == event_type and data.items() <= e.data.items()]


@contextmanager
def on_the_bus(admin_uri: str, service: str, subscriptions: Iterable[Subscription]) -> Iterator[tuple[Feigned, Ear]]:
    """Feigned events to `service`, and an ear on its own."""
    connection = pika.BlockingConnection(pika.URLParameters(admin_uri))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield Feigned(channel, tuple(subscriptions)), Ear(connection.channel(), service)
    finally:
        connection.close()
