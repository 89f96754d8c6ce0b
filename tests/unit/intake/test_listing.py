"""Pages of tickets: order, filters, indexes."""

from __future__ import annotations

import re
from itertools import combinations
from math import prod

import pytest

from services.intake import listing
from tests.unit.intake.builders import NINE, minutes

FILTERS = {"status": "closed", "customer_id": "C-1", "type": "fault", "category": "network", "priority": "P1"}
REFERRED = {**FILTERS, "reference": "INC0000045"}
EVERY_SUBSET = [dict(some) for count in range(7) for some in combinations(REFERRED.items(), count)]


def test_place_sorts_by_time_then_number() -> None:
    places = [listing.place(NINE, "T-100001"), listing.place(NINE, "T-100002"), listing.place(NINE + minutes(1), "T-1")]
    assert places == sorted(places)
    assert listing.place(NINE) < places[0]
    assert all(re.fullmatch(listing.PLACE, place) for place in places)


@pytest.mark.parametrize("filters", EVERY_SUBSET, ids=lambda filters: "+".join(filters) or "none")
def test_every_combination_runs_on_an_index_in_its_order(filters: dict[str, str]) -> None:
    wanted, index = listing.query(filters, None)
    bounds = [wanted.get(name) for name in listing.INDEXES[index] if name != "place"]
    assert None not in bounds
    # a stretch per combination of values; MongoDB merges at most 200 (internalQueryMaxScansToExplode)
    assert prod(len(bound["$in"]) if isinstance(bound, dict) else 1 for bound in bounds) <= 200
    assert {name: value for name, value in wanted.items() if not isinstance(value, dict)} == filters


def test_time_and_cursor_are_one_range() -> None:
    cursor = listing.place(NINE, "T-100007")
    times = {"created_from": NINE - minutes(5), "created_to": NINE + minutes(5)}
    assert listing.query(times, cursor)[0] == {"place": {"$gte": listing.place(NINE - minutes(5)), "$lt": cursor}}
    assert listing.query(times, None)[0]["place"]["$lt"] == listing.place(NINE + minutes(5))
    assert listing.query({}, None) == ({}, "newest")
