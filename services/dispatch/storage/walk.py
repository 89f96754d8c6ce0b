"""The walk through open work, by a number that its documents carry: which it is under, or due by (ADR 0056).

`pinned` is the version of its policy, `provisional` the lowest version among the calendars by which it is due
provisionally; null where there is none. Each has an index of its name, (number, `_id`), of those that have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.dispatch.domain.rollouts.rollout import Place, RolloutKind
from services.dispatch.domain.work.order import Order
from shared.aggregates import Aggregates

#: Work orders that are gone through at a time.
BATCH = 25
WALKS = {RolloutKind.APPLY_TO_OPEN: "pinned", RolloutKind.HORIZON: "provisional"}
"""The number by which a rollout walks."""


@dataclass(frozen=True)
class Walk:
    """By `field`, below the version `below`, in order of version and number of the work; reads indexes only."""

    orders: Aggregates[Order]
    field: str
    below: int

    def after(self, place: Place) -> tuple[Place, Sequence[str]]:
        """The next batch, and the place behind it; an empty one: there is no more."""
        while True:
            batch = self._batch(place)
            if batch:
                return Place(place.version, batch[-1]), batch
            version = self._version_after(place.version)
            if version is None:
                return place, ()
            place = Place(version)

    def versions(self) -> Iterator[int]:
        """The versions that there are; one index entry is read for each."""
        version = self._version_after(Place().version)
        while version is not None:
            yield version
            version = self._version_after(version)

    def _batch(self, place: Place) -> list[str]:
        if place == Place():
            return []
        wanted = {self.field: place.version, "_id": {"$gt": place.id}}
        found = self.orders.collection.find(wanted, {"_id": 1}, sort=[("_id", 1)], limit=BATCH, hint=self.field)
        return [doc["_id"] for doc in found]

    def _version_after(self, version: int) -> int | None:
        wanted = {self.field: {"$gt": version, "$lt": self.below}}
        shown = {self.field: 1, "_id": 0}
        doc = self.orders.collection.find_one(wanted, shown, sort=[(self.field, 1)], hint=self.field)
        return int(doc[self.field]) if doc else None
