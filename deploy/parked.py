"""Messages that no handler could take: read them where they are parked, send them back, or drop them.

Reading leaves a message where it is. A message leaves its parking place only by an acknowledgement, which is sent after
the broker has confirmed the replayed copy; a crash in between means one copy more, which handlers are safe against.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ChannelClosedByBroker, UnroutableError

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
        return self.id.startswith(name) or (self.message_id == name != "")


@dataclass(frozen=True)
class Outcome:
    """What became of a message: `trouble` says why it stays where it was, None that it has gone."""

    parked: Parked
    trouble: str | None = None


Choose = Callable[[Parked], bool]


def place_of(service: str) -> str:
    """The queue in which a service's messages are parked; `unrouted` is a place of its own."""
    return UNROUTED if service == UNROUTED else topology.parking(service)


def count(connection: BlockingConnection, place: str) -> int:
    """How many messages wait there (those being looked at by somebody else not counted).

    Raises: `LookupError` if there is no such queue.
    """
    channel = connection.channel()
    try:
        depth = int(channel.queue_declare(place, passive=True).method.message_count)
    except ChannelClosedByBroker as error:
        raise LookupError(f"{place}: {error.reply_text}") from None
    channel.close()
    return depth


def read(connection: BlockingConnection, place: str, limit: int) -> list[Parked]:
    """The oldest `limit` messages, left where they are."""
    with _visit(connection, place) as visit:
        return [parked for _, parked in visit.messages(limit)]


def replay(connection: BlockingConnection, place: str, choose: Choose) -> Iterator[Outcome]:
    """Send the chosen ones back to the queue that they came from, attempts counted from zero."""
    publisher = connection.channel()
    publisher.confirm_delivery()
    with _visit(connection, place) as visit:
        for tag, parked in visit.messages():
            if choose(parked):
                trouble = _send_back(publisher, parked)
                if trouble is None:
                    visit.channel.basic_ack(tag)
                yield Outcome(parked, trouble)
    publisher.close()


def drop(connection: BlockingConnection, place: str, choose: Choose) -> Iterator[Outcome]:
    """Remove the chosen ones for good."""
    with _visit(connection, place) as visit:
        for tag, parked in visit.messages():
            if choose(parked):
                visit.channel.basic_ack(tag)
                yield Outcome(parked)


def presentable(event: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    """An event as an operator may see it: without `full`, only what cannot be a person's own words."""
    if full:
        return dict(event)
    shown = {name: value for name, value in event.items() if name != "data"}
    data = event.get("data")
    if isinstance(data, Mapping):
        shown["data"] = {name: value if _harmless(name, value) else HIDDEN for name, value in data.items()}
    elif "data" in event:
        shown["data"] = HIDDEN
    return shown


class _visit:  # noqa: N801 - used as a with block only
    """A channel of its own; leaving gives back, in order, everything not acknowledged."""

    def __init__(self, connection: BlockingConnection, place: str) -> None:
        self.channel: BlockingChannel = connection.channel()
        self.place = place

    def __enter__(self) -> _visit:
        return self

    def __exit__(self, *_: object) -> None:
        if self.channel.is_open:
            self.channel.basic_nack(0, multiple=True, requeue=True)
            self.channel.close()

    def messages(self, limit: int | None = None) -> Iterator[tuple[int, Parked]]:
        """Those there at the first look: what is parked anew meanwhile is not met again."""
        left = limit
        while left is None or left > 0:
            method, properties, body = self.channel.basic_get(self.place)
            if method is None:
                return
            waiting = int(method.message_count)
            left = waiting if left is None else min(left - 1, waiting)
            yield method.delivery_tag, parse(self.place, method, properties, body)


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


def _send_back(channel: BlockingChannel, parked: Parked) -> str | None:
    """None once the broker has the copy, else why it has not."""
    if not parked.routing_key:
        return "it does not say which queue it came from; drop it"
    if parked.routing_key.startswith("rpc-"):
        return "it is a call, and only its caller may send it again; drop it"
    try:
        channel.basic_publish(
            parked.exchange, parked.routing_key, parked.body, _fresh(parked.properties), mandatory=True
        )
    except UnroutableError:
        return f"there is no queue {parked.routing_key} any more: run `loopdesk provision`, or drop it"
    return None


def _fresh(properties: pika.BasicProperties) -> pika.BasicProperties:
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


def _harmless(name: str, value: Any) -> bool:
    return isinstance(value, bool | int | float | None) or name in SHOWN or name.endswith(SHOWN_ENDINGS)
