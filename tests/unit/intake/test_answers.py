"""What a caller sees of a ticket."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake import answers
from services.intake.domain.ticket import Step
from tests.unit.intake.builders import NINE, a_ticket


def entry(number: int, at: str, /, **data: Any) -> dict[str, Any]:
    return {"number": number, "at": at, "data": data}


def test_news_of_the_same_moment_stand_in_the_order_of_the_work_however_they_came() -> None:
    history = [
        entry(1, "2026-01-01T00:00:00.000Z", status="submitted"),
        entry(2, "2026-01-01T00:00:09.000Z", status="assigned", number=7),
        entry(3, "2026-01-01T00:00:09.000Z", status="reopened", number=6),
        entry(4, "2026-01-01T00:00:05.000Z", status="resolved", number=5),
    ]
    told = answers.ticket(a_ticket(), history, "en")["history"]
    assert [one["data"]["status"] for one in told] == ["submitted", "resolved", "reopened", "assigned"]


ON_SITE = {"zh-CN": "现场处理", "en": "On site"}


@pytest.mark.parametrize(
    ("language", "name"), [("zh-CN", "现场处理"), ("en", "On site"), ("fr", "现场处理")], ids=["zh-CN", "en", "neither"]
)
def test_names_are_in_the_customers_language_where_there_is_one(language: str, name: str) -> None:
    history = [entry(1, "2026-01-01T00:00:00.000Z", step="on_site", step_name=ON_SITE, number=4)]
    step = Step(code="on_site", name=ON_SITE, since=NINE)
    told = answers.ticket(a_ticket(step=step, status="assigned"), history, language)
    assert told["progress"] == {"step": "on_site", "step_name": name, "since": NINE}
    assert told["history"][0]["data"] == {"step": "on_site", "step_name": name, "number": 4}


def test_step_without_a_name_is_called_by_its_code() -> None:
    told = answers.ticket(a_ticket(step=Step(code="on_site", name={}, since=NINE)), [], "en")
    assert told["progress"]["step_name"] == "on_site"


def test_ticket_without_a_flow_shows_no_progress() -> None:
    assert answers.ticket(a_ticket(), [], "en")["progress"] is None
