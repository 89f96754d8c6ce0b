"""How many messages there were in a period, and what became of them: read from one index, no document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import ExecutionTimeout

from services.notify.domain.counting import Count
from services.notify.errors import PeriodTooLong
from services.notify.storage.messages import Messages

#: Counting that takes longer than this is refused; several million messages fit in.
COUNTING_MS = 10_000
_HOUR = {"$dateTrunc": {"date": "$written_at", "unit": "hour"}}


class Counts:
    """Counts over the ledger."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def of(self, since: datetime, until: datetime, by: Sequence[str], filters: Mapping[str, str]) -> Iterator[Count]:
        """The messages written in [since, until), a count for each combination of channel, state and what is in `by`.

        Raises `PeriodTooLong` when that takes longer than a caller can wait.
        """
        try:
            rows = list(self._messages.collection.aggregate(pipeline(since, until, by, filters), **OPTIONS))
        except ExecutionTimeout:
            raise PeriodTooLong("Too many messages in this period: ask for a shorter one.") from None
        return (Count(number=row["number"], **row["_id"]) for row in rows)


OPTIONS: Mapping[str, Any] = {"maxTimeMS": COUNTING_MS, "hint": "counts"}


def pipeline(since: datetime, until: datetime, by: Sequence[str], filters: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the index `counts` answers alone."""
    group = {"channel": "$channel", "state": "$state"}
    group |= {"kind": "$kind"} if "kind" in by else {}
    keys: dict[str, Any] = group | ({"hour": _HOUR} if "hour" in by else {})
    wanted = {"written_at": {"$gte": since, "$lt": until}, **filters}
    return [{"$match": wanted}, {"$group": {"_id": keys, "number": {"$sum": 1}}}]
