"""The customers as intake tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.audience import Customer
from shared.errors import NotYetKnown
from shared.events import Event
from shared.mongo import Database

KEPT = (
    *("name", "tier", "language", "phone", "email", "preferred_channels"),
    *("area", "household", "time_zone", "dates"),
)
#: `area` and `_id`: a broadcast walks the customers, all or an area's, in order of their ids.
INDEXES = [IndexModel([("area", ASCENDING), ("_id", ASCENDING)], name="area")]


class Customers:
    """One document per customer; the newest number of intake wins."""

    def __init__(self, db: Database) -> None:
        self.collection = db.collection("notify_customers")

    def save(self, event: Event) -> None:
        """Keep what a `customer_saved` says, unless a newer one was kept already."""
        known = {name: event.data[name] for name in KEPT}
        older = {"_id": event.data["customer_id"], "number": {"$lt": event.number}}
        newer = {"$set": {**known, "number": event.number}}
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
        dates={name: date.fromisoformat(day) for name, day in doc.get("dates", {}).items()},
    )
