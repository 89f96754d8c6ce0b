"""Requests as another programming language might send them: any properties, any bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pika

from tests.probe.lab import Lab
from tests.support import eventually

NOTHING = object()


class Raw:
    """Publishes on `nameko-rpc` as one account and reads what comes to its reply address."""

    def __init__(self, channel: Any, account: str) -> None:
        self._channel = channel
        self.account = account
        self.reply_to = f"reply.{account}.{uuid4().hex}"
        channel.queue_declare(self.reply_to, exclusive=True, auto_delete=True)
        channel.queue_bind(self.reply_to, "nameko-rpc", self.reply_to)
        channel.confirm_delivery()

    def send(self, key: str, body: bytes | None = None, /, headers: Any = None, **properties: Any) -> None:
        """Properties as a good caller sets them but for those given; `NOTHING` leaves one out."""
        usual = {
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "reply_to": self.reply_to,
            "correlation_id": "1",
            "user_id": self.account,
            "headers": headers,
        }
        kept = {name: value for name, value in (usual | properties).items() if value is not NOTHING}
        self._channel.basic_publish("nameko-rpc", key, a_body() if body is None else body, pika.BasicProperties(**kept))

    def reply(self) -> dict[str, Any]:
        """The next reply."""

        def got() -> bytes | None:
            method, _, body = self._channel.basic_get(self.reply_to, auto_ack=True)
            return body if method else None

        return json.loads(eventually(got))

    def ask(self, key: str, body: bytes | None = None, /, **properties: Any) -> dict[str, Any]:
        """Send and get the reply."""
        self.send(key, body, **properties)
        return self.reply()

    def refusal(self, key: str, body: bytes | None = None, /, **properties: Any) -> dict[str, Any]:
        """Send and get the error."""
        error = self.ask(key, body, **properties)["error"]
        assert error is not None
        return error


def a_body(**kwargs: Any) -> bytes:
    return json.dumps({"args": [], "kwargs": kwargs}).encode()


@contextmanager
def raw(lab: Lab, account: str = "importer") -> Iterator[Raw]:
    """A raw caller."""
    with lab.channel(account) as channel:
        yield Raw(channel, account)
