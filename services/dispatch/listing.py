"""How work is found: in pages, and in the queue. The filter, the index it runs on, and the order. Pure.

Pages show the newest first by `place`, one text made of the opening time and the number, so that a page begins exactly
after the one before it. A filter that is not given stands for all its values: MongoDB merges the few ordered stretches
of the index that this makes, and reads no work order in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch.domain.work.states import State

#: Index name -> its fields.
INDEXES = {
    "of_step": ("steps", "state", "priority", "place"),
    "of_reference": ("reference", "place"),
    "of_customer": ("customer_id", "place"),
    "of_agent": ("agents", "state", "priority", "place"),
    "of_team": ("teams", "state", "priority", "place"),
    "of_principal": ("acting", "place"),  # open work that somebody has for somebody else
    "of_flow": ("flow.code", "state", "priority", "place"),
    "of_state": ("state", "priority", "place"),
    "of_parent": ("parent", "place"),
    "of_mass_incident": ("mass_incident",),  # the open ones, the oldest first
    # waiting work: what is to be given out first; the other fields keep what nobody free may have from being read
    "of_queue": ("queues", "turn", "type", "channel", "asked.language", "asked.subject"),
    # by why nobody at all can take it, and what of it has alarmed somebody; the first of it in its queue first
    "of_stranded": ("stranded", "replay_until", "turn"),
    "of_alarm": ("alarms", "replay_until"),
    "of_list": ("lists", "act_by"),  # supervisors' worklists (worklists.py)
}
#: Of these indexes, the first field; only work that has something there stands in them.
PARTIAL = {
    index: INDEXES[index][0]
    for index in (
        *("of_step", "of_reference", "of_flow", "of_parent", "of_mass_incident", "of_queue", "of_principal"),
        *("of_stranded", "of_alarm", "of_list"),
    )
}
#: Filter -> the field that it is about, the index that answers it; of several filters, the first one's.
FILTERS = {
    "step": ("steps", "of_step"),
    "reference": ("reference", "of_reference"),
    "parent": ("parent", "of_parent"),
    "customer_id": ("customer_id", "of_customer"),
    "agent": ("agents", "of_agent"),
    "team": ("teams", "of_team"),
    "flow": ("flow.code", "of_flow"),
    "state": ("state", "of_state"),
    "priority": ("priority", "of_state"),
}
PRIORITIES = ("P1", "P2", "P3", "P4")
STATES = tuple(state.value for state in State)
ALL_VALUES = {"state": STATES, "priority": (*PRIORITIES, "")}


def query(filters: Mapping[str, Any], after: str | None) -> tuple[dict[str, Any], str]:
    """The MongoDB filter, and the name of the index that answers it; `filters`: name (`FILTERS`) -> value."""
    index = next((index for name, (_, index) in FILTERS.items() if name in filters), "of_state")
    unnamed = {name: {"$in": list(ALL_VALUES[name])} for name in INDEXES[index] if name in ALL_VALUES}
    beyond = {"place": {"$lt": after}} if after else {}
    wanted = {FILTERS[name][0]: value for name, value in filters.items()}
    return {**unnamed, **wanted, **beyond}, index
