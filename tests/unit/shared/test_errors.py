from __future__ import annotations

import json

import pytest

from shared.errors import (
    CATALOGUE,
    Conflict,
    Forbidden,
    IllegalMove,
    LoopdeskError,
    NotFound,
    Unavailable,
    ValidationError,
    from_wire,
)

ALL = [
    ValidationError({"a.b": ["Too long."], "c": ["Missing.", "Odd."]}),
    NotFound("work order", "W-1"),
    Conflict("somebody was there first", rule="expected_version", version=3),
    IllegalMove("not from closed", rule="moves", state="closed"),
    Forbidden("lacks the permission", permission="work"),
    Unavailable("away"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.code)
def test_an_error_arrives_as_it_left(error: LoopdeskError) -> None:
    arrived = from_wire(json.loads(json.dumps(error.to_wire())))
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.message, arrived.details) == (str(error), error.message, error.details)


def test_every_code_of_the_catalogue_is_tried_above() -> None:
    assert {error.code for error in ALL} == set(CATALOGUE)


def test_the_form_on_the_wire() -> None:
    assert NotFound("ticket", "T-1").to_wire() == {
        "exc_type": "NotFound",
        "exc_path": "loopdesk.NotFound",
        "exc_args": ["no ticket 'T-1'"],
        "value": "no ticket 'T-1'",
        "details": {"what": "ticket", "key": "T-1"},
    }


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        ({"rota": "nope", "name": "x"}, {"field": "rota"}),
        ({"teams": ["it", "nope"]}, {"field": "teams"}),
        ({"skills": {"nope": 3}}, {"field": "skills"}),
        ({"agent": "nope", "to": "nope"}, {}),
        ({"reason": "not nope", "count": 3, "team": None}, {}),
    ],
)
def test_what_is_not_found_names_the_field_of_the_request_if_just_one_has_it(
    request_: dict[str, object], place: dict[str, str]
) -> None:
    assert NotFound("thing", "nope").named_in(request_).details == {"what": "thing", "key": "nope", **place}


def test_a_field_that_a_rule_has_named_stays() -> None:
    missing = NotFound("agent", "a1")
    missing.details["field"] = "to"

    assert missing.named_in({"agent": "a1"}).details["field"] == "to"


def test_a_validation_error_names_its_fields_in_its_message() -> None:
    error = ValidationError({"b": ["Bad."], "a": ["Missing."]})
    assert str(error) == "a: Missing.; b: Bad."
    assert error.fields == {"a": ["Missing."], "b": ["Bad."]}


def test_a_subclass_travels_as_its_kind() -> None:
    class NotWithdrawable(IllegalMove):
        def __init__(self, ticket_no: str) -> None:
            super().__init__(f"{ticket_no} is closed", rule="moves")

    arrived = from_wire(NotWithdrawable("T-1").to_wire())
    assert type(arrived) is IllegalMove
    assert str(arrived) == "T-1 is closed"


@pytest.mark.parametrize("wire", [{}, {"exc_type": "KeyError", "value": "x"}, {"exc_type": None}])
def test_an_unknown_code_is_unavailable(wire: dict[str, object]) -> None:
    assert type(from_wire(wire)) is Unavailable
