"""A consumer's side of the broker: a queue per lane in, events out, one connection, one thread."""

from __future__ import annotations

import json
import logging
import time
from functools import partial
from typing import Any

import pika
from pika.exceptions import AMQPConnectionError, AMQPError, NackError, UnroutableError

from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.message import Down
from shared.events import Event
from shared.lanes import LANES, queue

log = logging.getLogger("loopdesk.consumer")

BROKEN = (AMQPError, OSError)
EXCHANGE = "consumers.events"
#: Per lane. Each lane has its own, so a backlog of bulk takes none of what urgent needs.
PREFETCH = 20
#: Per lane: how many may wait in hand before the lane waits with them.
MOST_WAITING = 1_000
SLICE = 0.5  # seconds of waiting after which a request to stop is noticed


class Broker:
    """What arrives goes to `inbox`. Every method may raise one of `BROKEN`; then `connect` again."""

    def __init__(self, uri: str, channel: str, inbox: Inbox) -> None:
        self._parameters = pika.URLParameters(uri)
        self._parameters.heartbeat = 60
        self._parameters.blocked_connection_timeout = 120
        self.account: str = self._parameters.credentials.username
        self._queues = {lane: queue(channel, lane) for lane in LANES}
        self._inbox = inbox
        self._connection: Any = None
        self._channel: Any = None
        self._consumers: dict[str, str] = {}  # lane -> its consumer's tag
        self._stuck: dict[str, int] = {}  # lane -> how many only waited when it was consumed from last
        self._cancelled = False

    def connect(self) -> None:
        """Open a connection; nothing is consumed yet. What was in hand is void: the broker delivers it all again."""
        self.close()
        self._connection = pika.BlockingConnection(self._parameters)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._channel.add_on_cancel_callback(self._on_cancel)

    def consume(self) -> None:
        """Have messages delivered."""
        for lane in self._queues:
            self._consume(lane)

    def make_room(self) -> None:
        """Have more delivered of a lane of which many in hand only wait (for a pace, for a second try): others overtake
        them. What an ended consumer still has in hand does not count for the next one's prefetch."""
        for lane in self._consumers:
            waiting = self._inbox.waiting(lane)
            self._stuck[lane] = min(self._stuck[lane], waiting)
            if waiting - self._stuck[lane] >= PREFETCH // 2 and waiting < MOST_WAITING:
                self._channel.basic_cancel(self._consumers[lane])
                self._consume(lane)

    def _consume(self, lane: str) -> None:
        on_message = partial(self._on_message, lane)
        self._consumers[lane] = self._channel.basic_consume(self._queues[lane], on_message)
        self._stuck[lane] = self._inbox.waiting(lane)

    def give_back(self) -> None:
        """Take no more messages, and return all that are in hand and not on their way."""
        while self._consumers:
            self._channel.basic_cancel(self._consumers.popitem()[1])
        for held in self._inbox.clear():
            self.requeue(held)

    def listen(self, seconds: float) -> None:
        """Let messages arrive and answer heartbeats, for so long at most."""
        if self._connection is None:
            raise AMQPConnectionError("the connection was given up")
        self._connection.process_data_events(time_limit=min(seconds, SLICE))
        if self._cancelled:
            raise AMQPConnectionError("the broker has ended a queue's consumer")

    def wake(self) -> None:
        """Have `listen` return at once. The only method that other threads may call."""
        connection = self._connection
        try:
            if connection is not None:
                connection.add_callback_threadsafe(_nothing)
        except BROKEN as error:
            log.debug("nobody to wake", extra={"reason": type(error).__name__})

    def idle(self, seconds: float) -> None:
        """The same where the broker may be away: only time passes then. Never raises."""
        try:
            if self._connection is not None:
                self.listen(seconds)
                return
        except BROKEN:
            self.close()  # what was in hand is void; `connect` begins anew
        time.sleep(min(seconds, SLICE))

    def acknowledge(self, delivery: Delivery) -> None:
        """It is settled."""
        self._channel.basic_ack(delivery.tag)

    def requeue(self, delivery: Delivery) -> None:
        """Somebody may have it again."""
        self._channel.basic_nack(delivery.tag, requeue=True)

    def reject(self, delivery: Delivery) -> None:
        """Nobody can send it: to the queue's dead letters."""
        self._channel.basic_reject(delivery.tag, requeue=False)

    def publish(self, event: Event) -> None:
        """The broker has the event for good when this returns. `Down` if no queue takes it."""
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=event.id,
            user_id=self.account,
        )
        body = json.dumps(event.to_wire(), ensure_ascii=False).encode()
        try:
            self._channel.basic_publish(EXCHANGE, event.type, body, properties, mandatory=True)
        except (NackError, UnroutableError) as error:
            raise Down(f"no queue takes {event.type}: {type(error).__name__}") from error

    def close(self) -> None:
        """Hang up; unacknowledged messages go back to their queues."""
        connection, self._connection = self._connection, None
        self._inbox.clear()
        self._consumers, self._cancelled = {}, False
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except BROKEN as error:
                log.warning("broker away", extra={"reason": type(error).__name__})

    def _on_message(self, lane: str, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._inbox.put(Delivery(method.delivery_tag, lane, body, properties.message_id, time.monotonic()))

    def _on_cancel(self, _frame: Any) -> None:
        self._cancelled = True


def _nothing() -> None:
    """Being called is all that it is for."""
