"""Weekly hours: any number of spans, past midnight, all day, closed, always."""

from datetime import timedelta

from shared.business_time import due, elapsed, is_open, next_close, next_open
from tests.unit.shared.business_time.builders import ALWAYS, HOUR, OFFICE, a_calendar, hours, local, utc

# 2026-03-02 is a Monday
MONDAY, SATURDAY = "2026-03-02", "2026-03-07"


def test_a_lunch_break_does_not_count() -> None:
    assert elapsed(a_calendar(), local(f"{MONDAY} 11:00"), local(f"{MONDAY} 14:30")) == hours(2)


def test_a_day_of_three_shifts_counts_each() -> None:
    calendar = a_calendar(week={"mon": ["06:00-09:00", "11:00-14:00", "17:00-20:15"]})
    assert elapsed(calendar, local(f"{MONDAY} 00:00"), local("2026-03-03 00:00")) == hours(9.25)


def test_a_day_may_have_24_spans() -> None:
    calendar = a_calendar(week={"mon": [f"{hour:02}:00-{hour:02}:30" for hour in range(24)]})
    assert elapsed(calendar, local(f"{MONDAY} 00:00"), local("2026-03-03 00:00")) == hours(12)


def test_spans_may_be_declared_in_any_order() -> None:
    calendar = a_calendar(week={"mon": ["17:00-20:00", "06:00-09:00"]})
    assert next_open(calendar, local(f"{MONDAY} 00:00")) == local(f"{MONDAY} 06:00")


def test_a_weekend_is_closed() -> None:
    assert due(a_calendar(), local("2026-03-06 17:00"), 2 * HOUR) == local("2026-03-09 09:30")


def test_an_empty_weekday_is_closed() -> None:
    calendar = a_calendar(week=OFFICE | {"wed": []})
    assert elapsed(calendar, local("2026-03-04 00:00"), local("2026-03-05 00:00")) == timedelta()


def test_a_span_past_midnight_runs_into_the_next_day() -> None:
    calendar = a_calendar(week={"fri": ["22:00-06:00"]})
    assert elapsed(calendar, local("2026-03-06 23:00"), local("2026-03-07 12:00")) == hours(7)
    assert next_close(calendar, local("2026-03-07 00:00")) == local("2026-03-07 06:00")


def test_a_span_past_midnight_loses_no_minute_there() -> None:
    calendar = a_calendar(week={"fri": ["22:00-06:00"]})
    assert due(calendar, local("2026-03-06 23:59"), 120) == local("2026-03-07 00:01")


def test_a_sunday_night_runs_into_monday() -> None:
    calendar = a_calendar(week={"sun": ["22:00-06:00"]})
    assert is_open(calendar, local(f"{MONDAY} 05:59"))
    assert not is_open(calendar, local(f"{MONDAY} 06:00"))


def test_a_night_may_end_where_the_next_day_begins() -> None:
    calendar = a_calendar(week={"fri": ["22:00-06:00"], "sat": ["06:00-12:00"]})
    assert next_close(calendar, local("2026-03-06 22:30")) == local("2026-03-07 12:00")


def test_a_span_up_to_midnight_may_be_written_both_ways() -> None:
    assert a_calendar(week={"fri": ["22:00-00:00"]}) == a_calendar(week={"fri": ["22:00-24:00"]})


def test_all_day_has_24_hours() -> None:
    calendar = a_calendar(week={"sat": ["00:00-24:00"]})
    assert elapsed(calendar, local(f"{MONDAY} 00:00"), local("2026-03-09 00:00")) == hours(24)


def test_round_the_clock_every_second_counts() -> None:
    calendar = a_calendar(week=ALWAYS)
    assert due(calendar, utc("2026-12-31 23:59:59"), 400 * 24 * HOUR) == utc("2028-02-04 23:59:59")
    assert is_open(calendar, utc("2026-07-01 00:00"))


def test_round_the_clock_never_closes() -> None:
    assert next_close(a_calendar(week=ALWAYS), utc("2026-07-01 00:00")) is None


def test_round_the_clock_closes_for_a_holiday() -> None:
    calendar = a_calendar(week=ALWAYS, days={"2031-01-28": {"closed": True}})
    assert next_close(calendar, utc("2026-07-01 00:00")) == local("2031-01-28 00:00")
    assert next_open(calendar, local("2031-01-28 00:00")) == local("2031-01-29 00:00")
    assert next_close(calendar, local("2031-01-28 00:00")) is None
