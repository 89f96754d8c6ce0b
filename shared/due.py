"""The timer's look: what is due, read from an index alone, so that it costs what is due and not what is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.cursor import Cursor

DUE_INDEX = IndexModel(
    [("timer_at", ASCENDING), ("_id", ASCENDING)],
    name="due",
    partialFilterExpression={"timer_at": {"$exists": True}},
)


def due(aggregates: Collection[dict[str, Any]], now: datetime, limit: int) -> Cursor[dict[str, Any]]:
    """`_id` and `timer_at` of what is due, most overdue first; no document is read."""
    found = aggregates.find({"timer_at": {"$lte": now}}, {"_id": 1, "timer_at": 1})
    return found.sort("timer_at", ASCENDING).limit(limit).hint("due")
