"""Entries in `<service>_history` of aggregates that are not there: what a removal leaves behind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from shared.history import ORPHANED, Fault

if TYPE_CHECKING:
    from shared.aggregates import Aggregates


def orphans(
    aggregates: Aggregates[Any], start: str, end: str | None, there: Collection[str]
) -> Iterator[tuple[str, Fault]]:
    """Ids after `start`, up to `end` (None: to the last), with entries but no aggregate, in order; the fault of each.

    `there`: the ids that were seen there just now. One query finds that there are none, and two more tell
    each: the index over (aggregate, number) is entered only between the ids that are there.
    """
    prefix = f"{aggregates.name}/"
    last = {"$lte": f"{prefix}{end}"} if end is not None else {"$lt": f"{aggregates.name}0"}  # 0 comes next after /
    known = [f"{prefix}{id}" for id in there]
    while True:
        between = {"$gt": f"{prefix}{start}", **last, "$nin": known}
        found = _end(aggregates, between, ASCENDING)
        if found is None or found[0] <= f"{prefix}{start}":  # the latter: something that stands in no order
            return
        ref, first = found
        start = ref.removeprefix(prefix)
        if aggregates.collection.find_one({"_id": start}, {"_id": 1}) is None:  # else it was made this moment
            _, newest = _end(aggregates, ref, DESCENDING) or found
            yield start, Fault(ORPHANED, first, newest)


def _end(aggregates: Aggregates[Any], which: Any, direction: int) -> tuple[str, int] | None:
    """Aggregate and number of these entries' first (or, descending, last) one, from the index alone."""
    shown = {"_id": 0, "aggregate": 1, "number": 1}
    order = [("aggregate", direction), ("number", direction)]
    found = aggregates.spilled_history.find_one({"aggregate": which}, shown, sort=order)
    if found is None:
        return None
    number = found.get("number")
    return str(found["aggregate"]), number if isinstance(number, int) else 0
