"""Counts that must never pass a bound, however many ask at once: one document each, taken once per holder."""

from __future__ import annotations

from datetime import timedelta

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from shared.mongo import Database

#: Most tallies are of one day; this long after that nobody asks any more, whatever the zone.
KEPT = timedelta(days=3)
INDEXES = [IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0)]


class Tallies:
    """`_id`: what is counted, by whom and on which day; `holders`: who has a place."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection("notify_tallies")
        self._clock = db.clock

    def take(self, name: str, holder: str, limit: int, keep: timedelta = KEPT) -> bool:
        """Whether `holder` has one of `limit` places; who has one has it whenever it asks again, for so long."""
        room = {"_id": name, "holders": {"$ne": holder}, f"holders.{limit - 1}": {"$exists": False}}
        add = {"$push": {"holders": holder}, "$setOnInsert": {"until": self._clock.now() + keep}}
        for _ in range(2):
            try:
                self._rows.update_one(room, add, upsert=True)
                return True
            except DuplicateKeyError:
                # it is there: full, or the holder's already; or it has just come to be, and there may be room
                if self._rows.find_one({"_id": name, "holders": holder}, {"_id": 1}):
                    return True
        return False

    def holders(self, name: str) -> list[str]:
        """Who has a place."""
        row = self._rows.find_one({"_id": name}, {"holders": 1})
        return list(row["holders"]) if row else []


def day_tally(what: str, recipient: str, day: str) -> str:
    """The name of a tally: `kind progress/customer:c-7/2026-03-02`."""
    return f"{what}/{recipient}/{day}"
