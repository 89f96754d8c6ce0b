"""Tables are shared, and only so many are kept."""

from shared.business_time import due, elapsed
from shared.business_time.tables import MOST_YEARS, year_of
from tests.unit.shared.business_time.builders import ALWAYS, OFFICE, WEEKDAYS, a_calendar, utc


def test_equal_hours_share_their_tables_whatever_they_are_called() -> None:
    holiday = {"2026-10-01": {"closed": True, "name": "国庆节"}}
    one = a_calendar(days=holiday, horizon="2027-01-01")
    other = a_calendar(name="Other", days={"2026-10-01": {"closed": True}, "2026-10-02": {"as": "mon"}})
    assert one.tables is other.tables


def test_other_hours_have_tables_of_their_own() -> None:
    assert a_calendar().tables is not a_calendar(week=OFFICE | {"sat": ["09:00-10:00"]}).tables


def test_only_so_many_years_are_kept() -> None:
    calendar = a_calendar()
    due(calendar, utc("1980-01-01 00:00"), 80 * 365 * 8 * 3600)
    elapsed(calendar, utc("1975-01-01 00:00"), utc("2190-01-01 00:00"))
    assert year_of.cache_info().currsize <= MOST_YEARS == 64


def test_round_the_clock_a_year_is_one_opening() -> None:
    assert len(year_of(a_calendar(week=ALWAYS).tables, 2026).starts) == 1


def test_a_year_has_as_many_openings_as_it_has_spans() -> None:
    year = year_of(a_calendar(zone="UTC", week={day: ["08:00-12:00", "13:00-14:00"] for day in WEEKDAYS}).tables, 2026)
    assert len(year.starts) == 2 * 365
    assert year.total == 5 * 365 * 3600 * 1_000_000
