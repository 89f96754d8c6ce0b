"""Records as they are stored, page by page: what `loopdesk export` writes down. Reads only, and by indexes.

A row of `reference` is `{version, body, at}`; of `agents` `{agent_id, state, entries, head}`; of `hand_overs`
`{id, entries, head}`; of `orders`, in the order of their opening, `{order_no, opened_at, entries, head, assignments}`.
`entries` is the whole history as stored, `set` and all; `head` the number and hash of its last entry.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from services.dispatch.listing import ALL_VALUES
from shared.document import KERNEL_OWN
from shared.mongo import Database

Row = dict[str, Any]

#: History entries after which a page ends, so that a call takes a fraction of a second; at least one row is told.
ENTRIES = 1500
ORDERS, AGENTS, HAND_OVERS = "dispatch_orders", "dispatch_agents", "dispatch_handovers"
NOT_TOLD = (*KERNEL_OWN, "_id", "queues", "has_room")


def page(db: Database, what: str, limit: int, after: str | None) -> dict[str, Any]:
    """At most `limit` rows, and the cursor of the next page (None: the last)."""
    rows: list[Row] = []
    read = 0
    for cursor, row in PAGES[what](db, limit, after):
        rows.append(row)
        read += len(row.get("entries", ()))
        if len(rows) == limit or read > ENTRIES:
            return {"rows": rows, "next": cursor}
        time.sleep(0)  # the calls of others go on meanwhile
    return {"rows": rows, "next": None}


def _reference(db: Database, limit: int, after: str | None) -> Iterator[tuple[str, Row]]:
    found = db.collection("dispatch_reference").find({"_id": {"$gt": int(after or 0)}}, sort=[("_id", 1)], limit=limit)
    for doc in found:
        yield str(doc["_id"]), {"version": doc["_id"], "body": doc["body"], "at": doc["at"]}


def _agents(db: Database, limit: int, after: str | None) -> Iterator[tuple[str, Row]]:
    for doc in _by_id(db, AGENTS, limit, after):
        state = {name: value for name, value in doc.items() if name not in NOT_TOLD}
        yield doc["_id"], {"agent_id": doc["_id"], "state": state, **_history(db, AGENTS, doc)}


def _hand_overs(db: Database, limit: int, after: str | None) -> Iterator[tuple[str, Row]]:
    if HAND_OVERS in db.aggregates:
        for doc in _by_id(db, HAND_OVERS, limit, after):
            yield doc["_id"], {"id": doc["_id"], **_history(db, HAND_OVERS, doc)}


def _orders(db: Database, limit: int, after: str | None) -> Iterator[tuple[str, Row]]:
    """By the index of lists, merged over all states and priorities."""
    wanted = {
        "state": {"$in": list(ALL_VALUES["state"])},
        "priority": {"$in": list(ALL_VALUES["priority"])},
        "place": {"$gt": after or ""},
    }
    shown = dict.fromkeys(("history", "head", "place", "opened_at"), 1)
    for doc in db.collection(ORDERS).find(wanted, shown, sort=[("place", 1)], hint="of_state", limit=limit):
        yield (
            doc["place"],
            {
                "order_no": doc["_id"],
                "opened_at": doc["opened_at"],
                **_history(db, ORDERS, doc),
                "assignments": _assignments(db, doc["_id"]),
            },
        )


def _assignments(db: Database, order_no: str) -> list[Row]:
    found = db.collection("dispatch_assignments").find({"order_no": order_no}, {"_id": 0}, sort=[("number", 1)])
    return list(found)


def _by_id(db: Database, collection: str, limit: int, after: str | None) -> Iterator[Mapping[str, Any]]:
    yield from db.collection(collection).find({"_id": {"$gt": after or ""}}, sort=[("_id", 1)], limit=limit)


def _history(db: Database, collection: str, doc: Mapping[str, Any]) -> Row:
    """All of the history; where part of it has left the document, that is read, too."""
    kept: list[Row] = doc["history"]
    whole = kept if kept and kept[0]["number"] == 1 else db.aggregates[collection].entries(doc["_id"])
    return {"entries": whole, "head": doc.get("head")}


PAGES = {"reference": _reference, "agents": _agents, "hand_overs": _hand_overs, "orders": _orders}
