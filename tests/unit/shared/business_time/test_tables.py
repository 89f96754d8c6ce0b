"""Tables are shared, and only so many are kept."""

from shared.business_time import Calendar
from shared.business_time.tables import KEPT, MOST_HOURS, Kept, Tables, year_of
from tests.unit.shared.business_time.builders import ALWAYS, OFFICE, WEEKDAYS, a_calendar


def test_equal_hours_share_their_tables_whatever_they_are_called() -> None:
    holiday = {"2026-10-01": {"closed": True, "name": "国庆节"}}
    one = a_calendar(days=holiday, horizon="2027-01-01")
    other = a_calendar(name="Other", days={"2026-10-01": {"closed": True}, "2026-10-02": {"as": "mon"}})
    assert one.tables is other.tables


def test_other_hours_have_tables_of_their_own() -> None:
    assert a_calendar().tables is not a_calendar(week=OFFICE | {"sat": ["09:00-10:00"]}).tables


def shop(number: int) -> Calendar:
    """An office of its own hours."""
    return a_calendar(week={day: [f"08:{number:02}-12:00", "13:30-18:00"] for day in WEEKDAYS[:5]})


def test_two_years_of_forty_calendars_are_kept_together() -> None:
    tables = [shop(number).tables for number in range(40)]
    built = [(each, year, year_of(each, year)) for each in tables for year in (2026, 2027)]
    assert all(year_of(each, year) is table for each, year, table in built)


def test_two_years_of_each_calendar_that_is_shared_fit_in() -> None:
    assert 2 * MOST_HOURS * year_of(shop(0).tables, 2028).size <= KEPT.most  # a leap year


def test_only_so_many_openings_are_kept() -> None:
    kept, tables = Kept(1_300), Tables(a_calendar().hours)
    for year in range(2000, 2020):
        kept.built(tables, year)
    assert sorted(tables.years) == [2018, 2019]
    assert kept.size == sum(year.size for year in tables.years.values())


def test_a_year_that_is_larger_than_all_that_is_kept_is_kept_alone() -> None:
    kept, tables = Kept(100), Tables(a_calendar().hours)
    for year in (2026, 2027):
        assert kept.built(tables, year).total == year_of(tables, year).total
    assert list(tables.years) == [2027]
    assert kept.size == tables.years[2027].size


def test_a_year_is_built_once() -> None:
    kept, tables = Kept(1_300), Tables(a_calendar().hours)
    first = kept.built(tables, 2026)
    assert kept.built(tables, 2026) is first
    assert kept.size == first.size


def test_round_the_clock_a_year_is_one_opening() -> None:
    assert len(year_of(a_calendar(week=ALWAYS).tables, 2026).starts) == 1


def test_a_year_has_as_many_openings_as_it_has_spans() -> None:
    year = year_of(a_calendar(zone="UTC", week={day: ["08:00-12:00", "13:00-14:00"] for day in WEEKDAYS}).tables, 2026)
    assert len(year.starts) == 2 * 365
    assert year.total == 5 * 365 * 3600 * 1_000_000
