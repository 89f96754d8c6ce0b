"""The mail receiver's side of the broker: events out, each confirmed before the next."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pika
from pika.exceptions import AMQPError

from services.notify.consumers.broker import EXCHANGE
from shared.events import Event

log = logging.getLogger("loopdesk.mail")

BROKEN = (AMQPError, OSError)
PATIENCE = 10.0  # seconds for each answer of the broker: a relay at the other end waits
REST = 1.0  # seconds after a failure in which the broker is not asked again


class BrokerAway(Exception):
    """The events are not, or not all, in the broker's hands; says why. Publishing them again does no harm."""


class Publisher:
    """One connection, kept; one thread at a time. What was lost on a stale line is published again on a new one."""

    def __init__(self, uri: str) -> None:
        self._parameters = pika.URLParameters(uri)
        self._parameters.heartbeat = 60
        self._parameters.connection_attempts = 1
        for limit in ("socket_timeout", "stack_timeout", "blocked_connection_timeout"):
            setattr(self._parameters, limit, PATIENCE)
        self.account: str = self._parameters.credentials.username
        self._connection: Any = None
        self._channel: Any = None
        self._rest_until = 0.0

    def publish(self, events: Iterable[Event]) -> None:
        """All are in a queue on the broker's disks when this returns. Raises `BrokerAway`."""
        for event in events:
            self._insist(partial(self._publish, event))

    def check(self) -> None:
        """`BrokerAway` unless the broker answers."""
        self._insist(lambda: self._connection.process_data_events(time_limit=0))

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except BROKEN as error:
                log.warning("broker away", extra={"reason": type(error).__name__})

    def _insist(self, ask: Callable[[], object]) -> None:
        """A line that was idle may be stale: then once more on a new one."""
        if time.monotonic() < self._rest_until:
            raise BrokerAway("a moment ago it was")
        for fresh in (self._connection is None, True):
            try:
                self._connect()
                ask()
                return
            except BROKEN as error:
                self.close()
                if fresh:
                    self._rest_until = time.monotonic() + REST
                    raise BrokerAway(type(error).__name__) from error

    def _connect(self) -> None:
        if self._connection is not None:
            return
        self._connection = pika.BlockingConnection(self._parameters)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def _publish(self, event: Event) -> None:
        """A refusal by the broker (a full queue, no queue) is an `AMQPError`, too."""
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=event.id,
            user_id=self.account,
        )
        body = json.dumps(event.to_wire(), ensure_ascii=False).encode()
        self._channel.basic_publish(EXCHANGE, event.type, body, properties, mandatory=True)
