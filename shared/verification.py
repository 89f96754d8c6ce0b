"""Checking the stored histories of a service, page by page: the query behind `loopdesk verify`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from bson.codec_options import CodecOptions, DatetimeConversion
from marshmallow import fields, validate
from pymongo import ASCENDING

from shared.bus.method import query
from shared.cause import Call
from shared.document import GENESIS
from shared.history import PAGE, STATE, Fault, faults
from shared.orphans import orphans
from shared.schemas import Request

if TYPE_CHECKING:
    from shared.aggregates import Aggregates
    from shared.mongo import Database

Document = dict[str, Any]

#: Entries after which a page ends, so that a call takes a fraction of a second; one aggregate is always checked whole.
ENTRIES = 4000
#: Whatever somebody put there must be readable, to be told of: dates beyond our calendar, and text that is none.
_LENIENT: CodecOptions[Document] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
_HISTORY = {"history": 1, "head": 1}
_WITH_STATE = dict.fromkeys(("outbox", "requests", "applied", "origin"), 0)


class Place(Request):
    """An aggregate, or where one would be; places are ordered by collection, then by id."""

    collection = fields.String(required=True, validate=validate.Length(1, 100))
    id = fields.String(required=True, validate=validate.Length(0, 1000))


class Anchored(Place):
    """An aggregate and the number of its entry that was the last one when the anchor was made."""

    number = fields.Integer(required=True, strict=True, validate=validate.Range(0))


class VerifyHistory(Request):
    """Which aggregates: those after a place, up to another, at most so many; and which of their hashes to tell."""

    after = fields.Nested(Place, load_default=None, allow_none=True)
    until = fields.Nested(Place, load_default=None, allow_none=True)
    anchored = fields.List(fields.Nested(Anchored), load_default=list, validate=validate.Length(0, PAGE))
    limit = fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(1, PAGE))


class Verification:
    """Mixin: the RPC by which operators have a service's histories checked."""

    store: Any

    @query("administer", VerifyHistory)
    def verify_history(
        self, call: Call, after: Document | None, until: Document | None, anchored: list[Document], limit: int
    ) -> Document:
        """One page, all of one collection; `next` is where to go on, None after the last.

        `{collection, about, aggregates: [{id, number, hash, entries, rebuilt, at_anchor}], faults: [{id, name, kind,
        first, last, fields}], next: {collection, id}}`. `about`: how many aggregates there are, on a collection's
        first page; `number`, `hash`: the head; `at_anchor`: the hash that the anchored entry has now, None if it is not
        there; `name`: what callers call the aggregate. Faults are also of aggregates that are not there any more.
        """
        return page(self.store.db, after, until, anchored, limit)


def page(
    db: Database, after: Document | None, until: Document | None, anchored: Iterable[Document], limit: int
) -> Document:
    """What `verify_history` answers."""
    names = sorted(name for name in db.aggregates if after is None or name >= after["collection"])
    if not names or (until and until["collection"] < names[0]):  # nothing is left, or not of what was anchored
        return {"collection": None, "about": None, "aggregates": [], "faults": [], "next": _beginning(names)}
    name = names[0]
    aggregates = db.aggregates[name]
    start = after["id"] if after and after["collection"] == name else ""
    end = until if until and until["collection"] == name else None
    stretch = _stretch(aggregates, start, end["id"] if end else None, limit)
    numbers = {anchor["id"]: anchor["number"] for anchor in anchored if anchor["collection"] == name}
    rows, found = _check(aggregates, stretch.documents, numbers)
    return {
        "collection": name,
        "about": aggregates.collection.estimated_document_count() if start == "" else None,
        "aggregates": rows,
        "faults": sorted([*found, *stretch.orphaned], key=itemgetter("id")),
        "next": {"collection": name, "id": stretch.ends_at} if stretch.ends_at else end or _beginning(names[1:]),
    }


def _beginning(names: Sequence[str]) -> Document | None:
    """The place before the first of these collections."""
    return {"collection": names[0], "id": ""} if names else None


@dataclass(frozen=True)
class _Stretch:
    """Documents in order of id, what is left of others between them, and where it ends (None: there is no more)."""

    documents: Sequence[Document]
    orphaned: Sequence[Document]
    ends_at: str | None


def _stretch(aggregates: Aggregates[Any], start: str, end: str | None, limit: int) -> _Stretch:
    documents, more = _read(aggregates, start, end, limit)
    ends_at = documents[-1]["_id"] if more else None
    gone = orphans(aggregates, start, ends_at or end, [document["_id"] for document in documents])
    orphaned = [{"id": id, "name": id, **_told(fault)} for id, fault in islice(gone, limit)]
    if len(orphaned) == limit:  # many are gone: what comes after them is for the next page
        ends_at = str(orphaned[-1]["id"])
        documents = [document for document in documents if document["_id"] < ends_at]
    return _Stretch(documents, orphaned, ends_at)


def _read(aggregates: Aggregates[Any], start: str, end: str | None, limit: int) -> tuple[list[Document], bool]:
    """Documents in order of id, and whether there may be more of them."""
    wanted = {"$gt": start} if end is None else {"$gt": start, "$lte": end}
    shown = _WITH_STATE if aggregates.rebuilds else {**_HISTORY, aggregates.key: 1}
    found = aggregates.collection.with_options(_LENIENT).find({"_id": wanted}, shown)
    documents: list[Document] = []
    entries = 0
    for document in found.sort("_id", ASCENDING).limit(limit):
        documents.append(document)
        entries += _head_number(document)
        if entries >= ENTRIES:
            return documents, True
    return documents, len(documents) == limit


def _check(
    aggregates: Aggregates[Any], documents: Sequence[Document], anchored: Mapping[str, int]
) -> tuple[list[Document], list[Document]]:
    """A row for every document, and the faults."""
    rows: list[Document] = []
    found: list[Document] = []
    for document, entries in _with_entries(aggregates, documents):
        known = faults(entries, document.get("head"))
        rebuilds = aggregates.rebuilds if not known and entries and "set" in entries[0] else None
        if rebuilds and (names := rebuilds(document, entries)):
            known = [Fault(STATE, 1, len(entries), tuple(names))]
        rows.append(_row(document, entries, rebuilds is not None, anchored.get(document["_id"])))
        name = str(document.get(aggregates.key) or document["_id"])
        found += [{"id": document["_id"], "name": name, **_told(fault)} for fault in known]
        time.sleep(0)  # other callers' turn
    return rows, found


def _row(document: Document, entries: Sequence[Any], rebuilt: bool, anchored: int | None) -> Document:
    head = document.get("head")
    link = head.get("hash") if isinstance(head, Mapping) else None
    return {
        "id": document["_id"],
        "number": _head_number(document),
        "hash": link if isinstance(link, str) else "",
        "entries": len(entries),
        "rebuilt": rebuilt,
        "at_anchor": None if anchored is None else _hash_at(entries, anchored),
    }


def _told(fault: Fault) -> Document:
    return {"kind": fault.kind, "first": fault.first, "last": fault.last, "fields": list(fault.fields)}


def _head_number(document: Document) -> int:
    head = document.get("head")
    number = head.get("number") if isinstance(head, Mapping) else None
    return number if isinstance(number, int) else 0


def _hash_at(entries: Sequence[Any], number: int) -> str | None:
    if number == 0:
        return GENESIS
    links = (entry.get("hash") for entry in entries if isinstance(entry, Mapping) and entry.get("number") == number)
    return next((link for link in links if isinstance(link, str)), None)


def _with_entries(aggregates: Aggregates[Any], documents: Sequence[Document]) -> Iterator[tuple[Document, list[Any]]]:
    """Each document with its entries, as they stand in it and in the collection for those that left it."""
    kept = [document["history"] if isinstance(document.get("history"), list) else [] for document in documents]
    left = [document["_id"] for document, own in zip(documents, kept, strict=True) if not _begins(own)]
    spilled = _spilled(aggregates, left) if left else {}
    for document, own in zip(documents, kept, strict=True):
        # an entry on its way out of the document is in both places, the same
        away = [entry for entry in spilled.get(document["_id"], ()) if entry not in own]
        yield document, [*away, *own]


def _spilled(aggregates: Aggregates[Any], ids: Iterable[str]) -> Mapping[str, list[Document]]:
    """Those of their entries that left the document, by id, in order of number."""
    refs = {f"{aggregates.name}/{id}": id for id in ids}
    found: dict[str, list[Document]] = {}
    rows = aggregates.spilled_history.with_options(_LENIENT).find({"aggregate": {"$in": list(refs)}}, {"_id": 0})
    for row in rows.sort([("aggregate", ASCENDING), ("number", ASCENDING)]):
        found.setdefault(refs[row.pop("aggregate")], []).append(row)
    return found


def _begins(kept: Sequence[Any]) -> bool:
    """Whether the document has its history's beginning, and so all of it."""
    return bool(kept) and isinstance(kept[0], Mapping) and kept[0].get("number") == 1
