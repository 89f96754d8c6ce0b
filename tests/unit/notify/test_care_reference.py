"""Care plans as operators declare them: checked as a whole, off unless they say otherwise."""

from datetime import time, timedelta

import pytest

from services.notify.domain.care import After, Ahead, OfDate, OnDays
from services.notify.reference import Reference
from services.notify.reference.schema import ReferenceData
from shared.errors import ValidationError
from shared.schemas import load
from tests.unit.notify.builders import the_config

BIRTHDAY = {"date_of": "birthday"}


def a_body(**plan):
    """The shipped data with one plan."""
    known = {"calendar": BIRTHDAY, "at": "09:00", "template": "care_birthday", "kind": "care", "channels": ["sms"]}
    entry = {name: value for name, value in {**known, **plan}.items() if value is not None}
    return the_config() | {"care_plans": {"plans": {"p": entry}}}


def read(body):
    return Reference.from_dict(load(ReferenceData, body), 1).care


def faults_of(body):
    with pytest.raises(ValidationError) as refused:
        read(body)
    return refused.value.fields


def test_the_shipped_plans_are_all_off():
    care = read(the_config())
    assert (len(care.plans) >= 5, care.active) == (True, [])


def test_a_plan_is_off_once_a_year_and_bulk_unless_it_says_otherwise():
    (plan,) = read(a_body()).plans.values()
    assert (plan.active, plan.per_year, plan.urgency, plan.valid_for) == (False, 1, "bulk", timedelta(hours=12))
    assert (plan.at, plan.channels, plan.calendar) == (time(9), ("sms",), OfDate("birthday"))


@pytest.mark.parametrize(
    ("calendar", "read_as"),
    [
        ({"date_of": "contract_end", "days_before": 30, "yearly": False}, OfDate("contract_end", 30, False)),
        ({"days": ["12-31", "2027-02-06"]}, OnDays(frozenset({"12-31", "2027-02-06"}))),
        ({"after": "work_closed", "days_after": 7}, After("work_closed", 7)),
    ],
)
def test_calendars_come_in_four_forms(calendar, read_as):
    assert read(a_body(calendar=calendar)).plans["p"].calendar == read_as


def test_the_fourth_has_its_time_from_the_appointment_and_any_number_a_year():
    plan = read(a_body(calendar={"before_appointment": "24h"}, at=None, template="care_visit")).plans["p"]
    assert (plan.calendar, plan.per_year) == (Ahead(timedelta(hours=24)), None)


@pytest.mark.parametrize(
    ("plan", "place"),
    [
        ({"calendar": {}}, "calendar"),
        ({"calendar": {**BIRTHDAY, "days": ["12-31"]}}, "calendar"),
        ({"calendar": {"days": ["02-30"]}}, "calendar.days.0"),
        ({"calendar": {"days": ["2027-02-29"]}}, "calendar.days.0"),
        ({"calendar": {"after": "work_closed"}}, "calendar.days_after"),
        ({"calendar": {"after": "work_opened", "days_after": 1}}, "calendar.after"),
        ({"calendar": {**BIRTHDAY, "days_before": 366}}, "calendar.days_before"),
        ({"calendar": {"before_appointment": "24h"}, "template": "care_visit"}, "at"),
        ({"at": "24:00"}, "at"),
        ({"at": None}, "at"),
        ({"valid_for": "8d"}, "valid_for"),
        ({"channels": ["sms", "sms"]}, "channels"),
        ({"channels": ["fax"]}, "channels.0"),
        ({"per_year": 0}, "per_year"),
        ({"kind": "none"}, "kind"),
        ({"template": "none"}, "template"),
        ({"template": "work_assigned"}, "template"),
        ({"audience": "tier =="}, "audience"),
        ({"audience": "phone == '1'"}, "audience"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_bad_plans_are_refused_by_their_place(plan, place):
    found = [name for name in faults_of(a_body(**plan)) if name.startswith("care_plans")]
    assert [name.replace(".value", "") for name in found] == [f"care_plans.plans.p.{place}"]


def test_a_code_that_would_break_names_of_messages_is_refused():
    plans = {"a/b": a_body()["care_plans"]["plans"]["p"]}
    assert any(
        name.startswith("care_plans.plans.a/b") for name in faults_of(the_config() | {"care_plans": {"plans": plans}})
    )


def test_a_template_that_names_what_its_plan_does_not_say_is_refused_by_its_place():
    body = a_body()
    body["templates"]["care_birthday"]["sms"]["en"]["text"] = "{{ order_no }}"
    assert faults_of(body) == {"templates.care_birthday.sms.en.text": ["unknown variable 'order_no'"]}


def test_a_template_must_bear_what_a_customer_may_not_have():
    body = a_body()
    body["templates"]["care_birthday"]["sms"]["en"]["text"] = "{{ tier.upper() }}"
    (place,) = faults_of(body)
    assert place == "templates.care_birthday.sms.en.text"
