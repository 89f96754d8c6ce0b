"""Consuming: nameko's queue consumer with raw messages, a channel per queue, guarded acknowledgements, no exits."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import amqp.serialization
import eventlet
from kombu import Consumer as KombuConsumer
from kombu import compression
from kombu.exceptions import MessageStateError
from nameko.messaging import QueueConsumer

from shared.bus.coalesce import coalesce
from shared.bus.publisher import BROKEN

log = logging.getLogger("loopdesk.bus")


def _as_text(value: bytes | str) -> str:
    """Properties that are no UTF-8 read with U+FFFD in them, so that whoever looks at one can refuse it."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


# py-amqp raises instead, and the connection of all consumers with it, once for every redelivery
amqp.serialization.pstr_t = _as_text


def _packed(body: Any) -> Any:
    raise ValueError("a compressed body")


# kombu unpacks whatever has the header `compression`: a few bytes could fill the memory of every replica in turn
for _kind in compression.encoders():
    compression.register(_packed, _packed, _kind)

RECONNECT_AFTER = 0.5  # seconds, doubling
RECONNECT_AT_MOST = 5.0


class Provider(Protocol):
    """What consumes from a queue."""

    queue: Any
    prefetch: int

    def take(self, message: Any) -> None:
        """Handle one raw message; never raises."""


class BusConsumer(QueueConsumer):
    """One connection for all queues of a process; comes back by itself however it was lost."""

    def run(self, _tokens: int = 1, **kwargs: Any) -> None:
        """Consume until told to stop."""
        wait = RECONNECT_AFTER
        while not self.should_stop:
            try:
                for _ in self.consume(limit=None, **kwargs):
                    wait = RECONNECT_AFTER
            except Exception as error:  # noqa: BLE001 - the bus edge: whatever it was, the answer is to connect again
                if self.should_stop:
                    return
                log.warning("bus connection lost", extra={"reason": type(error).__name__, "again_in": wait})
                self._pause(wait)
                wait = min(wait * 2, RECONNECT_AT_MOST)

    def on_iteration(self) -> None:
        """Once all consumers have gone: keep the connection until what is in hand is acknowledged, then end."""
        self._cancel_consumers_if_requested()
        if not self._consumers and not self.container._worker_threads:
            self.should_stop = True

    def _pause(self, seconds: float) -> None:
        """Until it is time to connect again; to be told to stop needs no connection."""
        until = time.monotonic() + seconds
        while not self.should_stop and time.monotonic() < until:
            eventlet.sleep(0.1)
            self._cancel_consumers_if_requested()
            if not self._providers:
                self.should_stop = True

    def _cancel_consumers_if_requested(self) -> None:
        """End the consumers of providers that stop, also when the connection they had is gone."""
        for provider, removed in list(self._pending_remove_providers.items()):
            del self._pending_remove_providers[provider]
            consumer = self._consumers.pop(provider, None)
            if consumer is not None:
                with contextlib.suppress(*BROKEN):
                    consumer.cancel()
            removed.send()

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """One attempt; `run` does the waiting, without limit and with a cap."""
        with self.create_connection() as connection:
            coalesce(connection.connect())
            yield connection

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Sequence[Any]:
        """A consumer per provider, each on its own channel with its own prefetch; nothing is declared here."""
        for provider in self._providers:
            consumer = KombuConsumer(
                channel.connection.channel(),
                queues=[provider.queue],
                on_message=partial(self._take, provider),
                on_decode_error=partial(self._unreadable, provider),
                auto_declare=False,
                accept=None,
                prefetch_count=provider.prefetch,
            )
            self._consumers[provider] = consumer
        return list(self._consumers.values())

    def _take(self, provider: Provider, message: Any) -> None:
        try:
            provider.take(message)
        except Exception:
            # a message that is neither acknowledged nor given back would hold a place of the prefetch for ever
            log.exception("could not take a message")
            self.requeue_message(message)

    def _unreadable(self, provider: Provider, message: Any, error: Exception) -> None:
        self._take(provider, message)

    def ack_message(self, message: Any) -> None:
        """Acknowledge; if the connection has gone, the broker delivers again and handling twice is harmless."""
        try:
            message.ack()
        except (*BROKEN, MessageStateError) as error:
            log.warning("could not acknowledge", extra={"reason": type(error).__name__})

    def requeue_message(self, message: Any) -> None:
        """Give back; counts towards the delivery limit."""
        try:
            message.requeue()
        except (*BROKEN, MessageStateError) as error:
            log.warning("could not give back", extra={"reason": type(error).__name__})
