"""The customers as intake tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.audience import Customer
from services.notify.domain.care import marks
from shared.errors import NotYetKnown
from shared.events import Event
from shared.mongo import Database

KEPT = (
    *("name", "tier", "language", "phone", "email", "preferred_channels"),
    *("area", "household", "time_zone", "dates"),
)
#: A broadcast walks the customers, all or an area's, in order of their ids; care plans those of a zone, or of a day.
INDEXES = [IndexModel([(name, ASCENDING), ("_id", ASCENDING)], name=name) for name in ("area", "time_zone", "marks")]


class Customers:
    """One document per customer; the newest number of intake wins."""

    def __init__(self, db: Database) -> None:
        self.collection = db.collection("notify_customers")

    def save(self, event: Event) -> None:
        """Keep what a `customer_saved` says, unless a newer one was kept already."""
        known = {name: event.data[name] for name in KEPT}
        older = {"_id": event.data["customer_id"], "number": {"$lt": event.number}}
        newer = {"$set": {**known, "number": event.number, "marks": marks(_days(known["dates"]))}}
        try:
            self.collection.update_one(older, newer, upsert=True)
        except DuplicateKeyError:
            # it is there: with the same number, a newer one, or an older one that came in at this moment
            self.collection.update_one(older, newer)

    def get(self, customer_id: str) -> Customer:
        """The customer as intake last told; `NotYetKnown` if it has not yet."""
        customer = self.find(customer_id)
        if customer is None:
            raise NotYetKnown(f"customer {customer_id}")
        return customer

    def find(self, customer_id: str) -> Customer | None:
        """The customer as intake last told, if it has."""
        doc = self.collection.find_one({"_id": customer_id})
        return customer_of(doc) if doc else None

    def find_many(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Those of them whom intake has told of, by id, in one read."""
        found = self.collection.find({"_id": {"$in": list(ids)}}) if ids else ()
        return {doc["_id"]: customer_of(doc) for doc in found}

    # whose day it is

    def zones(self) -> list[str | None]:
        """The time zones of customers; None: of those who have none of their own."""
        return [None, *sorted(zone for zone in self.collection.distinct("time_zone") if zone)]

    def of_zone(self, zone: str | None, marks: Sequence[str] | None, after: str, limit: int) -> Iterator[Customer]:
        """Those of a zone who have one of these marks (None: all), by id from behind that one."""
        return self._marked({"time_zone": zone, "_id": {"$gt": after}}, marks, "time_zone", limit)

    def of_any_zone(self, marks: Sequence[str] | None, limit: int) -> Iterator[Customer]:
        """Those who have one of these marks (None: all), by id."""
        return self._marked({}, marks, "_id_", limit)

    def _marked(
        self, wanted: dict[str, Any], marks: Sequence[str] | None, index: str, limit: int
    ) -> Iterator[Customer]:
        if marks is not None:
            wanted, index = wanted | {"marks": {"$in": list(marks)}}, "marks"
        found = self.collection.find(wanted).hint(index).sort("_id", ASCENDING).limit(limit)
        return (customer_of(doc) for doc in found)


def customer_of(doc: Mapping[str, Any]) -> Customer:
    """The customer in a document; one kept before a field was thought of has its default."""
    return Customer(
        customer_id=doc["_id"],
        name=doc["name"],
        tier=doc.get("tier"),
        language=doc["language"],
        phone=doc["phone"],
        email=doc["email"],
        preferred_channels=tuple(doc["preferred_channels"]),
        area=doc.get("area"),
        household=doc.get("household"),
        time_zone=doc.get("time_zone"),
        dates=_days(doc.get("dates", {})),
    )


def _days(dates: Mapping[str, str]) -> dict[str, date]:
    return {name: date.fromisoformat(day) for name, day in dates.items()}
