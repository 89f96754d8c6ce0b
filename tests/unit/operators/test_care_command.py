"""`loopdesk care`: what it asks for, and how it shows it; no broker."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy.cli import main
from deploy.commands import care, care_show, session

NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)
PLAN = {
    "plan": "birthday",
    "name": {"en": "Birthdays"},
    "active": True,
    "since": "2026-02-01T08:00:00.000Z",
    "calendar": {"date_of": "birthday", "days_before": 0, "yearly": True},
    "at": "09:00",
    "condition": None,
    "channels": ["sms", "email"],
    "per_year": 1,
}
OFF = PLAN | {"plan": "holiday", "active": False, "since": None, "calendar": {"days": ["2027-02-06"]}}
FIRST = {"customer_id": "C-1", "channel": "sms", "then": ["email"], "language": "en", "ticket_no": None}
FIRST |= {"due_at": "2026-03-02T01:00:00.000Z"}
DAY = {"plan": "birthday", "day": "2026-03-02", "zone": None, "due_at": "2026-03-02T01:00:00.000Z", "looked": 5}
DAY |= {"told": 3, "not_told": {"opted_out": 1, "per_year": 1}, "done_at": "2026-03-02T01:00:02.000Z", "why_not": None}


class Notify:
    """Has two plans, one of them on; keeps what was asked."""

    def __init__(self):
        self.asked = []

    def call(self, service, method, **fields):
        self.asked.append((service, method, fields))
        if method == "find_care_plans":
            return {"plans": [PLAN, OFF], "per_year": 12}
        if method == "find_care_days":
            return {"days": [DAY], "next": None}
        return {"date": fields["date"], "count": 2, "complete": True, "not_told": {"no_address": 1}, "first": [FIRST]}


@pytest.fixture
def notify(monkeypatch):
    stands = Notify()
    monkeypatch.setattr(session, "client", lambda *_: nullcontext(stands))
    monkeypatch.setattr(care, "SystemClock", lambda: type("Clock", (), {"now": lambda _: NOW})())
    return stands


def run(*arguments):
    answer = CliRunner().invoke(main, ["care", *arguments])
    return answer.exit_code, [" ".join(line.split()) for line in answer.output.splitlines()]


def shown(table):
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_plans_are_listed_whether_they_are_on_or_off(notify):
    assert run("plans") == (
        0,
        [
            "plan state since whom when at by a year",
            "birthday on 2026-02-01 08:00 every customer on their birthday, each year 09:00 sms, email 1",
            "holiday off every customer on 2027-02-06 09:00 sms, email 1",
            "",
            "Of all plans together a customer hears 12 times a year at most.",
        ],
    )


def test_without_a_plan_those_that_are_on_are_foretold_for_today_and_tomorrow(notify):
    assert run("preview") == (
        0,
        [
            "plan state day would be told left out",
            "birthday on 2026-03-02 2 1 without an address",
            "birthday on 2026-03-03 2 1 without an address",
        ],
    )


def test_today_is_the_zone_s(notify):
    run("preview", "--zone", "Asia/Shanghai")
    assert [fields["date"] for _, _, fields in notify.asked[1:]] == ["2026-03-03", "2026-03-04"]


def test_of_one_plan_that_may_be_off_those_who_would_be_told_first_are_shown(notify):
    code, lines = run("preview", "holiday", "--date", "2027-02-06")
    assert (code, lines[1]) == (0, "holiday off 2027-02-06 2 1 without an address")
    assert notify.asked[1:] == [("notify", "preview_care_plan", {"plan": "holiday", "date": "2027-02-06"})]
    assert lines[-1] == "C-1 2026-03-02 01:00 sms email en"


def test_a_plan_that_there_is_not_is_refused_by_its_name(notify):
    code, lines = run("preview", "picnic")
    assert code == 1
    assert "picnic" in lines[-1]


def test_where_no_plan_is_on_that_is_said(notify, monkeypatch):
    monkeypatch.setattr(notify, "call", lambda *_, **__: {"plans": [OFF], "per_year": None})
    assert run("preview") == (0, ["no plan is on: loopdesk care plans"])


def test_days_say_how_many_were_told_and_why_others_were_left_out(notify):
    code, lines = run("days", "birthday", "--limit", "5")
    assert notify.asked == [("notify", "find_care_days", {"plan": "birthday", "limit": 5})]
    assert (code, lines[1]) == (
        0,
        "birthday 2026-03-02 no zone of their own 2026-03-02 01:00 5 3 1 opted out, 1 have had enough this year",
    )


def test_a_day_that_came_too_late_and_one_under_way_say_so():
    late = DAY | {"not_told": {}, "why_not": "too_late", "told": 0, "looked": 0}
    under_way = DAY | {"not_told": {}, "done_at": None}
    rows = shown(care_show.days([late, under_way], UTC))
    assert rows[1].endswith("0 0 nobody was told: too late")
    assert rows[2].endswith("5 3 under way")


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ({"date_of": "birthday", "days_before": 0, "yearly": True}, "on their birthday, each year"),
        ({"date_of": "contract_end", "days_before": 30, "yearly": False}, "30 days before their contract_end, once"),
        ({"days": ["12-31", "2027-02-06"]}, "on 12-31, 2027-02-06"),
        ({"after": "work_closed", "days_after": 7}, "7 days after work_closed"),
        ({"before_appointment_seconds": 86_400.0}, "24h before their appointment"),
    ],
)
def test_a_calendar_is_told_in_words(calendar, words):
    assert care_show.when({"calendar": calendar}) == words


def test_a_preview_that_has_not_looked_at_everybody_says_at_least():
    assert care_show.number({"count": 7, "complete": False}) == "at least 7"


def test_a_reason_that_is_new_is_shown_as_it_is():
    assert care_show.left_out({"opted_out": 2, "of_its_own": 1}) == "1 of_its_own, 2 opted out"
