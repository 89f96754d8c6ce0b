"""The client for other systems: calls Loopdesk's services over RabbitMQ with nothing but pika (docs/wire.md)."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Any
from uuid import uuid4

import pika
from pika.adapters.select_connection import IOLoop

from shared.errors import LoopdeskError, Unavailable
from shared.link import Link, cause, refusal
from shared.request import Pending, Request, Timeout, decode

__all__ = ["Client", "Pending", "Request", "Timeout"]

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


class Client:
    """Calls as the account in `uri` (`amqp://account:password@host:5672/vhost`, or `amqps://`).

    Connects at the first call and again by itself whenever the broker was away; what was unanswered then is sent once
    more, within its timeout. Not thread-safe, and not for use across a fork: one client per thread or process.
    Raises the exceptions of `shared.errors`, and `TypeError` or `ValueError` for fields that JSON cannot hold.
    """

    def __init__(self, uri: str, *, account: str | None = None, name: str = "loopdesk-client") -> None:
        self._parameters = pika.URLParameters(uri)
        self._parameters.client_properties = {"connection_name": name}
        self.account: str = account or self._parameters.credentials.username
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._link: Link | None = None
        self._pause = FIRST_PAUSE
        self._trouble: BaseException | None = None
        self._waiting: dict[str, Pending] = {}
        self._session, self._calls = uuid4().hex, 0

    def __enter__(self) -> Client:
        """Connects at the first call, not here."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def call(self, service: str, method: str, /, *, timeout: float = 10.0, **fields: Any) -> Any:
        """The answer of `service.method(**fields)`; for a command, give a `request_id` or use `command`."""
        return self.result(self.send(Request(service, method, fields), timeout=timeout))

    def command(self, service: str, method: str, /, *, timeout: float = 10.0, **fields: Any) -> Any:
        """`call` with a `request_id` of its own unless one is given; give one to be able to ask again."""
        return self.result(self.send(Request.command(service, method, **fields), timeout=timeout))

    def call_many(
        self, requests: Iterable[Request], *, window: int = 100, timeout: float = 30.0
    ) -> list[Any | LoopdeskError]:
        """All answers, in the order of `requests`; a refused one is its exception, as a value."""
        return list(self.stream(requests, window=window, timeout=timeout))

    def stream(
        self, requests: Iterable[Request], *, window: int = 100, timeout: float = 30.0
    ) -> Iterator[Any | LoopdeskError]:
        """`call_many`, answer by answer: at most `window` requests are unanswered at any time.

        They may run in parallel and in any order. `timeout` counts for each from when it was first sent.
        """
        ahead: deque[Pending] = deque()
        source = iter(requests)
        more = True
        while more or ahead:
            while more and len(self._waiting) < window and len(ahead) < 10 * window:
                request = next(source, None)
                if request is None:
                    more = False
                else:
                    ahead.append(self.send(request, timeout=timeout))
            while ahead and self._settled(ahead[0]):
                yield ahead.popleft().outcome
            if ahead:
                self._pump(ahead[0].until)

    def send(self, request: Request, *, timeout: float = 10.0) -> Pending:
        """Send without waiting; `result` waits. Nothing moves between calls of this client's methods."""
        self._calls += 1
        pending = Pending(request, f"{self._session}-{self._calls:x}", timeout)
        self._waiting[pending.correlation_id] = pending
        if self._link is None and self._trouble is None:
            self._connect()
        elif self._link is not None and self._link.ready:
            self._publish(pending)
        return pending

    def result(self, pending: Pending) -> Any:
        """Wait for one answer: the result, or its exception raised."""
        while not self._settled(pending):
            self._pump(pending.until)
        if isinstance(pending.outcome, LoopdeskError):
            raise pending.outcome
        return pending.outcome

    def close(self) -> None:
        """Drop what is unanswered and disconnect; the next call would connect again."""
        self._waiting.clear()
        link, self._link = self._link, None
        if link is not None:
            link.close()
            until = monotonic() + 2.0
            while not link.closed and monotonic() < until:
                self._pump(until)

    def _settled(self, pending: Pending) -> bool:
        if not pending.done and monotonic() >= pending.until:
            self._waiting.pop(pending.correlation_id, None)
            pending.settle(_too_late(pending, self._trouble))
        return pending.done

    def _pump(self, until: float) -> None:
        """Serve the connection once; come back at `until` (monotonic) at the latest."""
        wake = self._loop.call_later(max(0.0, until - monotonic()), _nothing)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(wake)

    def _connect(self) -> None:
        if self._link is None:
            self._link = Link(self._parameters, self.account, self._loop, self)

    def _publish(self, pending: Pending) -> None:
        left = pending.until - monotonic()
        if left <= 0 or self._link is None:
            return
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            correlation_id=pending.correlation_id,
            reply_to=self._link.reply_to,
            expiration=str(int(left * 1000) + 1),
            user_id=self.account,
        )
        pending.sent_over = self._link
        self._link.publish(pending.routing_key, pending.body, properties)

    def on_ready(self) -> None:
        """Send everything that has no answer: never sent, or lost with the last link; not what this link has taken."""
        self._pause, self._trouble = FIRST_PAUSE, None
        for pending in list(self._waiting.values()):
            if pending.sent_over is not self._link:
                self._publish(pending)

    def on_reply(self, correlation_id: str | None, body: bytes) -> None:
        """Settle the request; an answer that nobody waits for any more is dropped."""
        pending = self._waiting.pop(correlation_id or "", None)
        if pending is not None:
            pending.settle(decode(body))

    def on_returned(self, correlation_id: str | None, reason: str) -> None:
        """No queue took the request, so nobody works on it."""
        pending = self._waiting.pop(correlation_id or "", None)
        if pending is not None:
            service = pending.routing_key.partition(".")[0]
            pending.settle(Unavailable(f"unknown service {service!r}", service=service, broker=reason))

    def on_lost(self, reason: BaseException) -> None:
        """Settle what the broker refused; everything else is sent again over the next link."""
        self._link, self._trouble = None, reason
        refused = refusal(reason)
        if refused is not None:
            for pending in _blamed(cause(reason), self._waiting.values()):
                del self._waiting[pending.correlation_id]
                pending.settle(refused)
        self._loop.call_later(self._pause * random.uniform(0.5, 1.0), self._connect)  # noqa: S311 not a secret
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def _blamed(text: str, waiting: Iterable[Pending]) -> list[Pending]:
    """Whose fault a refusal is: those whose method the broker's text names, else all that are on their way."""
    named = [pending for pending in waiting if f"'{pending.routing_key}'" in text]
    return named or list(waiting)


def _too_late(pending: Pending, trouble: BaseException | None) -> LoopdeskError:
    if pending.sent_over is not None:
        return Timeout(
            f"no answer from {pending.routing_key} within {pending.given:g} s; the work may still have been done: "
            "call again with the same request_id",
            timeout=pending.given,
        )
    why = cause(trouble) if trouble else "it accepts nothing at present"
    return Unavailable(f"the broker could not be reached within {pending.given:g} s: {why}")


def _nothing() -> None:
    pass
