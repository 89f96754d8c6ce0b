"""What is held of broadcasts is decided again in pieces: a night may hold a hundred thousand rows until one minute.

The broadcaster does it, and such rows have no timer of their own, so that nothing urgent waits behind them. A piece is
claimed, read and written as one (ADR 91); what each row comes to is decided as for any message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, IndexModel

from services.notify.domain.audience import ALL_CHANNELS
from services.notify.domain.broadcasts import LEASE, Broadcast
from services.notify.domain.holding import DIGEST, PAUSED
from services.notify.domain.ledger import HELD, Message
from services.notify.storage.means import Means
from services.notify.storage.messages import from_document
from services.notify.storage.standing import OF_BROADCAST
from services.notify.storage.whereabouts import WhereaboutsOfMany
from shared.cause import Cause

#: Rows in one piece.
PIECE = 500
#: Of messages: the rows of broadcasts that are held, by when they are to be looked at.
INDEX = IndexModel(
    [("due_at", ASCENDING), ("_id", ASCENDING)],
    name="released",
    partialFilterExpression={"broadcast": {"$gt": ""}, "held_for": {"$exists": True}},
)
_HELD: Mapping[str, Any] = {"broadcast": {"$gt": ""}, "held_for": {"$exists": True, "$ne": DIGEST}}


class Releasing:
    """Lets held rows of broadcasts go, or holds them on."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def go_on(self) -> int:
        """Decide again a piece of what is due, the most overdue first; gives how many rows that were."""
        now = self._means.holding.now()
        docs = self._claimed(now)
        self._release(docs, now)
        return len(docs)

    def of_paused(self, broadcast: Broadcast, after: str | None, now: datetime) -> str | None:
        """Decide again a piece of what was held as the broadcast was paused, by id from behind `after`; gives the last
        of them, None: there are no more."""
        paused = {
            "broadcast": broadcast.broadcast_id,
            "channel": {"$in": list(ALL_CHANNELS)},
            "state": HELD,
            "held_for": PAUSED,
            "_id": {"$gt": after or ""},
        }
        found = self._means.messages.collection.find(paused, {"_id": 1}).hint(OF_BROADCAST).sort("_id", ASCENDING)
        ids = [doc["_id"] for doc in found.limit(PIECE)]
        self._release(self._means.messages.loaded(ids), now)
        return ids[-1] if len(ids) == PIECE else None

    def _claimed(self, now: datetime) -> list[Mapping[str, Any]]:
        """What is due and nobody else's at the moment; who dies with it leaves it to others after a while."""
        free = {"$or": [{"claimed_at": None}, {"claimed_at": {"$lte": now - LEASE}}]}
        found = self._means.messages.collection.find({**_HELD, "due_at": {"$lte": now}, **free}, {"_id": 1})
        ids = [doc["_id"] for doc in found.hint("released").sort("due_at", ASCENDING).limit(PIECE)]
        if not ids:
            return []
        mine = {"claimed_at": now, "claimed_by": uuid4().hex}
        self._means.messages.collection.update_many({"_id": {"$in": ids}, **free}, {"$set": mine})
        return self._means.messages.loaded(ids, mine)

    def _release(self, docs: Sequence[Mapping[str, Any]], now: datetime) -> None:
        rows = [from_document(doc) for doc in docs]
        known = WhereaboutsOfMany(self._means.reference, self._means.customers, self._means.preferences, rows)
        again = [self._means.holding.again(row, known) for row in rows]
        cause = Cause.tick(now)
        done = set(self._means.messages.change_many(cause, list(zip(docs, (one.change for one in again), strict=True))))
        for row in rows:
            if row.message_id not in done:  # somebody else has changed it meanwhile
                self._means.holding.look(row.message_id, cause)
        self._unless_resumed([row for row, one in zip(rows, again, strict=True) if one.reason == PAUSED])

    def _unless_resumed(self, held: Sequence[Message]) -> None:
        for _, of_one in groupby(sorted(held, key=_broadcast), key=_broadcast):
            self._means.holding.unless_resumed(*of_one)


def _broadcast(message: Message) -> str:
    return message.broadcast or ""
