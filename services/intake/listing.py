"""How tickets are found in pages: the filter, the index it runs on, and the place of a ticket in the order. Pure.

Newest first is the descending order of `place`, one text made of the time and the number: unique, so that a page begins
exactly after the one before it, and one field, so that time filters and the cursor are one range.

An index answers any subset of its filters, because a filter that is not given stands for all its values: MongoDB merges
the few ordered stretches of the index that this makes (at most 200, see test_intake.py), and reads no ticket in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.intake.domain.ticket import STATUSES
from services.intake.domain.triage import PRIORITIES, TYPES

#: Index name -> its fields; all end with the order.
INDEXES = {
    "newest": ("place",),
    "of_customer": ("customer_id", "place"),
    "of_kind": ("status", "type", "priority", "place"),
    "of_category": ("category", "status", "type", "priority", "place"),
    "of_reference": ("reference", "place"),
}
#: Index name -> the field without which a ticket is not in it.
SPARSE = {"of_reference": "reference"}
ALL_VALUES = {"status": STATUSES, "type": TYPES, "priority": PRIORITIES}
#: A value of `place`, as a caller gives it back.
PLACE = r"[0-9]{15}T-[0-9]{1,18}"

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def place(at: datetime, ticket_no: str = "") -> str:
    """Where a ticket stands: sorts as (time, number); without a number, before all tickets of that millisecond."""
    return f"{(at - _BEGINNING) // _MILLISECOND:015d}{ticket_no}"


def query(filters: Mapping[str, Any], after: str | None) -> tuple[dict[str, Any], str]:
    """The MongoDB filter, and the name of the index that answers it.

    `filters`: status, customer_id, type, category, priority, reference (values), created_from (inclusive), created_to
    (exclusive).
    """
    wanted = {name: value for name, value in filters.items() if name not in ("created_from", "created_to")}
    index = _index(wanted)
    for name in INDEXES[index]:
        if name in ALL_VALUES and name not in wanted:
            wanted[name] = {"$in": list(ALL_VALUES[name])}
    ends = _ends(filters, after)
    return {**wanted, **({"place": ends} if ends else {})}, index


def _index(wanted: Mapping[str, Any]) -> str:
    if "reference" in wanted:
        return "of_reference"
    if "customer_id" in wanted:
        return "of_customer"
    if "category" in wanted:
        return "of_category"
    return "of_kind" if wanted else "newest"


def _ends(filters: Mapping[str, Any], after: str | None) -> dict[str, str]:
    until = [end for end in (_place_of(filters, "created_to"), after) if end is not None]
    since = _place_of(filters, "created_from")
    ends = {"$lt": min(until)} if until else {}
    return ends | ({"$gte": since} if since is not None else {})


def _place_of(filters: Mapping[str, Any], name: str) -> str | None:
    return place(filters[name]) if filters.get(name) is not None else None
