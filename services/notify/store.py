"""Notify's documents: the ledger, and the customers' addresses as intake tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain import ledger, rules
from services.notify.domain.ledger import Content, Message, Occurrence
from services.notify.domain.rules import Customer
from services.notify.events import HANDED
from services.notify.reference import NOTHING
from services.notify.reference import Reference as Rules
from services.notify.reference_schema import ReferenceData
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Cause
from shared.errors import NotYetKnown
from shared.events import KERNEL_FIELDS, Event, kernel_fields
from shared.mongo import Database
from shared.reference import Reference
from shared.schemas import load

#: A message id begins with its time, so every one of these also sorts by time.
_BY_CHANNEL = ("channel", "state")
_BY_TEMPLATE = ("template", "channel", "state")


def _listed(*names: str) -> IndexModel:
    return IndexModel([*((name, ASCENDING) for name in names), ("_id", DESCENDING)], name="_".join(names))


COLLECTIONS: dict[str, list[IndexModel]] = {
    "notify_messages": [_listed("ticket_no"), _listed("recipient"), _listed(*_BY_CHANNEL), _listed(*_BY_TEMPLATE)],
    "notify_customers": [],
}
AGGREGATES = ("notify_messages",)

_OWN = tuple(f.name for f in fields(Message) if f.name not in (*KERNEL_FIELDS, "message_id", "content"))
_LISTED = {**STATE_ONLY, "content": 0}
_POINTS = {"channel": rules.CHANNELS, "state": ledger.STATES}


def build(body: Mapping[str, Any], version: int) -> Rules:
    """The rules in a body; `ValidationError` by path for what does not fit together."""
    return Rules.from_dict(load(ReferenceData, body), version)


class NotifyStore:
    """All that notify keeps."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reference = Reference(db, "notify", schema=ReferenceData, build=build, default=NOTHING)
        self.messages = Aggregates(
            db,
            "notify_messages",
            what="message",
            to_document=_document,
            from_document=_message,
            handed=HANDED,
        )
        self._customers = db.collection("notify_customers")

    def save_customer(self, event: Event) -> None:
        """Keep what a `customer_saved` says, unless a newer one was kept already."""
        known = {name: event.data[name] for name in ("name", "language", "phone", "email", "preferred_channels")}
        older = {"_id": event.data["customer_id"], "number": {"$lt": event.number}}
        newer = {"$set": {**known, "number": event.number}}
        try:
            self._customers.update_one(older, newer, upsert=True)
        except DuplicateKeyError:
            # it is there: with the same number, a newer one, or an older one that came in at this moment
            self._customers.update_one(older, newer)

    def customer(self, customer_id: str) -> Customer:
        """The customer as intake last told; `NotYetKnown` if it has not yet."""
        doc = self._customers.find_one({"_id": customer_id})
        if doc is None:
            raise NotYetKnown(f"customer {customer_id}")
        return Customer(
            customer_id=customer_id,
            name=doc["name"],
            language=doc["language"],
            phone=doc["phone"],
            email=doc["email"],
            preferred_channels=tuple(doc["preferred_channels"]),
        )

    def tell(self, event: Event) -> None:
        """Write and hand over every message that the rules owe on this event; those written before stay as they are."""
        reference = self.reference.current()
        owed = reference.rules_for(event.type, event.data)
        customer = self.customer(event.data["customer_id"]) if rules.needs_customer(owed) else None
        occurrence = Occurrence(
            id=event.id,
            event=event.type,
            at=event.at,
            recorded_at=event.recorded_at,
            ticket_no=event.data.get("ticket_no", ""),
            order_no=event.data.get("order_no", ""),
            promise=ledger.promise_of(event.type, event.data),
            replayed=event.replay_until is not None,
        )
        for message, facts in reference.messages(occurrence, event.data, customer):
            self.messages.create(Cause.from_event(event), message.message_id, message, facts)

    def find_messages(
        self, filters: Mapping[str, Any], limit: int, after: str | None
    ) -> tuple[list[Message], str | None]:
        """At most `limit` messages without texts, newest first, and the cursor of the next page (None: the last)."""
        wanted, index = _query(filters)
        if after is not None:
            wanted["_id"] = {"$lt": after}
        rows = self.messages.collection.find(wanted, _LISTED).hint(index)
        found = list(rows.sort("_id", DESCENDING).limit(limit + 1))
        more = found[limit - 1]["_id"] if len(found) > limit else None
        return [_message(doc) for doc in found[:limit]], more


def _query(filters: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What to look for, and by which index: every page is read in order, and nothing beside it.

    What is not asked for of channel and state becomes the list of all their values: the server then merges a few
    ordered scans of the index instead of sorting.
    """
    wanted = dict(filters)
    if "customer_id" in wanted:
        wanted["recipient"] = f"customer:{wanted.pop('customer_id')}"
    for name in ("ticket_no", "recipient"):
        if name in wanted:
            return wanted, name
    for name, values in _POINTS.items():
        wanted.setdefault(name, {"$in": list(values)})
    return wanted, "_".join(_BY_TEMPLATE if "template" in wanted else _BY_CHANNEL)


def _document(message: Message) -> dict[str, Any]:
    content = asdict(message.content) if message.content else None
    return {**{name: getattr(message, name) for name in _OWN}, "content": content}


def _message(doc: Mapping[str, Any]) -> Message:
    content = doc.get("content")
    return Message(
        message_id=doc["_id"],
        content=Content(**content) if content else None,
        **{name: doc[name] for name in _OWN},
        **kernel_fields(doc),
    )
