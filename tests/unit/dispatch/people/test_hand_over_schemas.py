import pytest

from services.dispatch.schemas.handover import HandOver
from shared.errors import ValidationError
from shared.schemas import load

ASKED = {"agent": "a1", "to": "a2", "reason": "leave", "until": "2026-03-09T00:00:00Z"}


@pytest.mark.parametrize("place", ["since", "until"])
@pytest.mark.parametrize("at", ["9999-12-31T00:00:00Z", "1900-01-01T00:00:00Z"])
def test_a_hand_over_lies_in_the_years_that_calendars_know(place, at):
    with pytest.raises(ValidationError) as refused:
        load(HandOver, ASKED | {place: at})

    assert list(refused.value.fields) == [place]


def test_one_that_begins_now_names_no_start():
    assert load(HandOver, ASKED)["since"] is None
