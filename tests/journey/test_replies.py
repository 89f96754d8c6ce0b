"""Customers answer by SMS: the survey, the appointment, and that they want no more messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.inbound import Inbound
from tests.journey.outside import Outside, happened
from tests.support import Stack, eventually


@pytest.fixture(scope="module")
def inbound(stack: Stack, outside: Outside) -> Inbound:
    return Inbound(stack, outside)


def test_a_survey_answered_by_sms_closes_the_ticket(outside: Outside, inbound: Inbound, team: str, a1: str) -> None:
    case = outside.submit(team)
    outside.when_work(case, state="assigned", agent=a1)
    outside.do("resolve", case, solution="A new cable")
    inbound.asked(case, "survey_due")

    reply = inbound.sms(case.customer["phone"], "５，谢谢师傅", times=3)

    outside.when_ticket(case, status="closed")
    (followed,) = outside.cases(case)
    assert (followed["state"], followed["score"], followed["comment"]) == ("satisfied", 5, "谢谢师傅")
    kept = inbound.when_reply(reply, "answered")
    assert (kept["ticket_no"], kept["meaning"]) == (case.ticket_no, {"kind": "survey", "value": "5"})
    again = inbound.sms(case.customer["phone"], "5")
    assert inbound.when_reply(again, "repeated")["ticket_no"] == case.ticket_no
    outside.assert_agreed(case)


def test_an_appointment_is_confirmed_by_sms_and_its_owner_hears(
    outside: Outside, inbound: Inbound, team: str, a1: str
) -> None:
    case = outside.submit(team)
    outside.when_work(case, state="assigned", agent=a1)
    starts_at = datetime.now(UTC) + timedelta(days=2)
    outside.do("set_appointment", case, starts_at=starts_at, note="Somebody must be at home")
    inbound.asked(case, "appointment_set")
    assert "Reply 1 to confirm" in inbound.text_to(case, lambda text: "we will come" in text)

    inbound.when_reply(inbound.sms(case.customer["phone"], "1"), "answered")

    work = outside.work(case)
    assert (work["appointment"]["number"], work["appointment"]["state"]) == (1, "confirmed")
    eventually(lambda: [m for m in outside.messages(case) if m["event"] == "appointment_confirmed"])

    outside.do("set_appointment", case, starts_at=starts_at + timedelta(days=1))
    inbound.asked(case, "appointment_changed")
    inbound.when_reply(inbound.sms(case.customer["phone"], "改期，周末更好"), "answered")

    appointment = outside.work(case)["appointment"]
    assert (appointment["number"], appointment["state"], appointment["wish"]) == (2, "change_wanted", "周末更好")
    assert [kind for kind in happened(outside.work(case)) if "appointment" in kind] == [
        "appointment_set",
        "appointment_confirmed",
        "appointment_changed",
        "appointment_change_wanted",
    ]


def test_stop_stops_and_start_starts(outside: Outside, inbound: Inbound, team: str, a1: str) -> None:
    case = outside.submit(team)
    phone = case.customer["phone"]
    outside.when_work(case, state="assigned", agent=a1)

    inbound.when_reply(inbound.sms(phone, "Stop."), "answered")
    inbound.text_to(case, lambda text: "no more messages" in text)
    inbound.when_reply(inbound.sms(phone, "TD"), "answered")
    outside.do("set_appointment", case, starts_at=datetime.now(UTC) + timedelta(days=2))
    told = eventually(lambda: [m for m in outside.messages(case) if m["event"] == "appointment_set"])
    assert {message["channel"] for message in told if message["state"] in ("handed_over", "sent")} <= {"email"}

    inbound.when_reply(inbound.sms(phone, "START"), "answered")
    outside.do("set_appointment", case, starts_at=datetime.now(UTC) + timedelta(days=3))
    inbound.text_to(case, lambda text: "not on" in text)
    texts = [text["text"] for text in outside.texts(case)]
    assert [("no more messages" in text, "we will come" in text) for text in texts] == [(True, False), (False, True)]
