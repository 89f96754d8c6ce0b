"""Text in any language comes back as it came."""

from __future__ import annotations

from typing import Any

from tests.journey.outside import Outside, a_customer, body, subject
from tests.support import eventually

WORDS = (
    "断网了，快来修 😡",
    "Zürich – „größte Störung“ für 3 €",
    "не работает интернет 🔌",
    "لا يعمل الإنترنت",
    "האינטרנט לא עובד",
    "इंटरनेट काम नहीं कर रहा है",
    "インターネットが繋がりません",
    "인터넷이 안 돼요",
    "อินเทอร์เน็ตใช้ไม่ได้",
    "Đường truyền bị đứt",
    "👩🏽‍🔧👨‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿 1️⃣",
    "e\u0301 und é, ﬁ und fi, Å und Å",
    "tab\there and\nnew lines\n\n  indented",
    '<b>"quotes" & {{ jinja }} {% raw %} ${dollar} %s \\n</b>',
    "𝕄𝕒𝕥𝕙𝕤 𒀀 𓀀 \U0010fffd",
)


def test_text_in_any_language_comes_back_as_it_came_from_every_service(outside: Outside, team: str) -> None:
    outside.come(f"polyglot of {team}", team, capacity=len(WORDS))
    cases = [
        (words, outside.submit(team, subject=words, text=words * 3, customer=a_customer(name=words))) for words in WORDS
    ]
    for words, case in cases:
        outside.when_work(case, state="assigned", subject=words)
        outside.callcentre.command("intake", "add_note", ticket_no=case.ticket_no, text=words)
        outside.do("hold", case, reason="other", note=words)
        outside.do("resume", case)
        outside.do("resolve", case, solution=words)

    for words, case in cases:
        outside.answer(case, 1, words)
        eventually(lambda case=case, words=words: _told(outside.ticket(case), words))
        customer = outside.callcentre.call("intake", "get_customer", customer_id=case.customer_id)
        assert customer["name"] == words
        assert outside.work(case)["subject"] == words
        assert outside.cases(case)[0]["comment"] == words
        held = [entry["data"]["note"] for entry in outside.work(case)["history"] if entry["type"] == "work_held"]
        assert held == [words]


def _told(ticket: dict[str, Any], words: str) -> bool:
    """That the ticket says these words all through, the reason for which it came back included."""
    assert (ticket["subject"], ticket["text"], ticket["status"]) == (words, words * 3, "assigned")
    told = {name: value for entry in ticket["history"] for name, value in entry["data"].items()}
    assert (told["text"], told["solution"], told["reason"]) == (words, words, words)
    return True


def test_the_customer_reads_what_was_written(outside: Outside, team: str) -> None:
    outside.come(f"writer of {team}", team, capacity=len(WORDS))
    for words in WORDS:
        case = outside.submit(team, customer=a_customer(name=words.replace("\n", " ")))
        outside.when_work(case, state="assigned")
        outside.do("resolve", case, solution=words)

        (mail,) = eventually(lambda case=case: outside.mails(case.customer["email"], case))
        assert words in body(mail).replace("\r\n", "\n")
        assert case.ticket_no in subject(mail)
        message = next(m for m in outside.messages(case) if m["event"] == "work_resolved")
        full = outside.workbench.call("notify", "get_message", message_id=message["message_id"])
        assert words in full["content"]["text"]
