"""Care plans on the real database: once each, by every customer's own clock, within caps, whoever does it and whenever.

The store stands in the test's own process, on a database of its own, with a clock that stands where the test puts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from deploy.catalogue import collections
from services.notify.domain.care import PLAN_OFF, TOO_LATE
from services.notify.schemas import care as schemas
from services.notify.storage import care as at_work
from services.notify.storage.care_preview import foretell
from services.notify.store import NotifyStore
from shared.events import Event
from shared.mongo import Database
from tests.probe.store import StandingClock, a_call
from tests.support import Stack
from tests.unit.notify.builders import the_config

DAY = date(2026, 3, 2)
NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)  # in Shanghai, which is the desk's zone
BIRTHDAY = {
    "active": True,
    "calendar": {"date_of": "birthday"},
    "at": "09:00",
    "template": "care_birthday",
    "kind": "care",
    "channels": ["sms", "email"],
    "valid_for": "12h",
}
VISIT = {"active": True, "calendar": {"before_appointment": "24h"}, "template": "care_visit", "kind": "care"}


class Desk:
    """A store, its clock, and customers to care for."""

    def __init__(self, client: MongoClient[dict[str, Any]], name: str) -> None:
        self.client, self.name = client, name
        self.clock = StandingClock(NINE - timedelta(hours=2))
        self.store = self.another()
        for collection, indexes in collections("notify").items():
            if indexes:
                client[name][collection].create_indexes(indexes)

    def another(self) -> NotifyStore:
        """Another replica's store."""
        database = Database(self.client, self.clock, lambda pending: None)
        database._database = self.client[self.name]
        return NotifyStore(database)

    def plan(
        self, *, per_year: int | None = None, quiet: dict[str, str] | None = None, **plans: dict[str, Any]
    ) -> None:
        """Put these plans in force, by a desk that is quiet at no hour unless `quiet` says when."""
        body = the_config() | {"quiet_hours": quiet, "care_plans": {"per_year": per_year, "plans": plans}}
        self.store.reference.apply(a_call("apply_reference"), body)

    def customer(self, customer_id: str, *, number: int = 1, **told: Any) -> str:
        """What intake tells of a customer; born 40 years ago today unless it says otherwise."""
        known = {"name": "Ann", "tier": None, "language": "en", "phone": "+441164960403", "email": None}
        known |= {"preferred_channels": [], "area": None, "household": None, "time_zone": None}
        data = {**known, "dates": {"birthday": "1986-03-02"}, **told, "customer_id": customer_id}
        self.store.customers.save(an_event("customer_saved", "intake", number, data))
        return customer_id

    def run(self, at: datetime, limit: int = 1_000) -> int:
        """What the broadcaster's timer does at that time, to the end."""
        self.clock.at = at
        return self.store.care.run_due(at, limit)

    def told(self) -> list[tuple[str, str, str]]:
        """(customer, text, state) of every message, by customer."""
        rows = self.client[self.name]["notify_messages"].find().sort([("recipient", 1), ("_id", 1)])
        return [(row["recipient"].removeprefix("customer:"), row["content"]["text"], row["state"]) for row in rows]

    def days(self) -> list[dict[str, Any]]:
        return self.store.care.days.find(None, 100, None)[0]


def an_event(kind: str, source: str, number: int, data: dict[str, Any], at: datetime = NINE) -> Event:
    return Event(
        id=f"{source}/{data.get('order_no', data['customer_id'])}/{number}",
        type=kind,
        source=source,
        aggregate_id=data.get("order_no", data["customer_id"]),
        aggregate_version=number,
        number=number,
        at=at,
        recorded_at=at,
        data=data,
    )


@pytest.fixture
def desk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("LOOPDESK_REPLY_SECRET", "of this test alone")
    name = f"care-{uuid4().hex[:12]}"
    with MongoClient[dict[str, Any]](stack.admin_mongo_uri, tz_aware=True, w="majority", journal=True) as client:
        # the clock stands on a day that may be long over: what expires there must not while a test runs
        client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
        try:
            yield Desk(client, name)
        finally:
            client.drop_database(name)
            client.admin.command({"setParameter": 1, "ttlMonitorEnabled": True})


def test_who_has_a_birthday_is_told_once_at_the_time_of_day_of_the_plan(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.customer("c-2", dates={"birthday": "1986-03-03"})
    desk.run(NINE - timedelta(hours=2))
    assert (desk.run(NINE - timedelta(seconds=1)), desk.told()) == (0, [])

    desk.run(NINE)
    desk.run(NINE + timedelta(minutes=1))

    assert desk.told() == [("c-1", "Happy birthday, Ann!", "handed_over")]


def test_everybody_is_told_by_their_own_clock(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.customer("c-2", time_zone="Europe/London")
    desk.run(NINE - timedelta(hours=2))

    desk.run(NINE)
    first = [who for who, _, _ in desk.told()]
    desk.run(NINE + timedelta(hours=8))

    assert (first, [who for who, _, _ in desk.told()]) == (["c-1"], ["c-1", "c-2"])
    assert [(day["zone"], day["told"]) for day in desk.days()] == [("Europe/London", 1), (None, 1)]


def test_a_plan_that_is_off_tells_nobody_and_makes_up_for_nothing_when_it_comes_into_force(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY | {"active": False})
    desk.customer("c-1")
    desk.run(NINE)
    desk.plan(birthday=BIRTHDAY)
    desk.run(NINE + timedelta(hours=1))
    assert desk.told() == []


def test_a_process_that_was_down_catches_up_once_while_it_is_worth_it(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.run(NINE - timedelta(hours=2))

    for hours in (11, 12, 36):
        desk.run(NINE + timedelta(hours=hours))

    (told,) = desk.client[desk.name]["notify_messages"].find()
    assert (told["created_at"], told["expires_at"]) == (NINE, NINE + timedelta(hours=12))


def test_after_that_it_says_why_nobody_was_told(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.run(NINE - timedelta(hours=2))

    desk.run(NINE + timedelta(hours=12))

    assert desk.told() == []
    assert [(day["day"], day["why_not"]) for day in desk.days()] == [("2026-03-02", TOO_LATE)]


def test_replicas_share_a_day_and_nobody_is_told_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "PAGE", 5)
    desk.plan(birthday=BIRTHDAY)
    names = sorted(desk.customer(f"c-{number:02d}") for number in range(40))
    desk.run(NINE - timedelta(hours=2))
    desk.clock.at = NINE
    replicas = [desk.another() for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda replica: replica.care.run_due(NINE, 1_000), replicas))

    assert [who for who, _, _ in desk.told()] == names
    (day,) = desk.days()
    assert (day["looked"], day["told"], day["done_at"]) == (40, 40, NINE)


def test_a_piece_that_was_cut_off_is_done_again_and_tells_nobody_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "PAGE", 5)
    desk.plan(birthday=BIRTHDAY)
    names = sorted(desk.customer(f"c-{number:02d}") for number in range(12))
    desk.run(NINE - timedelta(hours=2))
    dying = desk.another()
    monkeypatch.setattr(dying.care.days, "note", _die)
    with pytest.raises(KeyboardInterrupt):
        dying.care.run_due(NINE, 1_000)
    assert len(desk.told()) == 5

    desk.run(NINE + timedelta(seconds=30))
    assert len(desk.told()) == 5  # it may be alive still
    desk.run(NINE + timedelta(minutes=2))

    assert [who for who, _, _ in desk.told()] == names
    assert desk.days()[0]["told"] == 12


def _die(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_little_at_a_time_comes_to_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "PAGE", 3)
    desk.plan(birthday=BIRTHDAY)
    names = sorted(desk.customer(f"c-{number}") for number in range(8))
    desk.run(NINE - timedelta(hours=2))

    looked = [desk.run(NINE, 3) for _ in range(4)]

    assert (looked, [who for who, _, _ in desk.told()]) == ([3, 3, 2, 0], names)


def test_who_is_not_told_is_counted_with_the_reason(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY | {"audience": 'tier != "bronze"'})
    desk.customer("c-1", phone=None)
    desk.customer("c-2", tier="bronze")
    desk.store.preferences.opt_out(a_call("opt_out"), f"customer:{desk.customer('c-3')}", "care", "by SMS")
    desk.customer("c-4", dates={"birthday": "2026-03-02"})
    desk.run(NINE - timedelta(hours=2))

    desk.run(NINE)

    assert desk.told() == []
    (day,) = desk.days()
    assert day["not_told"] == {"no_address": 1, "not_meant": 1, "opted_out": 1, "not_yet": 1}


def test_a_plan_tells_nobody_more_often_than_it_may_in_a_year(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.run(NINE - timedelta(hours=2))
    desk.run(NINE)
    desk.customer("c-1", number=2, dates={"birthday": "1986-03-03"})

    desk.run(NINE + timedelta(days=1))

    assert len(desk.told()) == 1
    assert desk.days()[0]["not_told"] == {"per_year": 1}


def test_all_plans_together_tell_nobody_more_often_than_they_may_in_a_year(desk: Desk) -> None:
    holiday = BIRTHDAY | {"calendar": {"days": ["03-02"]}, "template": "care_holiday", "at": "09:30"}
    desk.plan(per_year=1, birthday=BIRTHDAY, holiday=holiday)
    desk.customer("c-1")
    desk.customer("c-2", dates={})
    desk.run(NINE - timedelta(hours=2))

    desk.run(NINE + timedelta(minutes=30))

    assert [(who, text[:9]) for who, text, _ in desk.told()] == [("c-1", "Happy bir"), ("c-2", "Happy hol")]


def test_who_was_born_on_a_leap_day_is_told_on_28_february(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1", dates={"birthday": "1988-02-29"})
    before = NINE - timedelta(days=2)
    desk.run(before - timedelta(hours=2))
    desk.run(before)
    desk.run(NINE - timedelta(days=1))
    assert [who for who, _, _ in desk.told()] == ["c-1"]


def work(kind: str, number: int, order_no: str = "W-1", **more: Any) -> Event:
    data = {"customer_id": "c-1", "order_no": order_no, "ticket_no": order_no.replace("W", "T"), **more}
    return an_event(kind, "dispatch", number, data)


def test_days_after_work_was_closed_its_customer_is_asked_once_whatever_else_was_closed(desk: Desk) -> None:
    after = BIRTHDAY | {"calendar": {"after": "work_closed", "days_after": 7}, "template": "care_after_service"}
    desk.plan(after_service=after)
    desk.customer("c-1")
    closed = work("work_closed", 9)
    for event in (closed, closed, work("work_closed", 4, "W-2")):
        desk.store.care.note(event, NINE)

    desk.run(NINE + timedelta(days=7, seconds=-1))
    assert desk.told() == []
    for _ in range(2):
        desk.run(NINE + timedelta(days=7))

    assert [(who, "T-1" in text) for who, text, _ in desk.told()] == [("c-1", True)]


def test_what_a_plan_that_is_off_by_then_had_remembered_is_told_to_nobody(desk: Desk) -> None:
    after = BIRTHDAY | {"calendar": {"after": "work_closed", "days_after": 7}, "template": "care_after_service"}
    desk.plan(after_service=after)
    desk.customer("c-1")
    desk.store.care.note(work("work_closed", 9), NINE)
    desk.plan(after_service=after | {"active": False})

    desk.store = desk.another()
    desk.run(NINE + timedelta(days=7))

    (row,) = desk.client[desk.name]["notify_care_after"].find()
    assert (desk.told(), row["why_not"]) == ([], PLAN_OFF)


#: What the handlers of such events are given beside.
TOLD = {
    **{"type": "fault", "category": "x", "priority": "P2", "team": "x", "agent": None, "round": 0, "step": None},
    **{"visit": None, "step_name": None, "accept_by": None, "principal": None, "watchers": [], "appointment": 1},
    **{"note": None, "reason": "x"},
}


def visit(desk: Desk) -> datetime:
    desk.plan(visit=VISIT | {"channels": ["sms"]})
    desk.customer("c-1")
    return NINE + timedelta(days=3)


def test_an_appointment_is_remembered_a_day_before_whatever_it_was_before(desk: Desk) -> None:
    third = visit(desk)
    moved = work("appointment_changed", 8, starts_at=third + timedelta(days=1), ends_at=None)
    for event in (moved, work("appointment_set", 7, starts_at=third, ends_at=None), moved):
        desk.store.care.note(event, NINE)

    desk.run(third - timedelta(hours=24))
    assert desk.told() == []
    desk.run(third)
    desk.run(third + timedelta(minutes=1))

    ((who, text, _),) = desk.told()
    assert (who, text) == ("c-1", "Reminder: we come on Mar 6, 2026 09:00 about ticket T-1.")


@pytest.mark.parametrize("kind", ["appointment_cancelled", "work_withdrawn", "work_resolved"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reordered"])
def test_nobody_is_reminded_of_an_appointment_that_is_none_any_more(desk: Desk, kind: str, order: Any) -> None:
    third = visit(desk)
    events = [work("appointment_set", 7, starts_at=third, ends_at=None), work(kind, 8, starts_at=third)]
    for place in order:
        desk.store.care.note(events[place], NINE)
    desk.run(third - timedelta(hours=24))
    assert desk.told() == []


@pytest.mark.parametrize("kind", ["appointment_cancelled", "work_withdrawn"])
def test_a_reminder_that_waits_ends_with_its_appointment(desk: Desk, kind: str) -> None:
    visit(desk)
    desk.plan(visit=VISIT | {"channels": ["sms"]}, quiet={"from": "08:30", "to": "11:00"})
    third = NINE + timedelta(days=3)
    desk.store.care.note(work("appointment_set", 7, starts_at=third, ends_at=None), NINE)
    desk.run(third - timedelta(hours=24))
    assert [state for _, _, state in desk.told()] == ["held"]
    desk.clock.at = third - timedelta(hours=23)

    desk.store.telling.tell(
        replace(work(kind, 8, starts_at=third, **TOLD), at=desk.clock.at, recorded_at=desk.clock.at)
    )

    (row,) = desk.client[desk.name]["notify_messages"].find({"event": "care"})
    assert (row["state"], row["detail"]) == ("cancelled", f"obsolete: {kind}")


def test_an_appointment_set_at_short_notice_is_reminded_of_all_the_same(desk: Desk) -> None:
    visit(desk)
    soon = NINE + timedelta(hours=5)
    moved = work("appointment_changed", 8, starts_at=soon, ends_at=None, was_at=soon, **TOLD)
    desk.clock.at = NINE
    desk.store.care.note(moved, NINE)
    desk.store.telling.tell(moved)

    desk.run(NINE + timedelta(minutes=1))

    (row,) = desk.client[desk.name]["notify_messages"].find({"event": "care"})
    assert (row["created_at"], row["state"]) == (NINE, "handed_over")


def test_nobody_is_reminded_of_an_appointment_that_has_begun(desk: Desk) -> None:
    third = visit(desk)
    desk.store.care.note(work("appointment_set", 7, starts_at=third, ends_at=None), NINE)
    desk.run(third)
    (row,) = desk.client[desk.name]["notify_care_after"].find()
    assert (desk.told(), row["why_not"]) == ([], TOO_LATE)


def test_a_preview_says_who_would_be_told_when_and_how_and_tells_nobody(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY | {"active": False})
    for number in range(12):
        desk.customer(f"c-{number:02d}", time_zone="Europe/London")
    desk.customer("c-99", phone=None)
    rules = desk.store.reference.current()

    found = foretell(desk.store.care, rules, rules.care.plans["birthday"], DAY, 50)

    assert (found.count, found.not_told, found.complete) == (12, {"no_address": 1}, True)
    assert [one.customer.customer_id for one in found.first] == [f"c-{number:02d}" for number in range(10)]
    assert {(one.notice.channel, one.due) for one in found.first} == {("sms", NINE + timedelta(hours=8))}
    assert foretell(desk.store.care, rules, rules.care.plans["birthday"], DAY, 5).complete is False
    assert desk.told() == []


def test_the_whole_way_by_the_running_services(stack: Stack) -> None:
    operator = stack.client("operator")
    found = operator.call("notify", "preview_care_plan", plan="birthday", date="2026-03-02")
    assert (found["plan"], found["active"], found["complete"]) == ("birthday", False, True)
    assert operator.call("notify", "find_care_days", plan="birthday") == {"days": [], "next": None}
    plans = operator.call("notify", "find_care_plans")
    assert (plans["per_year"], {one["plan"]: one["active"] for one in plans["plans"]}["birthday"]) == (12, False)


def test_plans_are_told_as_the_reference_data_have_them_and_since_when_they_are_on(desk: Desk) -> None:
    desk.plan(
        birthday=BIRTHDAY,
        holiday={**BIRTHDAY, "calendar": {"days": ["12-31"]}, "audience": 'tier == "gold"', "active": False},
    )
    desk.run(NINE)
    plans, since = desk.store.reference.current().care.plans, desk.store.care.days.since()
    birthday, holiday = (schemas.plan(plans[code], since.get(code)) for code in ("birthday", "holiday"))
    assert (birthday["active"], birthday["since"], birthday["at"], birthday["condition"]) == (True, NINE, "09:00", None)
    assert birthday["calendar"] == {"date_of": "birthday", "days_before": 0, "yearly": True}
    assert (holiday["active"], holiday["since"], holiday["condition"]) == (False, None, 'tier == "gold"')
    assert holiday["calendar"] == {"days": ["12-31"]}


def test_moving_to_another_zone_on_the_day_brings_no_second_greeting(desk: Desk) -> None:
    desk.plan(birthday=BIRTHDAY)
    desk.customer("c-1")
    desk.customer("c-2", time_zone="Europe/London", dates={})
    desk.run(NINE - timedelta(hours=2))
    desk.run(NINE)
    desk.customer("c-1", number=2, time_zone="Europe/London")
    desk.run(NINE + timedelta(hours=8))
    assert [who for who, _, _ in desk.told()] == ["c-1"]
