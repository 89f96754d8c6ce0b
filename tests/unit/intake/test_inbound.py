"""Messages that come in: tickets that they become, replies to tickets, questions how they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import inbound
from services.intake.domain.inbound import StatusQuestion
from services.intake.domain.ticket import Step
from services.intake.domain.triage import Kind, Triage
from services.intake.errors import TicketIsOver
from services.intake.schemas import ReferenceData
from shared.errors import NotYetKnown, ValidationError
from shared.schemas import load
from tests.unit.intake.builders import CALLER, NINE, TRIAGE, a_ticket, minutes

PHONE = "+441164960403"


def said(**given: Any) -> dict[str, Any]:
    known = {"reply_id": "sms/1", "channel": "sms", "from_": PHONE, "received_at": NINE, "subject": "Hello"}
    more = {"text": "Hello, it is dark", "attachments": [], "why": "not_understood", "might": [], "acknowledge": False}
    return {**known, **more, "by": "customer:C-1", **given}


def contact(triage: Triage = TRIAGE, follows: str | None = None, **given: Any):
    return inbound.contact("T-9", CALLER, said(**given), triage, NINE, follows)


def test_a_message_becomes_a_ticket_with_its_words() -> None:
    ticket, facts = contact()

    assert (ticket.channel, ticket.subject, ticket.text, ticket.customer_id) == (
        "sms",
        "Hello",
        "Hello, it is dark",
        "C-1",
    )
    assert [fact.type for fact in facts] == ["ticket_submitted", "message_kept", "reply_settled"]


def test_its_kind_is_the_declared_one() -> None:
    declared = Triage(
        categories={"a": {}, "b": {}}, inbound=Kind(type="fault", category="b", impact="high", urgency="high")
    )

    ticket, _ = contact(declared)

    assert (ticket.type, ticket.category, ticket.priority) == ("fault", "b", "P1")


def test_where_nothing_is_declared_its_category_is_other_or_the_first() -> None:
    assert contact(Triage(categories={"a": {}, "other": {}}))[0].category == "other"
    assert contact(Triage(categories={"b": {}, "a": {}}))[0].category == "b"


def test_before_there_are_categories_it_waits() -> None:
    with pytest.raises(NotYetKnown):
        contact(Triage())


def test_the_history_says_what_it_might_have_answered() -> None:
    might = {"message_id": "019c", "kind": "survey", "ticket_no": "T-1", "asked_at": "2026-03-02T09:00:00.000Z"}

    _, facts = contact(why="fits_several", might=[might], follows="T-8")

    assert facts[1].data == {"reply_id": "sms/1", "why": "fits_several", "might": [might], "follows": "T-8"}


def test_who_may_be_answered_is_told_of_the_ticket() -> None:
    told = contact(acknowledge=True, follows="T-8")[1][2]

    assert (told.type, told.data) == ("contact_taken", {"follows": "T-8", "reply_id": "sms/1"})


def test_what_a_gateway_says_came_later_than_it_was_heard_came_then() -> None:
    assert contact(received_at=NINE + minutes(60))[0].occurred_at == NINE


def test_a_reply_is_the_customers_word() -> None:
    ticket, facts = inbound.reply(a_ticket(), NINE, said(channel="email"))

    assert (ticket, [fact.type for fact in facts]) == (a_ticket(), ["customer_replied", "reply_settled"])
    assert facts[0].data == {"channel": "email", "text": "Hello, it is dark", "reply_id": "sms/1"}


def test_what_somebody_of_the_staff_answers_is_a_note() -> None:
    _, facts = inbound.reply(a_ticket(), NINE, said(by="agent:it.01"))

    assert (facts[0].type, facts[0].data["by"]) == ("note_added", "agent:it.01")


def test_an_answer_from_an_address_of_the_customer_is_the_customers_word_whoever_the_mail_went_to() -> None:
    answer = said(channel="email", by="address:ann@example.com", from_="Ann@Example.com")

    told = inbound.reply(a_ticket(), NINE, answer, (None, "ann@example.com"))[1][0]
    strangers = inbound.reply(a_ticket(), NINE, answer, (None, "bob@example.com"))[1][0]

    assert (told.type, strangers.type) == ("customer_replied", "note_added")


def test_a_note_of_the_staff_is_welcome_when_the_ticket_is_over_and_makes_no_new_one() -> None:
    _, facts = inbound.reply(a_ticket(status="closed"), NINE, said(by="agent:it.01"))

    assert [fact.type for fact in facts] == ["note_added", "reply_settled"]


@pytest.mark.parametrize("status", ["closed", "withdrawn"])
def test_a_ticket_that_is_over_takes_no_reply(status: str) -> None:
    with pytest.raises(TicketIsOver):
        inbound.reply(a_ticket(status=status), NINE, said())


@pytest.mark.parametrize("status", ["submitted", "on_hold", "resolved"])
def test_any_other_ticket_takes_it(status: str) -> None:
    assert inbound.reply(a_ticket(status=status), NINE, said())[1]


QUESTION = StatusQuestion(reply_id="sms/1", ticket_no="T-100001", channel="sms", address=PHONE)


def test_its_customer_hears_how_a_ticket_stands() -> None:
    step = Step(code="visit", name={"en": "Visit"}, since=NINE, number=2)

    told, facts = inbound.status_told(QUESTION, a_ticket(steps=(step,), status="assigned"), NINE, (PHONE, None), "en")

    assert (told.known, told.status, told.step_name, told.language) == (True, "assigned", {"en": "Visit"}, "en")
    assert [fact.type for fact in facts] == ["ticket_status_told", "reply_settled"]


def test_its_customer_is_known_by_an_address_in_any_case() -> None:
    asking = replace(QUESTION, channel="email", address="ann@example.com")

    assert inbound.status_told(asking, a_ticket(), NINE, (None, "Ann@Example.com"), "en")[0].known


def test_nobody_else_hears_more_than_of_a_ticket_that_there_is_not() -> None:
    others, _ = inbound.status_told(QUESTION, a_ticket(), NINE, ("+447700900123", None), None)
    nobodys, _ = inbound.status_told(QUESTION, None, NINE, (), None)

    assert others == nobodys == replace(QUESTION, known=False)


def test_who_has_no_address_is_nobody_who_asks() -> None:
    assert not inbound.status_told(replace(QUESTION, address=""), a_ticket(), NINE, (None, None), None)[0].known


def test_messages_of_a_category_that_is_not_there_are_refused() -> None:
    body = {"categories": {"a": {"name": {"en": "A"}}}, "priorities": TRIAGE.priorities}
    with pytest.raises(ValidationError) as refused:
        load(ReferenceData, {**body, "inbound": {"category": "b"}})
    assert list(refused.value.fields) == ["inbound.category"]
