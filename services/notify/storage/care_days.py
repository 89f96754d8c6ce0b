"""What became of care plans: since when each is in force, and how far each of its days is, zone by zone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.mongo import Database

#: How long it can be read what became of a day.
KEPT = timedelta(days=400)
#: Whoever has begun with a piece of a day is dead after this; another one goes on from where it was.
LEASE = timedelta(minutes=1)
INDEXES = [
    IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0),
    IndexModel([("plan", ASCENDING), ("_id", DESCENDING)], name="of_plan"),
]


@dataclass(frozen=True)
class CareDay:
    """A plan's day for the customers of one time zone; `zone` None: of those who have none of their own."""

    plan: str
    day: date
    zone: str | None
    due: datetime

    @property
    def id(self) -> str:
        """`birthday/2026-03-02/Asia/Shanghai`."""
        return f"{self.plan}/{self.day.isoformat()}/{self.zone or ''}"

    def zone_or(self, desk: ZoneInfo) -> ZoneInfo:
        """The zone, or the desk's."""
        return ZoneInfo(self.zone) if self.zone else desk


@dataclass
class Piece:
    """What came of some of a day's customers: where to go on (None: that was all), how many were told, and why not."""

    after: str | None = None
    told: int = 0
    not_told: dict[str, int] = field(default_factory=dict)

    def count(self, why_not: str | None) -> None:
        """One more."""
        if why_not is None:
            self.told += 1
        else:
            self.not_told[why_not] = self.not_told.get(why_not, 0) + 1

    @property
    def looked(self) -> int:
        """At how many customers."""
        return self.told + sum(self.not_told.values())


class CareDays:
    """`notify_care_plans` and `notify_care_days`."""

    def __init__(self, db: Database) -> None:
        self._plans = db.collection("notify_care_plans")
        self._days = db.collection("notify_care_days")
        self._done: set[str] = set()  # known to this process

    def in_force_since(self, plans: Collection[str], now: datetime) -> Mapping[str, datetime]:
        """Since when each of these plans has been in force without a break: what was due before is not made up for."""
        known = self.since()
        if gone := known.keys() - set(plans):
            self._plans.delete_many({"_id": {"$in": sorted(gone)}})
        for plan in plans - known.keys():
            self._plans.update_one({"_id": plan}, {"$setOnInsert": {"since": now}}, upsert=True)
        return {plan: known.get(plan, now) for plan in plans}

    def since(self) -> Mapping[str, datetime]:
        """Since when plans have been in force; of those that somebody has noticed."""
        return {doc["_id"]: doc["since"] for doc in self._plans.find({})}

    def undone(self, days: Iterable[CareDay]) -> list[CareDay]:
        """Those of which not everybody has been looked at."""
        open_ = [day for day in days if day.id not in self._done]
        wanted = {"_id": {"$in": [day.id for day in open_]}, "done_at": {"$ne": None}}
        self._done |= {doc["_id"] for doc in self._days.find(wanted, {"_id": 1})} if open_ else set()
        return [day for day in open_ if day.id not in self._done]

    def claim(self, day: CareDay, now: datetime) -> str | None:
        """Take the next piece of it: the customer behind whom to go on, "" at first; None: another process has it."""
        free = {"_id": day.id, "done_at": None, "leased_until": {"$lte": now}}
        begun: dict[str, Any] = {"plan": day.plan, "day": day.day.isoformat(), "zone": day.zone, "due_at": day.due}
        begun |= {"after": "", "looked": 0, "told": 0, "not_told": {}, "until": now + KEPT}
        take = {"$set": {"leased_until": now + LEASE}, "$setOnInsert": begun}
        try:
            doc = self._days.find_one_and_update(free, take, upsert=True, return_document=ReturnDocument.AFTER)
        except DuplicateKeyError:
            return None
        return str(doc["after"]) if doc else None

    def note(self, day: CareDay, behind: str, piece: Piece, now: datetime) -> None:
        """That piece is done, once, whoever did it; another may take the next one."""
        counts = {"looked": piece.looked, "told": piece.told}
        counts |= {f"not_told.{why}": number for why, number in piece.not_told.items()}
        go_on = {"after": piece.after, "leased_until": now} if piece.after is not None else {"done_at": now}
        self._days.update_one({"_id": day.id, "after": behind, "done_at": None}, {"$set": go_on, "$inc": counts})

    def give_up(self, day: CareDay, why: str, now: datetime) -> bool:
        """Nobody is told any more on that day, for this reason; False: somebody has said so already."""
        if self.claim(day, now) is None:
            return False
        done = self._days.update_one({"_id": day.id, "done_at": None}, {"$set": {"done_at": now, "why_not": why}})
        return bool(done.modified_count)

    def find(self, plan: str | None, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """At most `limit` days, of a plan the newest first, else by plan; and the cursor of the next page."""
        wanted: dict[str, Any] = ({"plan": plan} if plan else {}) | ({"_id": {"$lt": after}} if after else {})
        rows = self._days.find(wanted, {"after": 0, "leased_until": 0, "until": 0})
        found = list(rows.sort("_id", DESCENDING).limit(limit + 1))
        return found[:limit], found[limit - 1]["_id"] if len(found) > limit else None
