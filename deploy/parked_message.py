"""One parked message: what it says of itself, what may be shown of it, and how it looks when it is sent again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pika

from shared.bus import topology
from shared.bus.topology import UNROUTED
from shared.clock import to_text

#: What may be shown of an event's data without asking for the rest: numbers, codes and times, nobody's words.
SHOWN = frozenset(
    {
        *("agent", "category", "channel", "clock", "consumer", "due", "from_team", "impact", "language", "met"),
        *("outcome", "priority", "round", "score", "source", "state", "status", "team", "tier", "type", "urgency"),
    }
)
SHOWN_ENDINGS = ("_no", "_id", "_at", "_due", "_until", "_version")
HIDDEN = "… (--full shows it)"
#: What else of an event's envelope may be shown (shared/events.py).
ENVELOPE = frozenset({"id", "at", "actor"})
#: An id's beginning must be at least this long, so that an empty word names nothing.
SHORTEST_NAME = 4


@dataclass(frozen=True)
class Parked:
    """One message in a parking place; `id` is made of its content, the same each time it is read."""

    id: str
    place: str
    exchange: str
    routing_key: str
    reason: str
    attempts: int
    parked_at: str
    message_id: str
    body: bytes
    properties: pika.BasicProperties

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON object; empty if it is none."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def called(self, name: str) -> bool:
        """Whether an operator may mean this one: by the beginning of its id, or its whole message id."""
        return (len(name) >= SHORTEST_NAME and self.id.startswith(name)) or (self.message_id == name != "")


def parse(place: str, method: Any, properties: pika.BasicProperties, body: bytes) -> Parked:
    """A message as it lies in a parking place: parked by a handler, dead-lettered by the broker, or never routed."""
    headers: Mapping[str, Any] = properties.headers or {}
    death: Mapping[str, Any] = next(iter(headers.get("x-death") or []), {})
    queue = str(headers.get(topology.QUEUE) or death.get("queue") or "")
    if place == UNROUTED:
        exchange, routing_key, reason = method.exchange, method.routing_key, "no queue takes this event type"
    else:
        exchange, routing_key = topology.return_exchange(place.removesuffix(".parking")), queue
        reason = f"the broker gave up: {death.get('reason', 'unknown')}"
    message_id = str(properties.message_id or "")
    parked_at = _time(headers.get(topology.PARKED_AT) or death.get("time"))
    digest = hashlib.sha256("\0".join((place, routing_key, message_id, parked_at)).encode() + body)
    return Parked(
        id=digest.hexdigest()[:10],
        place=place,
        exchange=exchange,
        routing_key=routing_key,
        reason=str(headers.get(topology.REASON) or reason),
        attempts=int(headers.get(topology.ATTEMPTS) or 0),
        parked_at=parked_at,
        message_id=message_id,
        body=body,
        properties=properties,
    )


def presentable(event: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    """An event or message as an operator may see it: without `full`, only what cannot be a person's own words."""
    if full:
        return dict(event)
    shown = {name: value if name in ENVELOPE else _shown(name, value) for name, value in event.items()}
    data = event.get("data")
    if isinstance(data, Mapping):
        shown["data"] = {name: _shown(name, value) for name, value in data.items()}
    return shown


def fresh(properties: pika.BasicProperties) -> pika.BasicProperties:
    """The same message as when it was first published: no attempts, no traces of dead-lettering, no foreign account."""
    kept = {
        name: value
        for name, value in (properties.headers or {}).items()
        if not name.startswith(("x-", topology.ATTEMPTS, topology.QUEUE, topology.REASON, topology.PARKED_AT))
    }
    return pika.BasicProperties(
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        headers=kept,
        delivery_mode=2,
        priority=properties.priority,
        correlation_id=properties.correlation_id,
        message_id=properties.message_id,
        timestamp=properties.timestamp,
        type=properties.type,
        app_id=properties.app_id,
    )


def _time(value: Any) -> str:
    if isinstance(value, datetime):  # the broker's own timestamps come without a zone, in UTC
        return to_text(value if value.tzinfo else value.replace(tzinfo=UTC))
    return str(value or "")


def _shown(name: str, value: Any) -> Any:
    harmless = isinstance(value, bool | int | float | None) or name in SHOWN or name.endswith(SHOWN_ENDINGS)
    return value if harmless else HIDDEN
