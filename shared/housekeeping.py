"""What keeps documents small and outboxes empty: confirmed entries go, forgotten ones are relayed, old ones spill."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import eventlet
from pymongo import ASCENDING, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from shared.bus.relay import Pending
from shared.clock import Clock

log = logging.getLogger("loopdesk.housekeeping")

KEEP = 16  # entries that stay in the document when the older ones leave
LIMIT = 32  # a document with more entries than this is spilled
SWEEP_EVERY = 1.0  # seconds
SWEEP_AT_MOST = 500  # documents of one collection in one round
SPILL_EVERY = 5  # sweeps
SWEEP_LEASE = timedelta(seconds=10)
#: Kept longer than any retry or parked message lives.
ANSWERS_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Kept:
    """A collection of aggregates and where its old entries go."""

    aggregates: Collection[dict[str, Any]]
    history: Collection[dict[str, Any]]
    requests: Collection[dict[str, Any]]


class Housekeeping:
    """Looks after the collections of one service; any number of replicas may run it side by side."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Kept] = {}
        self._pull: dict[str, Collection[dict[str, Any]]] = {}
        self._stopped = False

    def look_after(
        self,
        aggregates: Collection[dict[str, Any]],
        history: Collection[dict[str, Any]],
        requests: Collection[dict[str, Any]],
    ) -> None:
        """Include this collection."""
        self._kept[aggregates.name] = Kept(aggregates, history, requests)
        # losing a pull in a crash publishes again, which every handler bears: no need to wait for the journal
        self._pull[aggregates.name] = aggregates.with_options(write_concern=WriteConcern(w=1))

    def confirmed(self, done: Sequence[Pending]) -> None:
        """The broker has these entries: take them out of their documents, one write per collection."""
        for name in {pending.collection for pending in done}:
            mine = [pending for pending in done if pending.collection == name]
            self._pull[name].update_many(
                {"_id": {"$in": [pending.id for pending in mine]}},
                {"$pull": {"outbox": {"id": {"$in": [entry["id"] for p in mine for entry in p.entries]}}}},
            )

    def run(self, nudge: Callable[[Pending], None]) -> None:
        """Sweep until stopped; outages are logged and outlived."""
        round_number = 0
        while not self._stopped:
            for kept in list(self._kept.values()):
                try:
                    self._relay_forgotten(kept, nudge)
                    if round_number % SPILL_EVERY == 0:
                        self._spill_long(kept)
                except Exception as error:  # noqa: BLE001 - one odd document must end neither the sweep nor the process
                    log.warning("sweep failed", extra={"of": kept.aggregates.name, "reason": type(error).__name__})
            round_number += 1
            eventlet.sleep(SWEEP_EVERY)

    def stop(self) -> None:
        """Let `run` end after its round."""
        self._stopped = True

    def relay_forgotten(self, nudge: Callable[[Pending], None]) -> int:
        """Hand over outbox entries whose own process did not publish them in time; gives how many documents."""
        return sum(self._relay_forgotten(kept, nudge) for kept in self._kept.values())

    def _relay_forgotten(self, kept: Kept, nudge: Callable[[Pending], None]) -> int:
        for handed in range(SWEEP_AT_MOST):
            now = self._clock.now()
            doc = kept.aggregates.find_one_and_update(
                {"outbox.0": {"$exists": True}, "relay_at": {"$lte": now}},
                {"$set": {"relay_at": now + SWEEP_LEASE}},
                projection={"outbox": 1},
                sort=[("relay_at", ASCENDING)],
            )
            if doc is None:
                return handed
            nudge(Pending(kept.aggregates.name, doc["_id"], doc["outbox"]))
        return SWEEP_AT_MOST

    def spill(self) -> None:
        """Move the oldest entries of long documents to the service's own collections for them."""
        for kept in self._kept.values():
            self._spill_long(kept)

    def _spill_long(self, kept: Kept) -> None:
        fields = {"history": 1, "requests": 1, "applied": 1}
        for doc in kept.aggregates.find({"unspilled": {"$gt": LIMIT}}, fields).limit(100):
            self._spill(kept, doc)

    def _spill(self, kept: Kept, doc: dict[str, Any]) -> None:
        aggregate = f"{kept.aggregates.name}/{doc['_id']}"
        history, requests, applied = (doc.get(name, [])[:-KEEP] for name in ("history", "requests", "applied"))
        until = self._clock.now() + ANSWERS_KEPT
        # a reader looks in the document first, then in the other collection: first there, then gone from here
        kept.aggregates.update_one({"_id": doc["_id"]}, {"$set": {"spilled": True}})
        _insert_new(kept.history, [{"_id": f"{aggregate}/{e['number']}", "aggregate": aggregate, **e} for e in history])
        answers = [{"_id": r["k"], "digest": r["digest"], "reply": r["reply"], "until": until} for r in requests]
        _insert_new(kept.requests, answers + [{"_id": f"{aggregate}|{key}", "until": until} for key in applied])
        gone = {
            "history": {"number": {"$in": [entry["number"] for entry in history]}},
            "requests": {"k": {"$in": [request["k"] for request in requests]}},
            "applied": {"$in": applied},
        }
        kept.aggregates.update_one({"_id": doc["_id"]}, {"$pull": gone, "$set": {"unspilled": KEEP}})


def _insert_new(collection: Collection[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> None:
    """Insert those that another replica has not inserted already."""
    if not rows:
        return
    try:
        collection.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        if any(fault["code"] != 11000 for fault in error.details["writeErrors"]):
            raise
