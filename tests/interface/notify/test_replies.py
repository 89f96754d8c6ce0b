"""Inbound messages on the running stack: what they are taken for, and what a person makes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from deploy.cli import main
from shared.client import Client
from shared.errors import IllegalMove, ValidationError
from tests.journey.inbound import Inbound
from tests.journey.outside import TEXTS_TEAM as TEAM
from tests.journey.outside import Case, Outside, a_customer, apply_reference, happened
from tests.support import Stack, eventually


@pytest.fixture(scope="module")
def outside(stack: Stack) -> Outside:
    apply_reference(stack)
    return Outside(stack)


@pytest.fixture(scope="module")
def inbound(stack: Stack, outside: Outside) -> Inbound:
    return Inbound(stack, outside)


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    return stack.client("workbench")


def surveyed(outside: Outside, inbound: Inbound, **customer: Any) -> Case:
    """A matter that is resolved, its customer asked how it was."""
    agent = outside.come(f"{uuid4().hex[:8]} of {TEAM}", TEAM)
    case = outside.submit(TEAM, customer=a_customer(**customer))
    work = outside.when_work(case, state="assigned")
    if work["agent"] != agent:
        outside.when_work(case, agent=work["agent"])
    outside.do("resolve", case, solution="Done")
    inbound.asked(case, "survey_due")
    return case


def phone_of(case: Case) -> str:
    return str(case.customer["phone"])


def ticket_of(outside: Outside, inbound: Inbound, reply_id: str) -> dict[str, Any]:
    """The ticket that the message became."""
    inbound.when_reply(reply_id, "ticket")
    number = eventually(lambda: inbound.reply(reply_id)["ticket_no"])
    return dict(outside.callcentre.call("intake", "get_ticket", ticket_no=number))


def kept(ticket: dict[str, Any]) -> dict[str, Any]:
    """What stands in the ticket's history about the message."""
    return dict(next(entry["data"] for entry in ticket["history"] if entry["type"] == "message_kept"))


def test_a_text_that_nobody_understands_becomes_one_ticket_and_its_sender_hears(
    outside: Outside, inbound: Inbound
) -> None:
    phone = a_customer()["phone"]

    reply = inbound.sms(phone, "The street is dark", times=3)
    ticket = ticket_of(outside, inbound, reply)
    again = inbound.sms(phone, "The street is dark")

    assert (ticket["channel"], ticket["text"], ticket["category"]) == ("sms", "The street is dark", "other")
    customer = outside.workbench.call("intake", "get_customer", customer_id=ticket["customer_id"])
    assert (customer["phone"], customer["name"], customer["language"]) == (phone, phone, "en")
    assert inbound.when_reply(again, "repeated")["why"] == "said_before"
    told = [entry for entry in inbound.reply(reply)["history"] if entry["type"] == "contact_received"]
    assert len(told) == 1
    texts = eventually(lambda: [text["text"] for text in outside.stack.texts() if text["to"] == phone])
    assert texts == [
        f"Your message is with a person now: ticket {ticket['ticket_no']}. "
        f"Text {ticket['ticket_no']} to us to hear how it stands."
    ]
    listed = outside.callcentre.call("intake", "find_tickets", customer_id=ticket["customer_id"])["tickets"]
    assert len(listed) == 1


def test_what_fits_two_questions_becomes_a_ticket_and_a_person_binds_it(
    outside: Outside, inbound: Inbound, desk: Client
) -> None:
    case = surveyed(outside, inbound)
    other = surveyed(outside, inbound, phone=phone_of(case), email=case.customer["email"])

    reply = inbound.sms(phone_of(case), "5")

    ticket = ticket_of(outside, inbound, reply)
    assert kept(ticket)["why"] == "fits_several"
    assert {one["ticket_no"] for one in kept(ticket)["might"]} == {case.ticket_no, other.ticket_no}
    asked = inbound.asked(other, "survey_due")["message_id"]
    answer = {"reply_id": reply, "as": "survey", "message_id": asked, "value": "5"}
    assert desk.command("notify", "resolve_reply", **answer)["state"] == "matched"
    outside.when_ticket(other, status="closed")
    assert outside.cases(case)[0]["state"] == "open"
    inbound.when_reply(reply, "answered")
    with pytest.raises(IllegalMove):
        desk.command("notify", "resolve_reply", **answer)

    named = inbound.sms(phone_of(case), f"{case.ticket_no} 4")
    outside.when_ticket(case, status="closed")
    assert inbound.when_reply(named, "answered")["ticket_no"] == case.ticket_no


def test_what_became_a_ticket_goes_to_another_one_where_a_person_says_so(
    outside: Outside, inbound: Inbound, desk: Client
) -> None:
    case = outside.submit(TEAM)
    reply = inbound.sms(phone_of(case), "It is the lamp at the corner")
    ticket_of(outside, inbound, reply)

    desk.command("notify", "resolve_reply", reply_id=reply, **{"as": "reply", "ticket_no": case.ticket_no})

    assert inbound.when_reply(reply, "answered")["ticket_no"] == case.ticket_no
    ticket = outside.callcentre.call("intake", "get_ticket", ticket_no=case.ticket_no)
    assert [entry["data"]["text"] for entry in ticket["history"] if entry["type"] == "customer_replied"] == [
        "It is the lamp at the corner"
    ]


def test_what_a_person_gives_to_a_ticket_that_there_is_not_stays_the_ticket_that_it_was(
    outside: Outside, inbound: Inbound, desk: Client
) -> None:
    reply = inbound.sms(a_customer()["phone"], "Where does this belong?")
    ticket = ticket_of(outside, inbound, reply)

    desk.command("notify", "resolve_reply", reply_id=reply, **{"as": "reply", "ticket_no": "T-1"})

    assert inbound.when_reply(reply, "answered")["ticket_no"] == ticket["ticket_no"]


def test_an_answer_that_comes_too_late_becomes_a_ticket(outside: Outside, inbound: Inbound) -> None:
    case = surveyed(outside, inbound)
    outside.answer(case, 5, "by the link")
    outside.when_ticket(case, status="closed")

    same = inbound.sms(phone_of(case), "5")
    assert inbound.when_reply(same, "repeated")["ticket_no"] == case.ticket_no
    other = inbound.sms(phone_of(case), "1")

    assert kept(ticket_of(outside, inbound, other))["why"] == "answered_otherwise"
    assert outside.cases(case)[0]["score"] == 5


def test_two_different_answers_at_the_same_moment_have_one_effect(outside: Outside, inbound: Inbound) -> None:
    case = surveyed(outside, inbound)

    replies = [inbound.sms(phone_of(case), text) for text in ("5", "4", "5")]

    outside.when_ticket(case, status="closed")
    states = eventually(lambda: _when_all(inbound, replies, {"answered", "repeated", "ticket"}))
    assert states.count("answered") == 1
    answered = [entry for entry in happened(outside.cases(case)[0]) if entry == "survey_answered"]
    assert answered == ["survey_answered"]


def _when_all(inbound: Inbound, replies: list[str], wanted: set[str]) -> list[str]:
    states = [inbound.reply(reply)["state"] for reply in replies]
    assert set(states) <= wanted, states
    return states


def test_of_stop_and_start_the_later_one_counts_though_it_is_heard_first_or_a_clock_runs_ahead(
    outside: Outside, inbound: Inbound
) -> None:
    phone, now = a_customer()["phone"], datetime.now(UTC)

    def opted_out() -> list[str]:
        return list(outside.callcentre.call("notify", "get_preferences", address=phone)["opted_out"])

    inbound.when_reply(inbound.sms(phone, "TD"), "answered")
    late = inbound.when_reply(inbound.sms(phone, "START", at=now - timedelta(minutes=1)), "repeated")
    assert (late["why"], opted_out()) == ("overtaken", ["*"])

    inbound.when_reply(inbound.sms(phone, "START", at=now + timedelta(days=300)), "answered")
    assert opted_out() == []
    inbound.when_reply(inbound.sms(phone, "TD"), "answered")
    assert opted_out() == ["*"]


@pytest.mark.parametrize("text", ["👍", "ok \ud83d", "\u200b", "?" * 20_000])
def test_what_hardly_is_a_text_becomes_a_ticket(outside: Outside, inbound: Inbound, text: str) -> None:
    ticket = ticket_of(outside, inbound, inbound.sms(a_customer()["phone"], text))

    assert ticket["channel"] == "sms"


def test_the_status_is_told_to_the_tickets_customer_only(outside: Outside, inbound: Inbound) -> None:
    outside.come(f"{uuid4().hex[:8]} of {TEAM}", TEAM)
    case = outside.submit(TEAM)
    outside.when_ticket(case, status="assigned")
    stranger = a_customer()["phone"]

    inbound.when_reply(inbound.sms(phone_of(case), f"查询 {case.ticket_no}"), "answered")
    inbound.when_reply(inbound.sms(stranger, f"status {case.ticket_no}"), "answered")

    assert inbound.text_to(case, lambda text: "being worked on" in text).startswith(f"Ticket {case.ticket_no}:")
    told = eventually(lambda: [text["text"] for text in outside.stack.texts() if text["to"] == stranger])
    assert told == [f"We know of no ticket {case.ticket_no} of yours."]


def test_a_sender_without_a_number_is_on_the_worklist(outside: Outside, inbound: Inbound, desk: Client) -> None:
    sender = f"BANK{uuid4().hex[:6]}"
    reply = inbound.sms(sender, "Your code is 123456")

    assert inbound.when_reply(reply, "failed")["why"] == "no_address"
    page = desk.call("notify", "find_replies", state="failed", sender=sender)
    assert [one["reply_id"] for one in page["replies"]] == [reply]
    assert desk.command("notify", "retry_reply", reply_id=reply)["state"] == "failed"
    done = desk.command("notify", "resolve_reply", reply_id=reply, **{"as": "nothing", "note": "not for us"})
    assert (done["state"], done["why"]) == ("dismissed", "not for us")


def test_a_mail_from_nobody_stays_on_the_worklist_however_often_it_is_tried(inbound: Inbound, desk: Client) -> None:
    reply = inbound.mail("undisclosed recipients", "Hello")

    assert inbound.when_reply(reply, "failed")["why"] == "no_address"
    assert desk.command("notify", "retry_reply", reply_id=reply)["state"] == "failed"


def test_a_preview_says_what_a_text_would_be_taken_for_and_changes_nothing(
    outside: Outside, inbound: Inbound, desk: Client
) -> None:
    case = surveyed(outside, inbound)

    taken = desk.call("notify", "preview_reply", **{"from": phone_of(case), "to": "1069", "text": "满意，谢谢"})

    assert (taken["outcome"], taken["meaning"]) == ("answer", {"kind": "survey", "value": "4", "comment": "谢谢"})
    assert taken["question"]["ticket_no"] == case.ticket_no
    unclear = desk.call("notify", "preview_reply", **{"from": phone_of(case), "text": "so so"})
    assert (unclear["outcome"], unclear["why"]) == ("person", "not_understood")
    assert outside.cases(case)[0]["state"] == "open"
    assert desk.call("notify", "find_replies", sender=phone_of(case))["replies"] == []


def test_what_a_person_says_of_a_reply_must_be_whole(desk: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.command("notify", "resolve_reply", reply_id="sms/1", **{"as": "survey", "value": "6"})
    assert set(refused.value.fields) == {"message_id"}


def test_an_answer_to_another_appointment_becomes_a_ticket(outside: Outside, inbound: Inbound) -> None:
    outside.come(f"{uuid4().hex[:8]} of {TEAM}", TEAM)
    case = outside.submit(TEAM)
    outside.when_work(case, state="assigned")
    outside.do("set_appointment", case, starts_at=datetime.now(UTC) + timedelta(days=2))
    inbound.asked(case, "appointment_set")
    outside.do("cancel_appointment", case, reason="The part has not come")

    reply = inbound.sms(phone_of(case), "1")

    assert kept(ticket_of(outside, inbound, reply))["why"] == "cancelled"
    assert outside.work(case)["appointment"]["state"] == "cancelled"


def test_a_person_lists_shows_tries_and_resolves_by_the_command_line(
    stack: Stack, outside: Outside, inbound: Inbound
) -> None:
    case = surveyed(outside, inbound)
    sender = phone_of(case)
    reply = inbound.sms(sender, "so so, to be honest")
    ticket_of(outside, inbound, reply)
    asked = inbound.asked(case, "survey_due")["message_id"]

    def loopdesk(*arguments: str) -> str:
        environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("supervisor")}
        done = CliRunner().invoke(main, ["replies", *arguments], env=environ)
        assert done.exit_code == 0, done.output
        return done.output

    (listed,) = json.loads(loopdesk("--sender", sender, "--json"))["replies"]
    assert (listed["reply_id"], listed["state"]) == (reply, "ticket")
    assert f"might answer the survey of {case.ticket_no}" in loopdesk("show", reply)
    assert "answer: fits the survey only" in loopdesk("try", "--from", sender, "满意")
    resolved = loopdesk("resolve", reply, "--as", "survey", "--message", asked, "--value", "3", "--comment", "so so")
    assert f"{reply} is matched" in " ".join(resolved.split())
    outside.when_ticket(case, status="closed")
    assert outside.cases(case)[0]["comment"] == "so so"
