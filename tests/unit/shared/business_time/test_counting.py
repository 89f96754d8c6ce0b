"""Starts, dues, closings: what counts from when to when."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.business_time import due, elapsed, intervals, is_open, next_close, next_open
from shared.errors import ValidationError
from tests.unit.shared.business_time.builders import ALWAYS, HOUR, a_calendar, hours, local, utc

# 2026-03-02 is a Monday; open 08:30-12:00 and 13:30-18:00


def test_a_start_outside_hours_counts_from_the_next_opening() -> None:
    assert due(a_calendar(), local("2026-03-02 12:15"), HOUR) == local("2026-03-02 14:30")


def test_a_due_time_on_a_closing_is_that_closing() -> None:
    assert due(a_calendar(), local("2026-03-02 08:30"), 3 * HOUR + 1800) == local("2026-03-02 12:00")
    assert due(a_calendar(), local("2026-03-02 08:30"), 8 * HOUR) == local("2026-03-02 18:00")


def test_a_second_more_is_after_the_next_opening() -> None:
    assert due(a_calendar(), local("2026-03-02 08:30"), 8 * HOUR + 1) == local("2026-03-03 08:30:01")


def test_a_due_time_on_a_closing_at_the_end_of_a_year_is_that_closing() -> None:
    calendar = a_calendar(zone="UTC", week={"thu": ["22:00-24:00"], "mon": ["08:00-09:00"]})
    assert due(calendar, utc("2026-12-31 00:00"), 2 * HOUR) == utc("2027-01-01 00:00")
    assert due(calendar, utc("2026-01-01 00:00"), (53 * 2 + 52) * HOUR) == utc("2027-01-01 00:00")


def test_zero_is_the_start_when_open() -> None:
    assert due(a_calendar(), local("2026-03-02 09:00"), 0) == local("2026-03-02 09:00")


def test_zero_is_the_next_opening_when_closed() -> None:
    assert due(a_calendar(), local("2026-03-02 12:00"), 0) == local("2026-03-02 13:30")


def test_at_an_opening_it_is_open_and_at_a_closing_not() -> None:
    calendar = a_calendar()
    assert is_open(calendar, local("2026-03-02 08:30"))
    assert not is_open(calendar, local("2026-03-02 08:29:59.999999"))
    assert is_open(calendar, local("2026-03-02 11:59:59.999999"))
    assert not is_open(calendar, local("2026-03-02 12:00"))


def test_the_next_opening_is_now_when_open() -> None:
    assert next_open(a_calendar(), local("2026-03-02 09:00")) == local("2026-03-02 09:00")


def test_the_next_closing_at_a_closing_is_the_one_after_it() -> None:
    assert next_close(a_calendar(), local("2026-03-02 12:00")) == local("2026-03-02 18:00")


def test_nothing_elapses_while_closed() -> None:
    assert elapsed(a_calendar(), local("2026-03-02 12:00"), local("2026-03-02 13:30")) == timedelta()


def test_nothing_elapses_in_no_time() -> None:
    assert elapsed(a_calendar(), local("2026-03-02 09:00"), local("2026-03-02 09:00")) == timedelta()


def test_it_counts_to_the_microsecond() -> None:
    calendar = a_calendar()
    start = local("2026-03-02 11:59:59.999998")
    assert elapsed(calendar, start, local("2026-03-03 08:30:00.000001")) == hours(4.5) + timedelta(microseconds=3)
    assert due(calendar, start, timedelta(microseconds=3)) == local("2026-03-02 13:30:00.000001")


def test_a_span_over_many_years_counts_each() -> None:
    calendar = a_calendar(zone="UTC", week={"mon": ["08:00-09:00"]})
    assert due(calendar, utc("1999-12-27 08:00"), 1000 * HOUR) == utc("2019-02-18 09:00")
    assert elapsed(calendar, utc("1999-12-27 08:00"), utc("2019-02-18 09:00")) == hours(1000)


def test_years_may_be_asked_for_in_any_order() -> None:
    calendar = a_calendar(zone="UTC", week={"tue": ["08:00-09:00"]})
    assert elapsed(calendar, utc("2026-01-01 00:00"), utc("2028-01-01 00:00")) == hours(104)
    assert elapsed(calendar, utc("2020-01-01 00:00"), utc("2022-01-01 00:00")) == hours(104)
    assert elapsed(calendar, utc("2020-01-01 00:00"), utc("2035-01-01 00:00")) == hours(782)
    assert elapsed(calendar, utc("2026-01-01 00:00"), utc("2028-01-01 00:00")) == hours(104)


def test_instants_of_any_zone_are_answered_in_utc() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=timezone(hours(8)))
    found = due(a_calendar(), at, HOUR)
    assert found == utc("2026-03-02 02:00")
    assert found.tzinfo is UTC
    assert next_open(a_calendar(), at).tzinfo is UTC  # type: ignore[union-attr]


def test_intervals_cover_the_time_by_turns() -> None:
    found = intervals(a_calendar(), local("2026-03-02 08:00"), local("2026-03-02 13:45"))
    assert list(found) == [
        (local("2026-03-02 08:00"), local("2026-03-02 08:30"), False),
        (local("2026-03-02 08:30"), local("2026-03-02 12:00"), True),
        (local("2026-03-02 12:00"), local("2026-03-02 13:30"), False),
        (local("2026-03-02 13:30"), local("2026-03-02 13:45"), True),
    ]


def test_intervals_of_no_time_are_none() -> None:
    assert list(intervals(a_calendar(), local("2026-03-02 09:00"), local("2026-03-02 09:00"))) == []


def test_intervals_that_touch_are_one_even_at_a_new_year() -> None:
    start, end = utc("2025-06-01 00:00"), utc("2027-06-01 00:00")
    assert list(intervals(a_calendar(week=ALWAYS), start, end)) == [(start, end, True)]


def test_a_closed_time_over_a_new_year_is_one_interval() -> None:
    calendar = a_calendar(zone="UTC", week={"mon": ["08:00-09:00"]})
    start, end = utc("2026-12-28 09:00"), utc("2027-01-04 08:00")
    assert list(intervals(calendar, start, end)) == [(start, end, False)]


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(-1, "negative"), (timedelta(microseconds=-1), "negative"), (36_525 * 86_400 + 1, "100 years"), (1.5, "whole")],
)
def test_a_span_that_makes_no_sense_is_refused(seconds: int, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        due(a_calendar(), utc("2026-01-01 00:00"), seconds)
    assert reason in refused.value.fields["seconds"][0]


def test_true_is_no_number_of_seconds() -> None:
    with pytest.raises(ValidationError):
        due(a_calendar(), utc("2026-01-01 00:00"), True)


def test_a_hundred_years_are_allowed() -> None:
    calendar = a_calendar(week=ALWAYS)
    assert due(calendar, utc("2000-01-01 00:00"), 36_525 * 86_400) == utc("2100-01-01 00:00")


def test_an_end_before_the_start_is_refused() -> None:
    for ask in (elapsed, intervals):
        with pytest.raises(ValidationError) as refused:
            ask(a_calendar(), utc("2026-01-02 00:00"), utc("2026-01-01 00:00"))
        assert list(refused.value.fields) == ["end"]


@pytest.mark.parametrize(
    "at",
    [
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2201, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(hours(8))),
        datetime(2026, 1, 1),
    ],
)
def test_an_instant_out_of_range_or_without_a_zone_is_refused_by_its_name(at: datetime) -> None:
    for ask in (is_open, next_open, next_close):
        with pytest.raises(ValidationError) as refused:
            ask(a_calendar(), at)
        assert list(refused.value.fields) == ["at"]
    with pytest.raises(ValidationError) as refused:
        due(a_calendar(), at, 1)
    assert list(refused.value.fields) == ["start"]


def test_the_first_and_the_last_year_count() -> None:
    calendar = a_calendar(week=ALWAYS)
    assert elapsed(calendar, utc("1970-01-01 00:00"), utc("2200-12-31 00:00")) == timedelta(days=84_370)


def test_time_that_the_calendar_does_not_have_is_refused() -> None:
    once = a_calendar(week={}, days={"2026-10-11": {"open": ["09:00-12:00"]}})
    assert due(once, utc("2000-01-01 00:00"), 3 * HOUR) == local("2026-10-11 12:00")
    for start, seconds in (("2000-01-01 00:00", 3 * HOUR + 1), ("2027-01-01 00:00", 0), ("2200-06-01 00:00", 1)):
        with pytest.raises(ValidationError) as refused:
            due(once, utc(start), seconds)
        assert "'office' has not so much open time before 2201" in refused.value.fields["seconds"][0]


def test_the_last_due_time_is_the_end_of_the_last_year() -> None:
    calendar = a_calendar(week=ALWAYS)
    assert due(calendar, utc("2200-12-31 00:00"), 86_400) == utc("2201-01-01 00:00")
    with pytest.raises(ValidationError):
        due(calendar, utc("2200-12-31 00:00"), 86_401)


def test_an_opening_that_outlasts_the_last_year_has_no_closing() -> None:
    calendar = a_calendar(zone="UTC", week={"wed": ["22:00-06:00"]})  # 2200-12-31 is a Wednesday
    assert next_close(calendar, utc("2200-12-31 12:00")) is None
    assert next_open(calendar, utc("2200-12-31 12:00")) == utc("2200-12-31 22:00")


def test_calendars_are_equal_and_hashed_by_content() -> None:
    assert a_calendar() == a_calendar()
    assert hash(a_calendar()) == hash(a_calendar())
    assert a_calendar() != a_calendar(name="Other hours")
    assert a_calendar() != a_calendar(zone="Asia/Tokyo")
