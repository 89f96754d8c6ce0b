"""Holidays, parts of days, make-up days."""

from datetime import date, timedelta

from shared.business_time import Calendar, day_name, due, elapsed, is_open, next_close, next_open
from tests.unit.shared.business_time.builders import ALWAYS, HOUR, OFFICE, a_calendar, hours, local, utc

# 2026-10-01 is a Thursday


def of_day(calendar: Calendar, day: str) -> timedelta:
    """What is open on the local day."""
    following = date.fromordinal(date.fromisoformat(day).toordinal() + 1)
    return elapsed(calendar, local(f"{day} 00:00"), local(f"{following} 00:00"))


def test_a_holiday_is_closed() -> None:
    calendar = a_calendar(days={"2026-10-01": {"closed": True, "name": "国庆节"}})
    assert due(calendar, local("2026-09-30 17:00"), 2 * HOUR) == local("2026-10-02 09:30")


def test_a_make_up_day_takes_another_weekdays_hours() -> None:
    week = OFFICE | {"fri": ["09:00-15:00"]}
    calendar = a_calendar(week=week, days={"2026-10-10": {"as": "fri", "name": "调休"}})
    assert of_day(calendar, "2026-10-10") == hours(6)


def test_a_make_up_day_takes_a_night_along() -> None:
    calendar = a_calendar(week={"fri": ["22:00-06:00"]}, days={"2026-10-10": {"as": "fri"}})
    assert next_close(calendar, local("2026-10-10 23:00")) == local("2026-10-11 06:00")


def test_a_make_up_day_may_have_its_own_hours() -> None:
    calendar = a_calendar(days={"2026-10-11": {"open": ["09:00-12:00", "13:00-14:00"]}})
    assert of_day(calendar, "2026-10-11") == hours(4)


def test_own_hours_replace_the_weekdays() -> None:
    calendar = a_calendar(days={"2026-10-01": {"open": ["10:00-11:00"]}})
    assert of_day(calendar, "2026-10-01") == hours(1)


def test_a_part_of_a_day_may_be_closed() -> None:
    calendar = a_calendar(days={"2026-12-24": {"without": ["14:00-24:00"]}})
    assert of_day(calendar, "2026-12-24") == hours(4)


def test_a_closed_part_may_split_a_span() -> None:
    calendar = a_calendar(days={"2026-12-24": {"without": ["09:00-10:00"]}})
    assert next_close(calendar, local("2026-12-24 08:30")) == local("2026-12-24 09:00")
    assert next_open(calendar, local("2026-12-24 09:00")) == local("2026-12-24 10:00")


def test_a_closed_part_where_nothing_is_open_changes_nothing() -> None:
    calendar = a_calendar(days={"2026-12-24": {"without": ["12:00-13:30", "20:00-24:00"]}})
    assert calendar.hours == a_calendar().hours


def test_a_closed_part_that_begins_with_a_span_leaves_nothing_of_it() -> None:
    without = a_calendar(days={"2026-12-24": {"without": ["08:30-12:00", "17:00-18:00"]}})
    assert without.hours == a_calendar(days={"2026-12-24": {"open": ["13:30-17:00"]}}).hours


def test_a_make_up_day_may_lack_a_part() -> None:
    calendar = a_calendar(days={"2026-10-10": {"as": "fri", "without": ["08:30-12:00"]}})
    assert of_day(calendar, "2026-10-10") == hours(4.5)


def test_a_holiday_lets_the_night_before_run_to_its_end() -> None:
    calendar = a_calendar(week={"wed": ["22:00-06:00"]}, days={"2026-10-01": {"closed": True}})
    assert next_close(calendar, local("2026-09-30 22:00")) == local("2026-10-01 06:00")


def test_a_closed_part_cuts_the_night_before() -> None:
    calendar = a_calendar(
        week={"wed": ["22:00-06:00"]}, days={"2026-10-01": {"closed": True, "without": ["00:00-24:00"]}}
    )
    assert next_close(calendar, local("2026-09-30 22:00")) == local("2026-10-01 00:00")
    assert not is_open(calendar, local("2026-10-01 03:00"))


def test_a_closed_part_may_interrupt_the_night_before() -> None:
    calendar = a_calendar(week={"wed": ["22:00-06:00"]}, days={"2026-10-01": {"without": ["01:00-02:00"]}})
    assert elapsed(calendar, local("2026-09-30 22:00"), local("2026-10-01 06:00")) == hours(7)
    assert not is_open(calendar, local("2026-10-01 01:30"))


def test_a_closed_part_leaves_the_days_own_night_to_the_next_day() -> None:
    calendar = a_calendar(week={"thu": ["22:00-06:00"]}, days={"2026-10-01": {"without": ["20:00-24:00"]}})
    assert next_open(calendar, local("2026-10-01 12:00")) == local("2026-10-02 00:00")


def test_a_closed_part_may_run_past_midnight_over_both_days() -> None:
    calendar = a_calendar(week=ALWAYS, days={"2026-10-01": {"without": ["22:00-06:00"]}})
    assert next_close(calendar, local("2026-10-01 12:00")) == local("2026-10-01 22:00")
    assert next_open(calendar, local("2026-10-01 22:00")) == local("2026-10-02 06:00")


def test_a_holiday_of_many_days_is_passed_over() -> None:
    days = {f"2026-10-{day:02}": {"closed": True} for day in range(1, 32)}
    assert next_open(a_calendar(days=days), local("2026-09-30 18:00")) == local("2026-11-02 08:30")


def test_a_calendar_of_single_days_opens_on_those_alone() -> None:
    calendar = a_calendar(week={}, days={"2026-10-11": {"open": ["09:00-12:00"]}})
    assert next_open(calendar, local("2020-01-01 00:00")) == local("2026-10-11 09:00")
    assert next_open(calendar, local("2026-10-11 12:00")) is None
    assert next_close(calendar, local("2026-10-11 09:00")) == local("2026-10-11 12:00")
    assert next_close(calendar, local("2026-10-11 12:00")) is None


def test_a_single_night_runs_into_the_new_year() -> None:
    calendar = a_calendar(zone="UTC", week={}, days={"2026-12-31": {"open": ["22:00-06:00"]}})
    assert next_close(calendar, utc("2026-12-31 12:00")) == utc("2027-01-01 06:00")


def test_yaml_may_give_dates_for_dates() -> None:
    as_date = a_calendar(days={date(2026, 10, 1): {"closed": True}}, horizon=date(2027, 1, 1))
    assert as_date == a_calendar(days={"2026-10-01": {"closed": True}}, horizon="2027-01-01")


def test_a_days_name_is_known_for_all_of_the_local_day() -> None:
    calendar = a_calendar(days={"2026-10-01": {"closed": True, "name": "国庆节"}, "2026-10-02": {"closed": True}})
    assert day_name(calendar, local("2026-10-01 00:00")) == "国庆节"
    assert day_name(calendar, local("2026-10-01 23:59:59")) == "国庆节"
    assert day_name(calendar, local("2026-10-02 00:00")) is None
