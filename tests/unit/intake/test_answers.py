"""What a caller sees of a ticket."""

from __future__ import annotations

from typing import Any

from services.intake import answers
from tests.unit.intake.builders import a_ticket


def entry(number: int, at: str, /, **data: Any) -> dict[str, Any]:
    return {"number": number, "at": at, "data": data}


def test_news_of_the_same_moment_stand_in_the_order_of_the_work_however_they_came() -> None:
    history = [
        entry(1, "2026-01-01T00:00:00.000Z", status="submitted"),
        entry(2, "2026-01-01T00:00:09.000Z", status="assigned", number=7),
        entry(3, "2026-01-01T00:00:09.000Z", status="reopened", number=6),
        entry(4, "2026-01-01T00:00:05.000Z", status="resolved", number=5),
    ]
    told = answers.ticket(a_ticket(), history)["history"]
    assert [one["data"]["status"] for one in told] == ["submitted", "resolved", "reopened", "assigned"]
