"""What the client sends and gets: requests, their bodies, and the answers in replies (docs/wire.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import uuid4

from shared.clock import to_text
from shared.errors import Unavailable, from_wire


class Timeout(Unavailable):
    """No answer came in time. The work may still have been done: call again with the same `request_id`."""


@dataclass(frozen=True)
class Request:
    """One call to be made; `fields` are the method's keyword arguments, datetimes allowed."""

    service: str
    method: str
    fields: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def query(cls, service: str, method: str, /, **fields: Any) -> Request:
        """A call that changes nothing."""
        return cls(service, method, fields)

    @classmethod
    def command(cls, service: str, method: str, /, **fields: Any) -> Request:
        """A call that changes something: carries a `request_id`, made here unless given."""
        return cls(service, method, {**fields, "request_id": fields.get("request_id") or uuid4().hex})


class Pending:
    """A request on its way. `done` says whether `outcome` is there: a result, or the `LoopdeskError` it ended with."""

    __slots__ = ("body", "correlation_id", "done", "given", "outcome", "routing_key", "sent_over", "until")

    def __init__(self, request: Request, correlation_id: str, timeout: float) -> None:
        self.routing_key = f"{request.service}.{request.method}"
        self.correlation_id = correlation_id
        self.body = encode(request.fields)
        self.given = timeout
        self.until = monotonic() + timeout
        self.sent_over: object = None  # the link that it was last sent over
        self.done = False
        self.outcome: Any = None

    def settle(self, outcome: Any) -> None:
        """Keep the outcome, and let the body go."""
        self.outcome, self.done, self.body = outcome, True, b""


def encode(fields: dict[str, Any]) -> bytes:
    """The body of a request."""
    body = {"args": [], "kwargs": fields}
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_to_wire).encode()


def decode(body: bytes) -> Any:
    """The result in a reply's body, or the `LoopdeskError` that it reports."""
    try:
        reply = json.loads(body)
        return from_wire(reply["error"]) if reply.get("error") else reply["result"]
    except (ValueError, KeyError, AttributeError, TypeError):
        return Unavailable("the service's answer cannot be read")


def _to_wire(value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a time needs a zone: {value!r}")
        return to_text(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")
