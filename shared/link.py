"""One broker connection with one reply queue, for the client; replaced whole when it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import ChannelClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from shared.errors import Forbidden, LoopdeskError, Unavailable

RPC_EXCHANGE = "nameko-rpc"
ACCESS_REFUSED = 403


class Owner(Protocol):
    """Whom a link tells; every call comes from inside `IOLoop.poll`, never from another thread."""

    def on_ready(self) -> None:
        """Requests may be sent (again)."""

    def on_reply(self, correlation_id: str | None, body: bytes) -> None:
        """An answer came."""

    def on_returned(self, correlation_id: str | None, reason: str) -> None:
        """The broker found no queue for a request."""

    def on_lost(self, reason: BaseException) -> None:
        """The link is gone, for good; make another."""


class Link:
    """Opens by itself: connection, channel, reply queue, binding, consumer; then `ready`.

    `reply_to` is new for each link: the queue of a broken one may live on until the broker has noticed.
    """

    def __init__(self, parameters: pika.connection.Parameters, account: str, loop: IOLoop, owner: Owner) -> None:
        self.reply_to = f"reply.{account}.{uuid4().hex}"
        self.ready = False
        self._owner = owner
        self._lost = False
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._open_channel,
            on_open_error_callback=self._on_gone,
            on_close_callback=self._on_gone,
            custom_ioloop=loop,
        )

    def publish(self, routing_key: str, body: bytes, properties: pika.BasicProperties) -> None:
        """Put a request into the send buffer; only while `ready`."""
        self._channel.basic_publish(RPC_EXCHANGE, routing_key, body, properties, mandatory=True)

    @property
    def closed(self) -> bool:
        """Nothing is open any more."""
        return bool(self._connection.is_closed)

    def close(self) -> None:
        """Begin to close; `on_lost` is not called for it."""
        self._lost, self.ready = True, False
        if not (self._connection.is_closed or self._connection.is_closing):
            self._connection.close()

    def _open_channel(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._declare)

    def _declare(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _channel, reason: self._break(reason))
        channel.add_on_cancel_callback(lambda _frame: self._break(ConnectionError("the reply queue was deleted")))
        channel.add_on_return_callback(
            lambda _channel, method, properties, _body: self._owner.on_returned(
                properties.correlation_id, f"{method.reply_code} {method.reply_text}"
            )
        )
        self._steps(
            lambda then: channel.queue_declare(self.reply_to, exclusive=True, auto_delete=True, callback=then),
            lambda then: channel.queue_bind(self.reply_to, RPC_EXCHANGE, self.reply_to, callback=then),
            lambda then: channel.basic_consume(self.reply_to, self._on_message, auto_ack=True, callback=then),
        )

    def _steps(self, *steps: Callable[[Callable[[Any], None]], Any]) -> None:
        if steps:
            steps[0](lambda _frame: self._steps(*steps[1:]))
        else:
            self._set_ready()

    def _set_ready(self) -> None:
        self.ready = True
        self._owner.on_ready()

    def _on_message(self, _channel: Any, _method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._owner.on_reply(properties.correlation_id, body)

    def _on_blocked(self, _connection: Any, _frame: Any) -> None:
        self.ready = False

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        if self._channel is not None and self._channel.is_open:
            self._set_ready()

    def _break(self, reason: BaseException) -> None:
        if not self._lost:
            self.close()
            self._owner.on_lost(reason)

    def _on_gone(self, _connection: Any, reason: BaseException) -> None:
        self.ready = False
        if not self._lost:
            self._lost = True
            self._owner.on_lost(reason)


def refusal(reason: BaseException) -> LoopdeskError | None:
    """The error for a link that would break the same way again; None where trying again may help."""
    text = cause(reason)
    if isinstance(reason, ProbableAuthenticationError | ProbableAccessDeniedError):
        refused = "(403)" in text or "(530)" in text
        return Forbidden(f"the broker does not let this account in: {text}") if refused else None
    if isinstance(reason, ChannelClosedByBroker):
        kind = Forbidden if reason.reply_code == ACCESS_REFUSED else Unavailable
        return kind(f"the broker refused it: {text}")
    return None


def cause(reason: BaseException) -> str:
    """The innermost cause, in one line; pika wraps them up to three deep."""
    while True:
        inner = getattr(reason, "exception", None) or (getattr(reason, "exceptions", None) or [None])[-1]
        if inner is None and len(reason.args) == 1 and isinstance(reason.args[0], BaseException):
            inner = reason.args[0]
        if inner is None:
            return str(getattr(reason, "reply_text", "") or (reason.args and reason.args[-1]) or reason)
        reason = inner
