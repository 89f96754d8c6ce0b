"""Rerating as a query: the work opened in a period, page by page, as it was and as it would have been (ADR 0055)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.looking_back.rerate import recorded, rerate
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work.order import Books, Order
from services.dispatch.domain.work.turn import place
from services.dispatch.forecast import told_on
from services.dispatch.listing import ALL_VALUES
from shared.aggregates import Aggregates
from shared.business_time import Calendar

#: History entries after which a page ends, so that a call takes a fraction of a second (about 0.3 ms each).
ENTRIES = 1500
INDEX = "of_state"

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Period:
    """The work opened from `since` to before `until`; `as_of`: when what is still open is judged (None: see `page`)."""

    since: datetime
    until: datetime
    as_of: datetime | None = None


def page(
    orders: Aggregates[Order], books: Books, reference: Reference, period: Period, limit: int, after: str | None
) -> dict[str, Any]:
    """At most `limit` work orders in the order of opening; reads one index, writes nothing.

    `{work: [{order_no, priority, before, after}], reached: when the last of them was opened, next: cursor or None}`;
    `before` and `after` are {promise: met, missed, open or none}. What is still open is judged at its last recorded
    event, or at `as_of` if that is later. Left out is work whose history does not say what its facts changed: it is
    from before there were versions of calendars.
    """
    answer: dict[str, Any] = {"work": [], "reached": period.until, "next": None}
    read, last = 0, None
    shown = dict.fromkeys(("history", "place", "priority", "opened_at"), 1)
    found = orders.collection.find(_wanted(period, after), shown, sort=[("place", 1)], hint=INDEX, limit=limit + 1)
    for number, doc in enumerate(found):
        if last is not None and (number == limit or read > ENTRIES):
            return {**answer, "next": last}
        entries = _entries(orders, doc)
        read, last = read + len(entries), doc["place"]
        answer["reached"] = doc["opened_at"]
        if "set" in entries[0]:
            answer["work"].append(_row(doc, entries, books, reference, period.as_of))
        time.sleep(0)  # the calls of others go on meanwhile
    return {**answer, "reached": period.until}


def _wanted(period: Period, after: str | None) -> dict[str, Any]:
    """By the index of lists, merged over all states and priorities."""
    beyond = {"$gt": after} if after else {"$gte": place(period.since, "")}
    return {
        "state": {"$in": list(ALL_VALUES["state"])},
        "priority": {"$in": list(ALL_VALUES["priority"])},
        "place": {**beyond, "$lt": place(period.until, "")},
    }


def _entries(orders: Aggregates[Order], doc: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """All of the history; where part of it has left the document, that is read, too."""
    kept: list[Mapping[str, Any]] = doc["history"]
    return kept if kept and kept[0]["number"] == 1 else orders.entries(doc["_id"])


def _row(
    doc: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    books: Books,
    reference: Reference,
    as_of: datetime | None,
) -> Row:
    last = max(entry["at"] for entry in entries)
    until = max(last, as_of) if as_of else last
    told = told_on(entries, books, until)
    return {
        "order_no": doc["_id"],
        "priority": doc["priority"],
        "before": recorded(told, until, _calendars(books)),
        "after": rerate(told, until, reference),
    }


def _calendars(books: Books) -> Callable[[Pin], Calendar]:
    return lambda pin: books(pin.version).calendar(pin.code)
