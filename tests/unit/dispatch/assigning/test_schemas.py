"""What is asked of a choice."""

import pytest

from services.dispatch.schemas.assigning import ExplainAssignment
from shared.errors import ValidationError
from shared.schemas import load


@pytest.mark.parametrize("named", [{"order_no": "W-1"}, {"ticket_no": "T-1"}, {"reference": "INC0000045"}])
def test_work_is_named_in_one_of_three_ways_and_how_it_stands_now_is_meant(named):
    assert load(ExplainAssignment, named) == {**named, "assignment": None, "step": None}


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({}, "order_no"),
        ({"order_no": "W-1", "ticket_no": "T-1"}, "order_no"),
        ({"order_no": "W-1", "assignment": 1, "step": "survey"}, "step"),
        ({"order_no": "W-1", "assignment": 0}, "assignment"),
        ({"order_no": "W-1", "assignment": "2"}, "assignment"),
        ({"order_no": "W-1", "agent": "it.01"}, "agent"),
    ],
)
def test_anything_else_is_refused_with_its_place(asked, wrong):
    with pytest.raises(ValidationError) as refused:
        load(ExplainAssignment, asked)
    assert list(refused.value.fields) == [wrong]
