import pytest

from services.dispatch.domain.work.turn import place
from services.dispatch.listing import FILTERS, INDEXES, PRIORITIES, STATES, query
from tests.unit.dispatch.builders import NINE, after


def test_places_sort_by_time_and_then_by_number():
    assert sorted([place(after(seconds=1), "W-1"), place(NINE, "W-3"), place(NINE, "W-2")]) == [
        place(NINE, "W-2"),
        place(NINE, "W-3"),
        place(after(seconds=1), "W-1"),
    ]


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "of_state"),
        ({"priority": "P1"}, "of_state"),
        ({"team": "it", "priority": "P1"}, "of_team"),
        ({"team": "it", "agent": "a1"}, "of_agent"),
        ({"agent": "a1", "customer_id": "C-1"}, "of_customer"),
        ({"customer_id": "C-1", "reference": "INC1"}, "of_reference"),
        ({"flow": "repair", "state": "queued"}, "of_flow"),
        ({"flow": "repair", "step": "triage"}, "of_step"),
    ],
)
def test_the_narrowest_index_is_used(filters, index):
    assert query(filters, None)[1] == index


def test_a_filter_that_is_not_given_stands_for_all_its_values():
    wanted, _ = query({"team": "it"}, None)

    assert wanted == {"teams": "it", "state": {"$in": list(STATES)}, "priority": {"$in": [*PRIORITIES, ""]}}


def test_a_page_begins_after_the_last_place_of_the_one_before():
    assert query({"customer_id": "C-1"}, "063908067600000W-1")[0]["place"] == {"$lt": "063908067600000W-1"}


def test_no_query_makes_more_stretches_of_an_index_than_the_database_merges():
    assert len(STATES) * (len(PRIORITIES) + 1) <= 200
    assert all(INDEXES[index][-1] == "place" for _, index in FILTERS.values())
