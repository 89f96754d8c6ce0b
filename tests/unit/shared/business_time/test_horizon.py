"""The horizon: what is provisional, and what extending it may change."""

from typing import Any

import pytest

from shared.business_time import Calendar, extends, horizon_of, is_provisional
from tests.unit.shared.business_time.builders import OFFICE, a_calendar, utc

HOLIDAY = {"2026-10-01": {"closed": True, "name": "国庆节"}}


def known_to(horizon: str | None, **changes: Any) -> Calendar:
    return a_calendar(**{"days": HOLIDAY, "horizon": horizon} | changes)


def test_from_the_horizons_local_midnight_on_all_is_provisional() -> None:
    calendar = known_to("2027-01-01")
    assert horizon_of(calendar) == utc("2026-12-31 16:00")
    assert not is_provisional(calendar, utc("2026-12-31 15:59:59"))
    assert is_provisional(calendar, utc("2026-12-31 16:00"))


def test_without_a_horizon_nothing_is_provisional() -> None:
    assert horizon_of(known_to(None)) is None
    assert not is_provisional(known_to(None), utc("2200-12-31 00:00"))


def test_a_midnight_that_is_skipped_is_the_instant_of_the_change() -> None:
    assert horizon_of(known_to("2018-11-04", zone="America/Sao_Paulo")) == utc("2018-11-04 03:00")


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    assert horizon_of(known_to("2026-11-01", zone="America/Havana")) == utc("2026-11-01 04:00")


OLD = known_to("2027-01-01")
MORE = {"2027-01-01": {"closed": True}, "2027-01-02": {"as": "fri"}}


def test_a_later_horizon_with_more_days_extends() -> None:
    assert extends(known_to("2028-01-01", days=HOLIDAY | MORE), OLD)
    assert extends(known_to("2028-01-01"), OLD)
    assert extends(known_to(None, days=HOLIDAY | MORE), OLD)


def test_days_at_or_after_the_old_horizon_may_change() -> None:
    old = known_to("2027-01-01", days=HOLIDAY | MORE)
    assert extends(known_to("2028-01-01", days=HOLIDAY | {"2027-01-01": {"open": ["10:00-11:00"]}}), old)


@pytest.mark.parametrize("horizon", ["2026-12-31", "2027-01-01"])
def test_the_same_or_an_earlier_horizon_does_not_extend(horizon: str) -> None:
    assert not extends(known_to(horizon, days=HOLIDAY | MORE), OLD)


def test_what_is_known_for_ever_is_not_extended() -> None:
    assert not extends(known_to("2028-01-01"), known_to(None))
    assert not extends(known_to(None), known_to(None))


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "Asia/Hong_Kong"},
        {"week": OFFICE | {"sat": ["09:00-12:00"]}},
        {"working_day": "8h"},
        {"days": {}},
        {"days": HOLIDAY | {"2026-12-31": {"closed": True}}},
        {"days": HOLIDAY | {"2026-12-30": {"closed": True}}},
        {"days": HOLIDAY | {"2026-01-01": {"closed": True}}},
        {"days": HOLIDAY | {"2026-12-31": {"without": ["17:00-24:00"]}}},
    ],
)
def test_a_change_before_the_old_horizon_does_not_extend(changes: dict[str, Any]) -> None:
    assert not extends(known_to("2028-01-01", **changes), OLD)


def test_other_words_for_the_same_hours_extend() -> None:
    days = {"2026-10-01": {"closed": True}, "2026-10-02": {"as": "thu"}, "2026-10-03": {"without": ["09:00-10:00"]}}
    assert extends(known_to("2028-01-01", days=days, name="Other words"), OLD)


def test_a_night_may_be_cut_after_the_horizons_midnight_but_not_before() -> None:
    night = {"week": {"thu": ["22:00-06:00"]}}  # 2026-12-31 is a Thursday
    old = known_to("2027-01-01", **night)
    after = {"2027-01-01": {"without": ["00:00-24:00"]}}
    before = {"2026-12-31": {"without": ["23:00-24:00"]}}
    assert extends(known_to("2028-01-01", days=HOLIDAY | after, **night), old)
    assert not extends(known_to("2028-01-01", days=HOLIDAY | before, **night), old)
