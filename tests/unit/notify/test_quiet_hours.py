"""Quiet hours by the recipient's own clock, its changes included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.quiet_hours import QuietHours, local_day, next_day, quiet_until

SHANGHAI, NEW_YORK, LONDON = (ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Europe/London"))
NIGHT = QuietHours.parse("22:00", "08:00")
REST = QuietHours.parse("12:00", "14:00")


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "until"),
    [
        (NIGHT, SHANGHAI, "2026-03-02T21:59", None),
        (NIGHT, SHANGHAI, "2026-03-02T22:00", "2026-03-03T08:00"),
        (NIGHT, SHANGHAI, "2026-03-03T00:00", "2026-03-03T08:00"),
        (NIGHT, SHANGHAI, "2026-03-03T07:59", "2026-03-03T08:00"),
        (NIGHT, SHANGHAI, "2026-03-03T08:00", None),
        (NIGHT, SHANGHAI, "2026-12-31T23:00", "2027-01-01T08:00"),
        (REST, NEW_YORK, "2026-03-02T12:00", "2026-03-02T14:00"),
        (REST, NEW_YORK, "2026-03-02T14:00", None),
        (NIGHT, NEW_YORK, "2026-03-07T23:00", "2026-03-08T08:00"),
    ],
)
def test_it_is_quiet_from_the_beginning_up_to_the_end(quiet, zone, now, until):
    expected = at(until, zone) if until else None
    assert quiet_until(quiet, zone, at(now, zone)) == expected


def test_one_instant_is_night_in_one_zone_and_day_in_another():
    noon_in_new_york = at("2026-03-02T12:00", NEW_YORK)
    assert quiet_until(NIGHT, NEW_YORK, noon_in_new_york) is None
    assert quiet_until(NIGHT, SHANGHAI, noon_in_new_york) == at("2026-03-03T08:00", SHANGHAI)


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter():
    evening = at("2026-03-07T22:00", NEW_YORK)
    assert quiet_until(NIGHT, NEW_YORK, evening).timestamp() - evening.timestamp() == 9 * 3600


def test_the_night_in_which_clocks_go_back_is_an_hour_longer():
    evening = at("2026-10-31T22:00", NEW_YORK)
    assert quiet_until(NIGHT, NEW_YORK, evening).timestamp() - evening.timestamp() == 11 * 3600


def test_an_end_that_a_change_skips_is_the_instant_of_the_change():
    to_half_past_two = QuietHours.parse("22:00", "02:30")
    before = at("2026-03-08T01:59", NEW_YORK)
    assert quiet_until(to_half_past_two, NEW_YORK, before) == at("2026-03-08T07:00")  # 02:00 is 03:00 there


def test_quiet_hours_that_a_change_brings_back_are_quiet_again():
    to_half_past_one = QuietHours.parse("22:00", "01:30")
    first, again = at("2026-11-01T05:10"), at("2026-11-01T06:10")  # 01:10 twice
    assert quiet_until(to_half_past_one, NEW_YORK, first) == at("2026-11-01T05:30")
    assert quiet_until(to_half_past_one, NEW_YORK, at("2026-11-01T05:45")) is None
    assert quiet_until(to_half_past_one, NEW_YORK, again) == at("2026-11-01T06:30")


def test_hours_of_no_length_are_never_quiet():
    never = QuietHours.parse("08:00", "08:00")
    assert [quiet_until(never, LONDON, at("2026-03-02T00:00") + timedelta(hours=hour)) for hour in range(24)] == [
        None
    ] * 24


@pytest.mark.parametrize("text", ["25:00", "8", "", "noon"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ValueError):
        QuietHours.parse(text, "08:00")


def test_the_day_is_the_recipients():
    now = at("2026-03-02T20:00")
    assert (local_day(SHANGHAI, now), local_day(NEW_YORK, now)) == ("2026-03-03", "2026-03-02")
    assert next_day(SHANGHAI, now) == at("2026-03-04T00:00", SHANGHAI)
    assert next_day(NEW_YORK, now) == at("2026-03-03T00:00", NEW_YORK)


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02d}:{n % 60:02d}")
instants = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda naive: naive.replace(tzinfo=LONDON))


@given(minutes, minutes, instants, st.sampled_from([SHANGHAI, NEW_YORK, LONDON, ZoneInfo("Australia/Lord_Howe")]))
def test_whatever_the_zone_it_is_not_quiet_when_quiet_hours_end_and_they_end_within_a_day(start, end, now, zone):
    quiet = QuietHours.parse(start, end)
    until = quiet_until(quiet, zone, now)
    if until is None:
        assert not quiet.hold(now.astimezone(zone).time())
    else:
        assert now.timestamp() < until.timestamp() <= now.timestamp() + 25 * 3600 + 3600
        assert quiet_until(quiet, zone, until) is None
