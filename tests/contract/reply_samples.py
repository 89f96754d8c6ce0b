"""Inbound messages and what services make of them: one of every kind, made by their own rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.dispatch.domain.work import appointments
from services.feedback.domain import case as cases
from services.intake.domain import inbound
from services.intake.domain.inbound import StatusQuestion
from services.notify.domain import replies
from services.notify.domain.matching import Question
from services.notify.domain.preferences import Preferences, opt_in, opt_out
from services.notify.domain.reading import Meaning
from services.notify.domain.replies import Reply
from shared.events import Fact
from tests.contract.dispatch_samples import AT
from tests.unit.dispatch import builders as work
from tests.unit.intake import builders as intake

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
Decisions = Iterator[tuple[Any, list[Fact]]]


def a_reply(**given: Any) -> Reply:
    known = {"channel": "sms", "sender": "+441164960403", "to": "106900001", "text": "5", "received_at": AT}
    return Reply(**{"reply_id": "sms/sms-consumer/77", **known, **given})


def a_question(**given: Any) -> Question:
    known = {"message_id": "019c", "kind": "survey", "key": "W-1042/0", "ticket_no": "T-1042", "order_no": "W-1042"}
    times = {"recipient": "customer:c-7", "asked_at": AT, "answer_by": AT + timedelta(days=5)}
    return Question(**{**known, **times, **given})


def of_notify() -> Decisions:
    """What comes in: answers, questions, and what a person must see to."""
    for comment in (None, "很好"):
        scored = a_reply(meaning=Meaning("survey", "5", comment))
        yield replies.answers(scored, a_question(), AT)
        for value in ("confirm", "change"):
            answer = a_reply(meaning=Meaning("appointment", value, comment))
            yield replies.answers(answer, a_question(kind="appointment", key="W-1042/3"), AT)
    for language in (None, "zh-CN"):
        yield replies.asks(a_reply(language=language), "T-1042", AT)
    mail = a_reply(
        channel="email", subject="Re: T-1042", attachments=({"name": "a.jpg", "content_type": "x", "size": 7},)
    )
    for by in (None, "customer:c-7", "agent:it.01"):
        yield replies.threads(mail, "T-1042", by, AT)
    asked = {"message_id": "019c", "kind": "survey", "ticket_no": "T-1042", "asked_at": AT}
    for said in (mail, a_reply(text="", might=(asked,), language="en"), a_reply(acknowledge=True)):
        yield replies.for_a_person(said, AT, "not_understood")


def of_preferences() -> Decisions:
    """STOP, and START."""
    nobody = Preferences(recipient="address:+441164960403")
    stopped, facts = opt_out(nobody, AT, None, "stop", ())
    yield stopped, facts
    yield opt_in(stopped, AT, None, "stop")


def contact(**given: Any) -> dict[str, Any]:
    """As intake loads a `contact_received`."""
    known = {"reply_id": "sms/sms-consumer/77", "channel": "sms", "from_": "+441164960403", "received_at": AT}
    said = {"subject": "Hello", "text": "Hello", "attachments": [], "why": "not_understood", "might": []}
    return {**known, **said, "language": None, "acknowledge": True, **given}


def of_tickets() -> Decisions:
    """Tickets that messages become, and what is said about others."""
    for follows in (None, "T-1"):
        yield inbound.contact("T-9", intake.CALLER, contact(), intake.TRIAGE, AT, follows)
    yield inbound.reply(intake.a_ticket(), AT, contact(channel="email", by="customer:c-7"))


def of_questions() -> Decisions:
    """How a ticket stands, for its customer and for others."""
    asked = StatusQuestion(reply_id="sms/1", ticket_no="T-1", channel="sms", address="+441164960403")
    yield inbound.status_told(asked, None, AT, (), None)
    yield inbound.status_told(asked, intake.a_ticket(), AT, ("+441164960403",), "en")
    expected = intake.a_ticket(eta=AT)
    yield inbound.status_told(replace(asked, language="en"), expected, AT, ("+441164960403",), None)


def of_cases(case: Any) -> Decisions:
    """An answer by message, and one that comes when the case is over."""
    yield cases.take_reply(case, AT, "sms/1", 5, None, 2)
    over, _ = cases.answer(case, AT, 4, None, 2)
    yield cases.take_reply(over, AT, "sms/2", 1, "no", 2)


def of_work() -> Decisions:
    """Appointments, and what customers say."""
    order, day = work.an_order(), timedelta(days=1)
    asked, facts = appointments.set_appointment(order, AT, AT + day, AT + day * 1.1, "Somebody must be at home.")
    yield asked, facts
    yield appointments.set_appointment(order, AT, AT + day)
    yield appointments.set_appointment(asked, AT, AT + 2 * day)
    yield appointments.cancel_appointment(asked, AT, "The part has not come.")
    told = {"number": 1, "note": "Rather on Tuesday", "reply_id": "sms/1"}
    for answer in appointments.ANSWERS:
        yield appointments.answered(asked, AT, answer=answer, **told)
    yield appointments.answered(asked, AT + 2 * day, answer="change", **{**told, "note": None})
    yield appointments.customer_replied(order, AT, channel="email", text="It is down again.")


def of_consumers() -> Iterator[dict[str, Any]]:
    """What comes in from outside, as docs/consumers.md shows it."""
    for name in ("sms_received", "mail_received"):
        yield json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
