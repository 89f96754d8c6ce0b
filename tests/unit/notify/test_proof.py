"""Whom a broadcast has reached: households, or customers where no household is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.notify.domain.proof import Missed, Reach, Told, missed, refused, total

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_row(recipient: str = "customer:1", **fields: Any) -> Told:
    usual = {"area": "north", "household": None, "reached_at": None, "state": "failed", "detail": None}
    return Told(**{**usual, "recipient": recipient, "channel": "sms", **fields})


def the_missed(*rows: Told) -> list[Missed]:
    return [one for _, one in missed(rows) if one is not None]


def test_a_household_is_reached_with_the_first_of_its_people() -> None:
    assert the_missed(a_row("a", household="H", reached_at=NOON, state="sent"), a_row("b", household="H")) == []


def test_a_household_that_nothing_reached_is_one_with_all_its_people() -> None:
    (one,) = the_missed(a_row("a", household="H"), a_row("b", household="H"))
    assert (one.household, one.recipients) == ("H", ("a", "b"))


def test_without_a_household_everybody_counts_for_themselves() -> None:
    assert [one.recipients for one in the_missed(a_row("a"), a_row("b"))] == [("a",), ("b",)]


def test_the_same_household_code_in_two_areas_is_two() -> None:
    assert len(the_missed(a_row("a", household="H"), a_row("b", household="H", area="south"))) == 2


def test_who_wants_none_is_not_missed_unless_somebody_else_of_the_household_is() -> None:
    out = {"state": "cancelled", "detail": "opted_out", "household": "H"}
    assert the_missed(a_row("a", **out)) == []
    assert len(the_missed(a_row("a", **out), a_row("b", household="H"))) == 1


@pytest.mark.parametrize("detail", ["superseded", "broadcast_ended", None])
def test_what_was_cancelled_for_another_reason_was_to_be_told(detail: str | None) -> None:
    assert not refused(a_row(state="cancelled", detail=detail))


@pytest.mark.parametrize(
    ("row", "may"),
    [
        (a_row(), True),
        (a_row(state="unknown"), True),
        (a_row(state="held"), False),
        (a_row(state="handed_over"), False),
        (a_row(channel="call"), False),
    ],
)
def test_who_may_be_called_is_who_nothing_else_will_reach(row: Told, may: bool) -> None:
    (one,) = the_missed(row)
    assert one.may_be_called is may


def test_rates_are_shares_of_those_to_be_reached() -> None:
    area = Reach("north", to_reach=8, reached=6, on_time=4, refused=2)
    assert (area.reached_rate, area.on_time_rate) == (0.75, 0.5)


def test_of_nobody_there_is_no_rate() -> None:
    nobody = Reach("north", to_reach=0, reached=0, on_time=0)
    assert (nobody.reached_rate, nobody.on_time_rate) == (None, None)


def test_all_areas_together_are_on_time_only_where_all_were_promised_something() -> None:
    north, south = Reach("north", 4, 3, 2), Reach("south", 6, 5, 5)
    assert total([north, south]) == Reach(None, 10, 8, 7)
    assert total([north, Reach("south", 6, 5, None)]) == Reach(None, 10, 8, None)
