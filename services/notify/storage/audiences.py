"""Whom a broadcast is for, read a piece at a time in one order: listed recipients, or the customers that it is for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.audience import Customer
from services.notify.domain.broadcasts import Audience, Broadcast
from services.notify.domain.recipients import Entry, Target, of_customer, of_entry
from services.notify.storage.customers import Customers, customer_of
from shared.conditions import Condition, ConditionFailed, condition
from shared.mongo import Database

INDEXES: list[IndexModel] = []
#: What a condition may ask of a customer.
CUSTOMER_NAMES: Mapping[str, str] = {
    "customer_id": "string",
    "tier": "string",
    "language": "string",
    "area": "string",
    "household": "string",
    "has_phone": "bool",
    "has_email": "bool",
}


@dataclass(frozen=True)
class Piece:
    """The next recipients. `cursor`: where the next piece begins, None: nowhere; `seen`: how many were come by."""

    targets: Sequence[Target]
    cursor: str | None
    seen: int


class Audiences:
    """Listed recipients, `<broadcast>/<chunk>` with at most 1,000 each; and the customers."""

    def __init__(self, db: Database, customers: Customers) -> None:
        self._chunks = db.collection("notify_audiences")
        self._customers = customers.collection

    def keep(self, broadcast_id: str, chunk: int, entries: Sequence[Entry]) -> None:
        """Store a chunk, once."""
        rows = [{name: value for name, value in asdict(entry).items() if value} for entry in entries]
        with suppress(DuplicateKeyError):
            self._chunks.insert_one({"_id": _chunk(broadcast_id, chunk), "entries": rows})

    def there(self, broadcast: Broadcast) -> int:
        """How many chunks have arrived."""
        low, high = _chunk(broadcast.broadcast_id, 0), _chunk(broadcast.broadcast_id, 999_999)
        return self._chunks.count_documents({"_id": {"$gte": low, "$lte": high}}, hint="_id_")

    def read(self, broadcast: Broadcast, cursor: str | None, most: int) -> Piece:
        """At most `most` recipients from the cursor on."""
        if broadcast.audience.listed:
            return self._listed(broadcast, cursor, most)
        return self._filtered(broadcast.audience, cursor, most)

    # listed

    def _listed(self, broadcast: Broadcast, cursor: str | None, most: int) -> Piece:
        chunk, place = json.loads(cursor) if cursor else (1, 0)
        slice_ = {"entries": {"$slice": [place, most]}}
        doc = self._chunks.find_one({"_id": _chunk(broadcast.broadcast_id, chunk)}, slice_)
        entries = [Entry(**row) for row in doc["entries"]] if doc else []
        known = self._known([entry.customer_id for entry in entries if entry.customer_id is not None])
        targets = [of_entry(entry, known) for entry in entries]
        if len(entries) == most:
            return Piece(targets, json.dumps([chunk, place + most]), len(entries))
        last = chunk >= broadcast.audience.chunks
        return Piece(targets, None if last else json.dumps([chunk + 1, 0]), len(entries))

    def _known(self, ids: Sequence[str]) -> dict[str, Customer]:
        if not ids:
            return {}
        return {doc["_id"]: customer_of(doc) for doc in self._customers.find({"_id": {"$in": list(set(ids))}})}

    # chosen

    def _filtered(self, audience: Audience, cursor: str | None, most: int) -> Piece:
        areas: list[str | None] = [*sorted(audience.areas)] or [None]
        place, after = json.loads(cursor) if cursor else (0, "")
        wanted: dict[str, Any] = {"_id": {"$gt": after}} | ({"area": areas[place]} if areas[place] else {})
        rows = self._customers.find(wanted).hint("area" if areas[place] else "_id_").sort("_id", ASCENDING).limit(most)
        found = [customer_of(doc) for doc in rows]
        which = chosen(audience.where) if audience.where is not None else None
        targets = [of_customer(customer) for customer in found if which is None or meant(which, customer)]
        if len(found) == most:
            return Piece(targets, json.dumps([place, found[-1].customer_id]), len(found))
        return Piece(targets, json.dumps([place + 1, ""]) if place + 1 < len(areas) else None, len(found))


def chosen(text: str) -> Condition:
    """The condition of an audience. Raises `BadCondition`."""
    return condition(text, CUSTOMER_NAMES)


def meant(which: Condition, customer: Customer) -> bool:
    """Whether the customer is one of those whom the condition means; of whom it cannot be asked is not."""
    try:
        return which.holds(_asked(customer))
    except ConditionFailed:
        return False


def _asked(customer: Customer) -> dict[str, Any]:
    known = {name: getattr(customer, name) for name in ("customer_id", "tier", "language", "area", "household")}
    return known | {"has_phone": customer.phone is not None, "has_email": customer.email is not None}


def _chunk(broadcast_id: str, number: int) -> str:
    return f"{broadcast_id}/{number:06d}"
