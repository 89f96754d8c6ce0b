"""What is told at once of a step that cannot be completed as given, when it is the last one."""

import pytest

from services.dispatch import domain
from shared.errors import ValidationError
from tests.unit.dispatch.builders import NINE
from tests.unit.dispatch.courses import approved, done, given_out

MISSING = ["This was the last step: say what was done."]


def refused(**given):
    """What is wrong with completing `check`, which ends the work if it works, else leads back."""
    order = given_out(done(approved(), "fix"))
    with pytest.raises(ValidationError) as error:
        domain.complete_step(order, NINE, step="check", **given)
    return error.value.fields


def test_a_missing_solution_is_told_with_the_fields_at_fault_where_the_work_surely_ends():
    assert refused(fields={"works": True, "colour": "red"}) == {
        "fields.colour": ["step check has no such field; it has works"],
        "solution": MISSING,
    }


def test_a_missing_solution_is_told_with_the_fee_at_fault():
    assert refused(fields={"works": True}, fee={"amount": "5"}) == {
        "fee.amount": ["step check has no fee"],
        "solution": MISSING,
    }


def test_a_missing_solution_waits_for_a_field_at_fault_that_decides_whether_the_work_ends():
    assert refused(fields={"works": "yes"}) == {"fields.works": ["must be true or false"]}


def test_no_solution_is_asked_for_where_the_work_goes_on():
    assert refused(fields={"works": False, "colour": "red"}) == {
        "fields.colour": ["step check has no such field; it has works"]
    }


def test_a_solution_that_is_there_is_not_asked_for():
    assert list(refused(fields={"works": True, "colour": "red"}, solution="Mended")) == ["fields.colour"]
