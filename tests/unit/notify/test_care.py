"""Care plans: whose day it is, when it is due on whose clock, and what is said."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notify.domain import care
from services.notify.domain.care import NAMES, After, Ahead, Matter, OfDate, OnDays, Plan
from shared.conditions import condition
from tests.unit.notify.builders import NOON, a_customer

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
BORN = date(1986, 3, 2)


def a_plan(calendar=OfDate("birthday"), **given):  # noqa: B008 - frozen
    known = {"code": "birthday", "active": True, "at": time(9), "template": "care_birthday", "kind": "care"}
    known |= {"channels": ("sms", "email"), "urgency": "bulk", "valid_for": timedelta(hours=12), "per_year": 1}
    return Plan(calendar=calendar, **known | given)


def whose_day(calendar, day, **dates):
    """Whether a customer with these dates is found on that day."""
    return not set(calendar.marks(day)).isdisjoint(care.marks(dates))


def test_a_birthday_comes_each_year():
    found = [
        day
        for day in (date(2026, 3, 1), date(2026, 3, 2), date(2027, 3, 2))
        if whose_day(OfDate("birthday"), day, birthday=BORN)
    ]
    assert found == [date(2026, 3, 2), date(2027, 3, 2)]


@pytest.mark.parametrize(
    ("year", "days"), [(2026, [date(2026, 2, 28)]), (2028, [date(2028, 2, 29)]), (2100, [date(2100, 2, 28)])]
)
def test_who_was_born_on_a_leap_day_has_one_birthday_every_year(year, days):
    looked_at = [date(year, 2, 27) + timedelta(days=n) for n in range(4)]
    assert [day for day in looked_at if whose_day(OfDate("birthday"), day, birthday=date(1988, 2, 29))] == days


def test_a_greeting_before_a_leap_day_counts_from_the_day_kept_for_it():
    week_before = OfDate("birthday", days_before=7)
    assert whose_day(week_before, date(2026, 2, 21), birthday=date(1988, 2, 29))


def test_who_was_born_on_28_february_is_greeted_on_no_other_day():
    found = [
        day
        for day in (date(2028, 2, 28), date(2028, 2, 29), date(2026, 2, 28))
        if whose_day(OfDate("birthday"), day, birthday=date(1990, 2, 28))
    ]
    assert found == [date(2028, 2, 28), date(2026, 2, 28)]


def test_the_end_of_a_contract_comes_once():
    ahead = OfDate("contract_end", days_before=30, yearly=False)
    days = [date(2026, 5, 2), date(2026, 6, 1), date(2027, 5, 2)]
    assert [whose_day(ahead, day, contract_end=date(2026, 6, 1)) for day in days] == [True, False, False]


def test_dates_of_other_names_are_nobodys_day():
    assert not whose_day(OfDate("birthday"), BORN, wedding=BORN)


def test_declared_days_come_each_year_or_that_once():
    days = OnDays(frozenset({"12-31", "2027-02-06"}))
    looked_at = [date(2026, 12, 31), date(2027, 12, 31), date(2027, 2, 6), date(2028, 2, 6)]
    assert [days.falls_on(day) for day in looked_at] == [True, True, True, False]


def test_it_is_due_by_the_customers_own_clock():
    plan = a_plan()
    assert plan.due(date(2026, 3, 2), SHANGHAI) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert plan.due(date(2026, 3, 2), NEW_YORK) == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_a_time_that_the_clock_skips_is_due_as_soon_as_it_has():
    assert a_plan(at=time(2, 30)).due(date(2026, 3, 8), NEW_YORK) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_time_that_comes_twice_is_due_the_first_time():
    assert a_plan(at=time(1, 30)).due(date(2026, 11, 1), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_an_appointments_reminder_is_due_so_long_before_it():
    plan = a_plan(Ahead(timedelta(hours=24)))
    assert plan.due_for(date(2026, 3, 2), SHANGHAI, Matter(starts_at=NOON)) == NOON - timedelta(hours=24)


@pytest.mark.parametrize(
    ("condition_", "why_not"), [('tier == "gold"', None), ('tier == "gold" && area == "x"', "not_meant")]
)
def test_the_condition_says_who_is_meant(condition_, why_not):
    plan = a_plan(audience=condition(condition_, NAMES))
    customer = a_customer(tier="gold", area="north", dates={"birthday": BORN})
    assert plan.refuses(customer, date(2026, 3, 2)) == why_not


def test_nobody_is_congratulated_on_the_day_of_birth_itself_or_before():
    customer = a_customer(dates={"birthday": date(2026, 3, 2)})
    plan = a_plan()
    assert [plan.refuses(customer, date(year, 3, 2)) for year in (2025, 2026, 2027)] == ["not_yet", "not_yet", None]


def test_the_text_may_say_how_many_years_it_is_and_which_day_it_is_about():
    said = a_plan(OfDate("birthday", days_before=7)).said(a_customer(dates={"birthday": BORN}), date(2026, 2, 23))
    assert (said["years"], said["day"], said["days_before"]) == (40, "2026-03-02", 7)


def test_what_is_no_anniversary_has_no_years():
    assert a_plan(After("work_closed", 3)).said(a_customer(), date(2026, 3, 2))["years"] is None


def test_templates_are_given_what_their_sample_says_and_nothing_else():
    said = a_plan().said(a_customer(dates={"birthday": BORN}), date(2026, 3, 2))
    assert said.keys() == care.SAMPLE.keys()
    assert care.LESS.keys() <= care.SAMPLE.keys()


def test_one_plan_customer_and_day_are_one_occurrence():
    plan, day = a_plan(), date(2026, 3, 2)
    first = care.occurrence(plan, "c-7", day, NOON, NOON + timedelta(hours=1))
    assert first == care.occurrence(plan, "c-7", day, NOON, NOON + timedelta(hours=1))
    assert (first.id, first.event, first.at) == ("care/birthday/c-7/2026-03-02", "care", NOON)
    assert first.recorded_at == NOON + timedelta(hours=1)


def test_two_appointments_of_one_day_are_two_occurrences():
    plan, day = a_plan(Ahead(timedelta(hours=1)), code="visit"), date(2026, 3, 2)
    ids = {care.occurrence(plan, "c-7", day, NOON, NOON, Matter(order_no=no)).id for no in ("W-1", "W-2")}
    assert ids == {"care/visit/c-7/2026-03-02/W-1", "care/visit/c-7/2026-03-02/W-2"}
