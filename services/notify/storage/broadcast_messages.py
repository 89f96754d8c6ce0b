"""The messages of a broadcast's pieces, on their way to the broker: their rows have no outbox, the broadcast's marks
stand for it (ADR 85)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import eventlet
from eventlet.greenthread import GreenThread
from pymongo import UpdateOne

from services.notify.domain.audience import CHANNELS
from services.notify.domain.broadcasts import Broadcast
from services.notify.domain.ledger import HANDED_OVER, UNKNOWN
from services.notify.storage.messages import Messages
from shared.aggregates import RELAY_GRACE
from shared.bus.relay import Pending
from shared.mongo import Database


class BroadcastMessages:
    """Publishes what a piece hands over; what the broker does not take gets an outbox, and is the sweep's then."""

    def __init__(self, db: Database, messages: Messages) -> None:
        self._db = db
        self._messages = messages

    def publish(self, piece: Sequence[Pending]) -> None:
        """When this returns, the broker has each of these messages, or its row keeps it. Doing it again harms nothing:
        consumers know a message by its id."""
        left = self._db.deliver(piece)
        if not left:
            return
        at = self._db.clock.now() + RELAY_GRACE
        kept = [UpdateOne(_without_outbox(one.id), {"$set": _outbox(one, at)}) for one in left]
        self._messages.collection.bulk_write(kept, ordered=False)

    def publish_again(self, broadcast: Broadcast, mark: datetime) -> None:
        """The same for the rows of a piece that somebody else has written, and may not have published.

        What has a receipt, was never handed over, or has been told by another channel since stays as it is.
        """
        rows = {
            "written_at": mark,
            "channel": {"$in": list(CHANNELS)},
            "broadcast": broadcast.broadcast_id,
            "state": {"$in": [HANDED_OVER, UNKNOWN]},
            "ended_at": None,
        }
        found = self._messages.collection.find(rows, {"history": 0, "outbox": 0}).hint("counts")
        self.publish([self._pending(doc) for doc in found])

    def _pending(self, doc: Mapping[str, Any]) -> Pending:
        return Pending(self._messages.name, doc["_id"], [self._messages.handed_again(doc)])


def _without_outbox(key: str) -> dict[str, Any]:
    return {"_id": key, "outbox.0": {"$exists": False}, "state": {"$in": [HANDED_OVER, UNKNOWN]}}


def _outbox(pending: Pending, at: datetime) -> dict[str, Any]:
    return {"outbox": list(pending.entries), "relay_at": at}


class OnTheirWay:
    """Pieces being published by green threads of their own, by mark, the oldest first."""

    def __init__(self, messages: BroadcastMessages) -> None:
        self._messages = messages
        self._under_way: dict[datetime, GreenThread] = {}
        #: Marks of pieces that are out, and that the broadcast may still have.
        self.published: set[datetime] = set()

    def send(self, mark: datetime, piece: Sequence[Pending]) -> None:
        """Begin to publish a piece whose rows are stored."""
        self._under_way[mark] = eventlet.spawn(self._messages.publish, piece)

    def wait(self, leave: int = 0) -> None:
        """Until no more than so many are under way. Raises what kept one from being published: its mark stays."""
        while len(self._under_way) > leave:
            mark = next(iter(self._under_way))
            self._under_way.pop(mark).wait()
            self.published.add(mark)
