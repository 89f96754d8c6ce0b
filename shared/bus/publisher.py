"""Publishing with confirms, many at a time, on a connection of its own."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import amqp
import eventlet
from amqp import spec
from eventlet.semaphore import Semaphore
from kombu import Connection

from shared.bus.coalesce import coalesce

PUBLISH_SIGNATURE = "Bssbb"
#: What a broken connection looks like, in every layer that may notice it.
BROKEN = (OSError, amqp.exceptions.AMQPError, socket.timeout, eventlet.Timeout, AttributeError)


class PublishFailed(Exception):
    """Nobody knows whether the broker has the messages: publish them again, their ids make that harmless."""


class Refused(PublishFailed):
    """The broker is there and refuses at least one of them: no such exchange, no right to it, no room."""


@dataclass(frozen=True)
class Message:
    """One message to publish; `body` is JSON text, or the bytes of a message that is passed on."""

    id: str
    exchange: str
    key: str
    body: str | bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    def to_amqp(self) -> amqp.Message:
        """The message in py-amqp's form: persistent JSON."""
        return amqp.Message(
            self.body,
            message_id=self.id,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            application_headers=dict(self.headers),
            **self.properties,
        )


def send(channel: Any, message: amqp.Message, exchange: str, key: str, mandatory: bool) -> None:
    """Write a publish frame and nothing else: py-amqp's own method reads the socket before each one."""
    channel.send_method(spec.Basic.Publish, PUBLISH_SIGNATURE, (0, exchange, key, mandatory, False), message)


def open_channel(uri: str) -> tuple[Any, Any]:
    """A new connection without heartbeats (it has no reader of its own; TCP keepalive watches it) and its channel."""
    connection = Connection(uri, heartbeat=0, connect_timeout=5).transport.establish_connection()
    coalesce(connection)
    return connection, connection.channel()


class Publisher:
    """Publishes batches, mandatory and confirmed. One batch at a time; safe for many greenlets."""

    def __init__(self, uri: str, timeout: float = 10.0) -> None:
        self._uri = uri
        self._timeout = timeout
        self._lock = Semaphore()
        self._connection: Any = None
        self._channel: Any = None
        self._sent = 0
        self._open_tags: set[int] = set()
        self._refused = False
        self._returned: list[str] = []

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """Publish all; gives the ids of those that no queue takes. `PublishFailed` if a confirm is missing."""
        with self._lock:
            try:
                with eventlet.Timeout(self._timeout):
                    return self._publish(messages)
            except amqp.exceptions.ChannelError as error:
                self.close()
                raise Refused(type(error).__name__) from error
            except BROKEN as error:
                self.close()
                raise PublishFailed(type(error).__name__) from error

    def _publish(self, messages: Sequence[Message]) -> set[str]:
        self._connect()
        self._returned = []
        for message in messages:
            self._sent += 1
            self._open_tags.add(self._sent)
            send(self._channel, message.to_amqp(), message.exchange, message.key, True)
        while self._open_tags:
            self._connection.drain_events(timeout=self._timeout)
        if self._refused:
            self.close()
            raise Refused("refused by the broker")
        return set(self._returned)

    def _connect(self) -> None:
        if self._channel is not None and not readable(self._connection):
            return
        if self._channel is not None:  # something unasked came: most likely the broker says goodbye
            self._connection.drain_events(timeout=0.1)
            return
        self._connection, self._channel = open_channel(self._uri)
        self._sent, self._open_tags, self._refused = 0, set(), False
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._channel.confirm_select()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._open_tags -= {t for t in self._open_tags if t <= tag} if multiple else {tag}

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused = True
        self._on_ack(tag, multiple)

    def _on_return(self, error: Exception, exchange: str, key: str, message: Any) -> None:
        self._returned.append(message.properties.get("message_id", ""))

    def close(self) -> None:
        """Drop the connection; the next publish opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            drop(connection)


def readable(connection: Any) -> bool:
    """Whether the broker has said something that nobody has read; `ConnectionError` if the socket is gone."""
    poll: Any = eventlet.patcher.original("select")
    try:
        return bool(poll.select([connection.sock], [], [], 0)[0])
    except (TypeError, ValueError) as error:  # no socket any more, or one that is closed
        raise ConnectionError("the socket is closed") from error


def drop(connection: Any) -> None:
    """Close the socket without the courtesies that a dead peer would never answer."""
    with contextlib.suppress(*BROKEN):
        connection.transport.close()


__all__ = ["BROKEN", "Message", "PublishFailed", "Publisher", "Refused", "drop", "open_channel", "readable", "send"]
