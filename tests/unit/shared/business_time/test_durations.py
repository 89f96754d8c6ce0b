"""Durations as policies and flows write them."""

from datetime import timedelta
from typing import Any

import pytest

from shared.business_time import duration
from tests.unit.shared.business_time.builders import a_calendar, hours


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", timedelta()),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", hours(4)),
        ("3d", hours(72)),
        ("1h 30m", hours(1.5)),
        ("1h30m", hours(1.5)),
        ("2wd", hours(16)),
        ("1wd 4h", hours(12)),
        ("36525d", timedelta(days=36_525)),
    ],
)
def test_a_duration_is_business_time(text: str, expected: timedelta) -> None:
    assert duration(text, hours(8)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "h",
        "-4h",
        "1.5h",
        "4 h",
        "4H",
        "4h  30m",
        "4h ",
        "4h 2h",
        "1w",
        "36526d",
        "99999999999h",
        "٤h",
        4,
        None,
    ],
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|twice|100 years"):
        duration(text, hours(8))


def test_working_days_need_a_calendar_that_declares_one() -> None:
    with pytest.raises(ValueError, match="declares no working_day"):
        duration("2wd", None)


def test_a_calendar_says_what_a_working_day_is() -> None:
    assert a_calendar(working_day="7h 30m").working_day == hours(7.5)
    assert a_calendar(working_day="24h").working_day == hours(24)
    assert a_calendar().working_day is None
