"""What may be asked of a service's check of its histories."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import ValidationError
from shared.history import PAGE
from shared.schemas import load
from shared.verification import VerifyHistory

PLACE = {"collection": "things", "id": "T-1"}


def test_all_of_it_may_be_left_out() -> None:
    assert load(VerifyHistory, {}) == {"after": None, "until": None, "anchored": [], "limit": PAGE}


def test_places_and_anchors_are_taken() -> None:
    asked = {"after": PLACE | {"id": ""}, "until": PLACE, "anchored": [PLACE | {"number": 0}], "limit": 1}
    assert load(VerifyHistory, asked) == asked


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": PAGE + 1}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"after": "T-1"}, "after"),
        ({"after": {"id": "T-1"}}, "after.collection"),
        ({"until": PLACE | {"number": 1}}, "until.number"),
        ({"anchored": [PLACE | {"number": -1}]}, "anchored.0.number"),
        ({"anchored": [PLACE]}, "anchored.0.number"),
        ({"anchored": [PLACE | {"number": 1}] * (PAGE + 1)}, "anchored"),
        ({"before": PLACE}, "before"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(asked: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(VerifyHistory, asked)
    assert list(refused.value.fields) == [path]
