"""Messages that no handler could take: read them where they are parked, send them back, or drop them.

Reading leaves a message where it is. A message leaves its parking place only by an acknowledgement, which is sent after
the broker has confirmed the replayed copy; a crash in between means one copy more, which handlers are safe against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ChannelClosedByBroker, NackError, UnroutableError

from deploy.parked_message import Parked, fresh, parse
from shared.bus import topology
from shared.bus.topology import UNROUTED


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


def _send_back(channel: BlockingChannel, parked: Parked) -> str | None:
    """None once the broker has the copy, else why it has not."""
    if not parked.routing_key:
        return "it does not say which queue it came from; drop it"
    if parked.routing_key.startswith("rpc-"):
        return "it is a call, and only its caller may send it again; drop it"
    try:
        channel.basic_publish(
            parked.exchange, parked.routing_key, parked.body, fresh(parked.properties), mandatory=True
        )
    except UnroutableError:
        return f"there is no queue {parked.routing_key} any more: run `loopdesk provision`, or drop it"
    except NackError:
        return "the broker would not take it now: try again later"
    return None
