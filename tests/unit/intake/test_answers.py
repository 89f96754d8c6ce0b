"""What a caller sees of a ticket."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake import answers
from services.intake.domain.ticket import Step
from tests.unit.intake.builders import NINE, a_ticket


def entry(number: int, at: str, /, **data: Any) -> dict[str, Any]:
    return {"number": number, "type": "ticket_submitted" if number == 1 else "status_changed", "at": at, "data": data}


def test_news_of_the_same_moment_stand_in_the_order_of_the_work_however_they_came() -> None:
    history = [
        entry(1, "2026-01-01T00:00:00.000Z", status="submitted"),
        entry(2, "2026-01-01T00:00:09.000Z", status="assigned", number=7),
        entry(3, "2026-01-01T00:00:09.000Z", status="reopened", number=6),
        entry(4, "2026-01-01T00:00:05.000Z", status="resolved", number=5),
    ]
    told = answers.ticket(a_ticket(), history, "en")["history"]
    assert [one["data"]["status"] for one in told] == ["submitted", "resolved", "reopened", "assigned"]


def at(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00.000Z"


def test_news_that_leave_the_status_as_it_was_are_not_in_the_history() -> None:
    history = [
        entry(1, at(0), status="submitted"),
        entry(2, at(4), status="assigned", order_no="W-1", number=9),
        entry(3, at(2), status="assigned", order_no="W-1", number=5),
        entry(4, at(3), status="on_hold", order_no="W-1", number=7, reason="other"),
        entry(5, at(1), status="assigned", order_no="W-1", number=3),
    ]
    told = answers.ticket(a_ticket(), history, "en")["history"]
    assert [(one["number"], one["data"]["status"]) for one in told] == [
        (1, "submitted"),
        (5, "assigned"),
        (4, "on_hold"),
        (2, "assigned"),
    ]


def test_news_that_say_something_more_are_told_whatever_the_status() -> None:
    history = [
        entry(1, at(0), status="submitted"),
        entry(2, at(1), status="on_hold", order_no="W-1", number=3, reason="other"),
        entry(3, at(2), status="on_hold", order_no="W-1", number=5, reason="waiting_for_parts"),
    ]
    assert len(answers.ticket(a_ticket(), history, "en")["history"]) == 3


ON_SITE = {"zh-CN": "现场处理", "en": "On site"}


@pytest.mark.parametrize(
    ("language", "name"), [("zh-CN", "现场处理"), ("en", "On site"), ("fr", "现场处理")], ids=["zh-CN", "en", "neither"]
)
def test_names_are_in_the_customers_language_where_there_is_one(language: str, name: str) -> None:
    history = [entry(1, "2026-01-01T00:00:00.000Z", step="on_site", step_name=ON_SITE, number=4)]
    step = Step(code="on_site", name=ON_SITE, since=NINE, number=4)
    told = answers.ticket(a_ticket(steps=(step,), status="assigned"), history, language)
    assert told["progress"] == {"step": "on_site", "step_name": name, "since": NINE}
    assert told["history"][0]["data"] == {"step": "on_site", "step_name": name, "number": 4}


def test_step_without_a_name_is_called_by_its_code() -> None:
    step = Step(code="on_site", name={}, since=NINE, number=4)
    told = answers.ticket(a_ticket(steps=(step,)), [], "en")
    assert told["progress"]["step_name"] == "on_site"


def test_ticket_without_a_flow_shows_no_progress() -> None:
    assert answers.ticket(a_ticket(), [], "en")["progress"] is None
