"""Hand-overs that have ended: a document each, written in the transaction in which it leaves the register (ADR 63).

Found by the page, the last to end first. Those that ended before these documents were kept are in the register's
history only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.dispatch.domain.work.turn import place, sortable
from shared.events import Fact
from shared.mongo import Database, Transaction

COLLECTION = "dispatch_ended_handovers"
#: Index name -> its fields; the first of these filters that is given chooses it.
INDEXES = {"of_agent": ("agent", "place"), "of_stand_in": ("to", "place"), "of_end": ("place",)}
_BY = {"agent": "of_agent", "to": "of_stand_in"}
#: Fact of the register -> how the hand-over ended.
STATES = {"hand_over_ended": "ended", "hand_over_cancelled": "cancelled"}


class EndedHandOvers:
    """Of all agents."""

    def __init__(self, db: Database) -> None:
        self._ended = db.collection(COLLECTION)

    def keep(self, happened: Sequence[Fact], tx: Transaction) -> None:
        """Those that these facts of the register end."""
        for fact in happened:
            if fact.type in STATES:
                document = ended_document(fact)
                self._ended.replace_one({"_id": document["id"]}, document, upsert=True, session=tx.session)

    def find(
        self, filters: dict[str, str], since: datetime | None, until: datetime | None, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """At most `limit` of those that ended from `since` to before `until`, and the cursor of the next page."""
        wanted, index = query(filters, since, until, after)
        found = list(self._ended.find(wanted, {"_id": 0}).hint(index).sort("place", -1).limit(limit + 1))
        more = found[limit - 1]["place"] if len(found) > limit else None
        return [{name: value for name, value in one.items() if name != "place"} for one in found[:limit]], more


def ended_document(fact: Fact) -> dict[str, Any]:
    """The hand-over as that fact tells of its end; `why`: the reason of who cancelled it."""
    told = {"why": None, **fact.data}
    ended = {"state": STATES[fact.type], "ended_at": fact.at, "place": place(fact.at, str(told["id"]))}
    return {**told, **ended}


def query(
    filters: dict[str, str], since: datetime | None, until: datetime | None, after: str | None
) -> tuple[dict[str, Any], str]:
    """The MongoDB filter of a page, and the name of the index that answers it. Pure."""
    index = next((_BY[name] for name in _BY if name in filters), "of_end")
    earlier = [bound for bound in (sortable(until) if until else None, after) if bound is not None]
    bounds = {**({"$gte": sortable(since)} if since else {}), **({"$lt": min(earlier)} if earlier else {})}
    return {**filters, **({"place": bounds} if bounds else {})}, index
