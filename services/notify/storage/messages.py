"""The ledger's documents, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain import audience, ledger
from services.notify.domain.ledger import Content, Message
from services.notify.events import HANDED
from shared.aggregates import STATE_ONLY, Aggregates
from shared.events import KERNEL_FIELDS, kernel_fields
from shared.mongo import Database

#: A message id begins with its time, so every one of these also sorts by time.
_BY_CHANNEL = ("channel", "state")
_BY_TEMPLATE = ("template", "channel", "state")


def _listed(*names: str) -> IndexModel:
    return IndexModel([*((name, ASCENDING) for name in names), ("_id", DESCENDING)], name="_".join(names))


INDEXES = [
    *(_listed("ticket_no"), _listed("recipient"), _listed(*_BY_CHANNEL), _listed(*_BY_TEMPLATE)),
    # one row per (occurrence, recipient, channel), whoever writes it
    IndexModel([(name, ASCENDING) for name in ("occurrence", "recipient", "channel")], name="once", unique=True),
]

_TUPLES = ("then", "obsolete")
_OWN = tuple(f.name for f in fields(Message) if f.name not in (*KERNEL_FIELDS, "message_id", "content", *_TUPLES))
_LISTED = {**STATE_ONLY, "content": 0, "said": 0}
_POINTS = {"channel": audience.ALL_CHANNELS, "state": ledger.STATES}


class Messages(Aggregates[Message]):
    """The ledger."""

    def __init__(self, db: Database) -> None:
        super().__init__(
            db,
            "notify_messages",
            what="message",
            to_document=to_document,
            from_document=from_document,
            handed=HANDED,
        )

    def listed(self, filters: Mapping[str, Any], limit: int, after: str | None) -> tuple[list[Message], str | None]:
        """At most `limit` messages without texts, newest first, and the cursor of the next page (None: the last)."""
        wanted, index = _query(filters)
        if after is not None:
            wanted["_id"] = {"$lt": after}
        rows = self.collection.find(wanted, _LISTED).hint(index)
        found = list(rows.sort("_id", DESCENDING).limit(limit + 1))
        more = found[limit - 1]["_id"] if len(found) > limit else None
        return [from_document(doc) for doc in found[:limit]], more


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


def to_document(message: Message) -> dict[str, Any]:
    """A row's own fields; what it has not is not stored."""
    own = {name: value for name in _OWN if (value := getattr(message, name)) is not None}
    lists = {name: list(getattr(message, name)) for name in _TUPLES if getattr(message, name)}
    return {**own, **lists, "content": asdict(message.content) if message.content else None}


def from_document(doc: Mapping[str, Any]) -> Message:
    """The row in a document."""
    content = doc.get("content")
    return Message(
        message_id=doc["_id"],
        content=Content(**content) if content else None,
        **_own(doc),
        **kernel_fields(doc),
    )


def _own(doc: Mapping[str, Any]) -> dict[str, Any]:
    lists = {name: tuple(doc[name]) for name in _TUPLES if name in doc}
    return {name: doc[name] for name in _OWN if name in doc} | lists
