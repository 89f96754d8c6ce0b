"""Sending replies."""

from __future__ import annotations

import logging
from typing import Any

import amqp
import eventlet
from eventlet.semaphore import Semaphore
from nameko.extensions import SharedExtension

from shared.bus.publisher import BROKEN, drop, open_channel, readable, send
from shared.bus.topology import RPC_EXCHANGE
from shared.settings import Settings

log = logging.getLogger("loopdesk.rpc")


class Replies(SharedExtension):
    """Sends replies on a channel of their own: transient, unconfirmed; a caller that hears nothing asks again."""

    def __init__(self) -> None:
        self._lock = Semaphore()
        self._connection: Any = None
        self._channel: Any = None

    def send(self, body: bytes, address: str, correlation_id: str | None) -> bool:
        """Send one reply; False if the broker cannot be reached: the request then stays unacknowledged."""
        settings: Settings = self.container.config["LOOPDESK"]
        reply = amqp.Message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            correlation_id=correlation_id,
        )
        for _ in range(2):
            with self._lock:
                try:
                    with eventlet.Timeout(10):
                        if self._channel is not None and readable(self._connection):
                            self._connection.drain_events(timeout=0.1)
                        if self._channel is None:
                            self._connection, self._channel = open_channel(settings.amqp_uri)
                        send(self._channel, reply, RPC_EXCHANGE, address, False)
                        return True
                except BROKEN as error:
                    log.warning("reply not sent", extra={"reason": type(error).__name__})
                    connection, self._connection, self._channel = self._connection, None, None
                    if connection is not None:
                        drop(connection)
        return False
