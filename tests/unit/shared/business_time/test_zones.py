"""Clock changes, half-hour zones, zones that changed their rules."""

from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from zoneinfo import available_timezones

import pytest

from shared.business_time import Calendar, due, elapsed, is_open, next_close, next_open
from tests.unit.shared.business_time.builders import ALWAYS, HOUR, OFFICE, a_calendar, hours, local, utc

BERLIN = "Europe/Berlin"  # 2026-03-29 from 02:00 to 03:00 at 01:00 UTC; 2026-10-25 from 03:00 to 02:00 at 01:00 UTC


def open_on(day: str, zone: str, spans: list[str]) -> Calendar:
    """Open on this one day only, but for one far away: a day may have no length."""
    return a_calendar(zone=zone, week={}, days={day: {"open": spans}, "2050-06-01": {"open": ["09:00-12:00"]}})


def length(calendar: Calendar, day: str) -> timedelta:
    middle = utc(f"{day} 12:00")
    return elapsed(calendar, middle - timedelta(days=3), middle + timedelta(days=3))


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (BERLIN, "2026-10-26", 24),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Antarctica/Troll", "2026-03-29", 22),
        ("America/Sao_Paulo", "2018-11-04", 23),  # 00:00 to 01:00
        ("America/Sao_Paulo", "2018-02-17", 25),  # 24:00 to 23:00
        ("America/Havana", "2026-11-01", 25),  # 01:00 to 00:00: two midnights
        ("Asia/Beirut", "2026-03-29", 23),
        ("Asia/Shanghai", "1986-05-04", 23),  # summer time then
        ("Asia/Kathmandu", "1986-01-01", 23.75),  # from 5:30 to 5:45
        ("Asia/Pyongyang", "2018-05-05", 24),
        ("Asia/Pyongyang", "2018-05-04", 23.5),  # 23:30 to 24:00
        ("Europe/Istanbul", "2016-10-30", 24),  # stayed on summer time for good
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),  # left out
        ("Pacific/Apia", "2011-12-31", 24),
    ],
)
def test_a_whole_day_has_as_many_hours_as_its_clock_showed(zone: str, day: str, expected: float) -> None:
    assert length(open_on(day, zone, ["00:00-24:00"]), day) == hours(expected)


def test_a_span_over_the_skipped_hour_is_an_hour_shorter() -> None:
    assert length(open_on("2026-03-29", BERLIN, ["01:00-04:00"]), "2026-03-29") == hours(2)


def test_a_span_over_the_repeated_hour_is_an_hour_longer() -> None:
    assert length(open_on("2026-10-25", BERLIN, ["01:00-04:00"]), "2026-10-25") == hours(4)


def test_a_span_within_the_skipped_hour_never_is() -> None:
    calendar = open_on("2026-03-29", BERLIN, ["02:10-02:50", "12:00-13:00"])
    assert next_open(calendar, utc("2026-03-29 00:00")) == utc("2026-03-29 10:00")


def test_a_time_that_is_skipped_is_the_instant_of_the_change() -> None:
    calendar = open_on("2026-03-29", BERLIN, ["02:30-05:00"])
    assert next_open(calendar, utc("2026-03-29 00:00")) == utc("2026-03-29 01:00")


def test_a_time_that_comes_twice_is_its_first_occurrence() -> None:
    calendar = open_on("2026-10-25", BERLIN, ["02:10-02:30"])
    assert next_open(calendar, utc("2026-10-25 00:00")) == utc("2026-10-25 00:10")
    assert next_close(calendar, utc("2026-10-25 00:10")) == utc("2026-10-25 00:30")
    assert not is_open(calendar, utc("2026-10-25 01:15"))  # 02:15 again


def test_a_span_that_begins_in_the_repeated_hour_begins_the_first_time() -> None:
    assert length(open_on("2026-10-25", BERLIN, ["02:30-03:30"]), "2026-10-25") == hours(2)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("time", ["01:59", "02:00", "02:30", "03:00", "03:01"])
def test_spans_that_touch_at_a_clock_change_stay_together(day: str, time: str) -> None:
    split = open_on(day, BERLIN, [f"00:00-{time}", f"{time}-24:00"])
    whole = open_on(day, BERLIN, ["00:00-24:00"])
    assert length(split, day) == length(whole, day)
    assert next_close(split, utc(f"{day} 00:00")) == next_close(whole, utc(f"{day} 00:00"))


def test_a_deadline_over_a_clock_change_keeps_its_hours() -> None:
    calendar = a_calendar(zone=BERLIN, week={"sat": ["22:00-06:00"]})
    assert due(calendar, local("2026-03-28 23:00", BERLIN), 5 * HOUR) == local("2026-03-29 05:00", BERLIN)
    assert due(calendar, local("2026-10-24 23:00", BERLIN), 5 * HOUR) == local("2026-10-25 03:00", BERLIN)


def test_a_night_over_a_clock_change_ends_by_the_new_clock() -> None:
    calendar = a_calendar(zone=BERLIN, week={"sat": ["22:00-06:00"]})
    assert next_close(calendar, utc("2026-03-28 22:00")) == utc("2026-03-29 04:00")
    assert next_close(calendar, utc("2026-10-24 22:00")) == utc("2026-10-25 05:00")


def test_a_long_night_into_a_new_year_far_from_utc_is_whole() -> None:
    calendar = a_calendar(zone="Etc/GMT+12", week={"wed": ["14:00-13:59"]})  # 2026-12-30 is a Wednesday
    assert next_close(calendar, utc("2026-12-31 12:00")) == utc("2027-01-01 01:59")


def test_round_the_clock_takes_no_notice_of_clock_changes() -> None:
    calendar = a_calendar(zone=BERLIN, week=ALWAYS)
    assert elapsed(calendar, utc("2026-01-01 00:00"), utc("2027-01-01 00:00")) == timedelta(days=365)
    assert next_close(calendar, utc("2026-01-01 00:00")) is None


def test_office_hours_follow_the_local_clock_through_the_year() -> None:
    calendar = a_calendar(zone=BERLIN)
    assert next_open(calendar, utc("2026-01-05 00:00")) == utc("2026-01-05 07:30")
    assert next_open(calendar, utc("2026-07-06 00:00")) == utc("2026-07-06 06:30")


@pytest.mark.parametrize(
    ("zone", "opening"),
    [("Asia/Kolkata", "03:00"), ("Asia/Kathmandu", "02:45"), ("America/St_Johns", "12:00"), ("UTC", "08:30")],
)
def test_zones_need_not_be_whole_hours_away(zone: str, opening: str) -> None:
    assert next_open(a_calendar(zone=zone), utc("2026-01-05 00:00")) == utc(f"2026-01-05 {opening}")


@pytest.mark.parametrize(
    ("zone", "asked", "opening"),
    [
        ("Europe/Moscow", "2010-12-06 00:00", "2010-12-06 05:30"),  # UTC+3
        ("Europe/Moscow", "2012-12-03 00:00", "2012-12-03 04:30"),  # UTC+4 from 2011
        ("Europe/Moscow", "2014-12-01 00:00", "2014-12-01 05:30"),  # UTC+3 from 2014
        ("Asia/Pyongyang", "2016-01-04 00:00", "2016-01-04 00:00"),  # UTC+8:30 from 2015
        ("Asia/Pyongyang", "2019-01-06 12:00", "2019-01-06 23:30"),  # UTC+9 from 2018
    ],
)
def test_each_time_has_the_rules_of_its_time(zone: str, asked: str, opening: str) -> None:
    assert next_open(a_calendar(zone=zone), utc(asked)) == utc(opening)


def test_summer_time_of_former_years_counts() -> None:
    assert next_open(a_calendar(), utc("1988-07-03 12:00")) == utc("1988-07-03 23:30")  # 08:30 at UTC+9


def test_a_night_into_a_day_that_was_left_out_ends_with_its_first_day() -> None:
    calendar = open_on("2011-12-29", "Pacific/Apia", ["22:00-06:00"])
    assert next_close(calendar, utc("2011-12-30 09:00")) == utc("2011-12-30 10:00")
    assert length(calendar, "2011-12-29") == hours(2)


def test_a_working_day_that_was_left_out_does_not_count() -> None:
    calendar = a_calendar(zone="Pacific/Apia", week=OFFICE)
    assert elapsed(calendar, utc("2011-12-26 10:00"), utc("2012-01-01 10:00")) == hours(4 * 8)  # Monday to Thursday


def test_the_day_before_midnight_comes_twice_keeps_its_first_midnight() -> None:
    """St John's clocks went from 00:01 back to 23:01: what the old day shows again belongs to the new one."""
    calendar = open_on("2010-11-06", "America/St_Johns", ["00:00-24:00"])
    assert length(calendar, "2010-11-06") == hours(24)


def test_no_zone_changes_its_clock_twice_within_two_days() -> None:
    """The short cut in tables.py rests on it. Only the pure Python reader shows a zone's changes."""
    reader = import_module("zoneinfo._zoneinfo").ZoneInfo
    for name in sorted(available_timezones() - {"localtime"}):
        zone = reader.no_cache(name)
        ahead = [None, *(each.utcoff for each in zone._ttinfos)]
        changes = [at for at, (a, b) in zip(zone._trans_utc, pairwise(ahead), strict=False) if a != b and at >= 0]
        assert all(then - at > 3 * 86_400 for at, then in pairwise(changes)), name
