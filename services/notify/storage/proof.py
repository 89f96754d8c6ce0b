"""Whom a broadcast has reached, counted from the ledger by one index alone (docs/broadcasts.md has the formulas)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bson.max_key import MaxKey
from bson.min_key import MinKey
from pymongo import ASCENDING, IndexModel

from services.notify.domain.broadcasts import Broadcast, Plan, occurrence
from services.notify.domain.ledger import CANCELLED
from services.notify.domain.preferences import WISHES
from services.notify.domain.proof import Missed, Reach, Told, missed
from services.notify.storage.messages import Messages

_FIELDS = ("area", "household", "recipient", "reached_at", "state", "detail", "channel")
KEYS = ("broadcast", "occurrence", *_FIELDS)
#: Everything that is asked here stands in it: no document is read.
INDEX = IndexModel(
    [(name, ASCENDING) for name in KEYS], name="proof", partialFilterExpression={"broadcast": {"$gt": ""}}
)
_ONLY = {"_id": 0, **dict.fromkeys(_FIELDS, 1)}
_WANTS_NONE = {"$and": [{"$eq": ["$state", CANCELLED]}, {"$in": ["$detail", list(WISHES)]}]}


class Proof:
    """Reads the ledger's rows of broadcasts."""

    def __init__(self, messages: Messages) -> None:
        self._rows = messages.collection

    def states(self, broadcast: Broadcast, edition: int) -> dict[str, dict[str, int]]:
        """Channel -> state -> how many rows of that edition."""
        group = {"_id": {"channel": "$channel", "state": "$state"}, "rows": {"$sum": 1}}
        found: dict[str, dict[str, int]] = {}
        for row in self._aggregate([{"$match": _of(broadcast, edition)}, {"$group": group}]):
            found.setdefault(row["_id"]["channel"], {})[row["_id"]["state"]] = row["rows"]
        return found

    def reach(self, broadcast: Broadcast, plan: Plan) -> list[Reach]:
        """By area, in their order: a household counts from when the first of its messages has reached it."""
        unit = {
            "_id": {
                "area": {"$ifNull": ["$area", None]},
                "household": {"$ifNull": ["$household", None]},
                # the recipient counts where no household is known
                "recipient": {"$cond": [{"$gt": ["$household", None]}, None, "$recipient"]},
            },
            "reached_at": {"$min": "$reached_at"},
            "wanted": {"$max": {"$cond": [_WANTS_NONE, 0, 1]}},
        }
        area = {
            "_id": "$_id.area",
            "to_reach": {"$sum": "$wanted"},
            "refused": {"$sum": {"$subtract": [1, "$wanted"]}},
            "reached": {"$sum": {"$cond": [_reached(), 1, 0]}},
            "on_time": {"$sum": {"$cond": [{"$and": [_reached(), _in_time(plan)]}, 1, 0]}},
        }
        stages = [{"$match": _of(broadcast, plan.edition)}, {"$group": unit}, {"$group": area}, {"$sort": {"_id": 1}}]
        return [_reach(row, plan) for row in self._aggregate(stages)]

    def _aggregate(self, stages: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        return iter(self._rows.aggregate(stages, hint="proof", allowDiskUse=True))

    def missed(
        self, broadcast: Broadcast, edition: int, most: int, after: str | None
    ) -> tuple[list[Missed], str | None]:
        """At most `most` households or customers that nothing has reached, and the cursor of the next ones."""
        found: list[Missed] = []
        for last, one in missed(self._told(broadcast, edition, after)):
            if one is not None:
                found.append(one)
            if len(found) == most:
                return found, json.dumps([last.area, last.household, last.recipient])
        return found, None

    def _told(self, broadcast: Broadcast, edition: int, after: str | None) -> Iterator[Told]:
        """The rows in the index's order, from behind a household or customer on, read as they are asked for."""
        whole = [("broadcast", broadcast.broadcast_id), ("occurrence", occurrence(broadcast.broadcast_id, edition))]
        place = json.loads(after) if after is not None else None
        behind = MaxKey() if place is not None else MinKey()
        start = [*place] if place is not None else []
        low: Any = [*whole, *zip(_FIELDS, [*start, *[behind] * (len(_FIELDS) - len(start))], strict=True)]
        high: Any = [*whole, *((name, MaxKey()) for name in _FIELDS)]
        index: Any = [(name, ASCENDING) for name in KEYS]
        rows = self._rows.find({}, _ONLY).hint(index).min(low).max(high).batch_size(1_000)
        yield from (Told(*map(row.get, _FIELDS)) for row in rows)  # type: ignore[arg-type]  # as the ledger writes them


def _of(broadcast: Broadcast, edition: int) -> dict[str, Any]:
    return {"broadcast": broadcast.broadcast_id, "occurrence": occurrence(broadcast.broadcast_id, edition)}


def _reached() -> dict[str, Any]:
    return {"$and": [{"$gt": ["$reached_at", None]}, {"$eq": ["$wanted", 1]}]}


def _in_time(plan: Plan) -> dict[str, Any]:
    """Reached by the promised time of the area; in areas without a promise nobody is."""
    areas = [*plan.outages, None]
    promised = [(area, plan.on_time(area)) for area in areas]
    branches = [
        {"case": {"$eq": ["$_id.area", area]}, "then": {"$lte": ["$reached_at", at]}}
        for area, at in promised
        if at is not None and area != "default"
    ]
    usual = plan.on_time("default")
    otherwise: Any = {"$lte": ["$reached_at", usual]} if usual is not None else False
    return {"$switch": {"branches": branches, "default": otherwise}} if branches else {"$literal": False}


def _reach(row: Mapping[str, Any], plan: Plan) -> Reach:
    promised: datetime | None = plan.on_time(row["_id"])
    return Reach(
        area=row["_id"],
        to_reach=row["to_reach"],
        reached=row["reached"],
        on_time=row["on_time"] if promised is not None else None,
        refused=row["refused"],
    )
