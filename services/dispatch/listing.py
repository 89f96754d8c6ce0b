"""How work is found: in pages, and in the queue. The filter, the index it runs on, and the order. Pure.

Pages show the newest first by `place`, one text made of the opening time and the number, so that a page begins exactly
after the one before it. A filter that is not given stands for all its values: MongoDB merges the few ordered stretches
of the index that this makes, and reads no work order in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch.domain.states import State

#: Index name -> its fields. `of_team` is the queue of a team, too: priority, then oldest.
INDEXES = {
    "of_team": ("state", "team", "priority", "place"),
    "of_agent": ("agent", "state", "priority", "place"),
    "of_customer": ("customer_id", "place"),
    "of_state": ("state", "priority", "place"),
}
PRIORITIES = ("P1", "P2", "P3", "P4")
STATES = tuple(state.value for state in State)
ALL_VALUES = {"state": STATES, "priority": (*PRIORITIES, "")}

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


def place(opened_at: datetime, order_no: str) -> str:
    """Where a work order stands: sorts as (time, number)."""
    return f"{(opened_at - _BEGINNING) // timedelta(milliseconds=1):015d}{order_no}"


def query(filters: Mapping[str, Any], after: str | None) -> tuple[dict[str, Any], str]:
    """The MongoDB filter, and the name of the index that answers it; `filters` are values by field."""
    index = _index(filters)
    unnamed = {name: {"$in": list(ALL_VALUES[name])} for name in INDEXES[index] if name in ALL_VALUES}
    beyond = {"place": {"$lt": after}} if after else {}
    return {**unnamed, **filters, **beyond}, index


def _index(filters: Mapping[str, Any]) -> str:
    for field, index in (("customer_id", "of_customer"), ("agent", "of_agent"), ("team", "of_team")):
        if field in filters:
            return index
    return "of_state"
