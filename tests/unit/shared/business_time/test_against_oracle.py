"""Ours against the oracle: random calendars and instants, and second by second near clock changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.business_time import Calendar, due, elapsed, intervals, is_open, next_close, next_open
from tests.unit.shared.business_time import strategies
from tests.unit.shared.business_time.builders import ALWAYS, OFFICE
from tests.unit.shared.business_time.oracle import Oracle, changes_in, instant

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
LONG = timedelta(days=60)  # as far as the oracle walks
SOME_PLACES = [place for place in strategies.PLACES if place[0] != "UTC"]


def agree(case: tuple[dict[str, Any], datetime], span: timedelta, length: timedelta) -> None:
    body, start = case
    calendar, oracle = Calendar.from_dict("random", body), Oracle(body)
    end, limit = start + length, start + LONG
    assert is_open(calendar, start) == oracle.is_open(start)
    assert elapsed(calendar, start, end) == oracle.elapsed(start, end)
    assert list(intervals(calendar, start, end)) == oracle.intervals(start, end)
    within(limit, lambda: due(calendar, start, span), oracle.due(start, span, limit))
    within(limit, lambda: next_open(calendar, start), oracle.next_open(start, limit))
    within(limit, lambda: next_close(calendar, start), oracle.next_close(start, limit))


def within(limit: datetime, ours: Callable[[], datetime | None], expected: datetime | None) -> None:
    """Ours is the oracle's answer; where that found none up to the limit, ours is none or at least as late."""
    found = ours()
    if expected is None:
        assert found is None or found >= limit
    else:
        assert found == expected


LENGTHS = st.one_of(st.integers(0, 5), st.integers(0, 86_400), st.integers(0, 40 * 86_400)).map(
    lambda seconds: timedelta(seconds=seconds)
)


@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@given(strategies.cases(), strategies.spans(), LENGTHS)
def test_every_answer_is_the_oracles(case: Any, span: timedelta, length: timedelta) -> None:
    agree(case, span, length)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None, suppress_health_check=SLOW)
@given(strategies.cases(), strategies.spans(), LENGTHS)
def test_every_answer_is_the_oracles_ten_thousand_times(case: Any, span: timedelta, length: timedelta) -> None:
    agree(case, span, length)


def near_change(zone: str, change: datetime, week: dict[str, list[str]], reach: int) -> None:
    """Each second around the change: open or not, and the seconds counted so far."""
    body = {"name": "each second", "zone": zone, "week": week}
    calendar, oracle = Calendar.from_dict("seconds", body), Oracle(body)
    start = change - timedelta(seconds=reach)
    counted = 0
    for second in range(2 * reach):
        at = start + timedelta(seconds=second)
        expected = oracle.is_open(at)
        assert is_open(calendar, at) == expected, at
        assert elapsed(calendar, start, at) == timedelta(seconds=counted), at
        counted += expected


BUSY = {
    weekday: ["23:15-00:05", "00:20-00:59", "01:00-01:30", "01:45-02:10", "02:20-02:40", "03:00-03:30"]
    for weekday in OFFICE | ALWAYS
}


def changes(places: list[tuple[str, int]]) -> list[tuple[str, datetime]]:
    return [
        (zone, instant(second * 1_000_000)) for zone, year in places for second in changes_in(ZoneInfo(zone), year)[:2]
    ]


GATE = changes([place for place in SOME_PLACES if place[0] in ("Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia")])


@pytest.mark.parametrize(("zone", "change"), GATE)
def test_each_second_around_a_clock_change_is_the_oracles(zone: str, change: datetime) -> None:
    near_change(zone, change, BUSY, 4500)


@pytest.mark.deep
@pytest.mark.parametrize(("zone", "change"), changes(SOME_PLACES))
def test_each_second_of_half_a_day_around_a_clock_change_is_the_oracles(zone: str, change: datetime) -> None:
    near_change(zone, change, BUSY, 6 * 3600)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"])
def test_three_years_are_the_oracles(zone: str) -> None:
    body = {"name": "years", "zone": zone, "week": OFFICE, "days": {"2012-02-29": {"closed": True}}}
    calendar, oracle = Calendar.from_dict("years", body), Oracle(body)
    start, end = datetime(2010, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2013, 1, 5, tzinfo=UTC)
    assert elapsed(calendar, start, end) == oracle.elapsed(start, end)


DATES = st.dates(datetime(1971, 1, 1).date(), datetime(2190, 1, 1).date()).map(
    lambda day: datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
)


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(strategies.cases(), st.lists(DATES, min_size=3, max_size=3))
def test_time_adds_up_over_any_number_of_years(case: Any, moments: list[datetime]) -> None:
    calendar = Calendar.from_dict("random", case[0])
    first, second, third = sorted(moments)
    total = elapsed(calendar, first, third)
    assert elapsed(calendar, first, second) + elapsed(calendar, second, third) == total


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(strategies.cases(), st.lists(DATES, min_size=2, max_size=2))
def test_due_is_the_first_instant_by_which_so_much_time_has_passed(case: Any, moments: list[datetime]) -> None:
    calendar = Calendar.from_dict("random", case[0])
    first, last = sorted(moments)
    total = elapsed(calendar, first, last)
    if timedelta() < total <= timedelta(days=36_525):
        at = due(calendar, first, total)
        assert at <= last
        assert elapsed(calendar, first, at) == total
        assert elapsed(calendar, first, at - timedelta(microseconds=1)) == total - timedelta(microseconds=1)
