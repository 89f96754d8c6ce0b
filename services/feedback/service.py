"""What callers may ask of feedback."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.feedback import schemas
from services.feedback.domain import case as cases
from services.feedback.domain import kpi
from services.feedback.store import FeedbackStore
from shared.bus import Call, Health, command, query
from shared.mongo import Mongo
from shared.reference import ReferenceData
from shared.verification import Verification


class Feedback(Health, ReferenceData, Verification):
    """Was it good: surveys, cases and figures."""

    name = "feedback"
    store = Mongo(FeedbackStore)

    @command("submit", schemas.AnswerSurvey)
    def answer_survey(self, call: Call, token: str, score: int, comment: str | None) -> Any:
        """Take the customer's one answer; a low score has the work reopened, any other closes the loop."""
        limit = self.store.reference.current().dissatisfied_at_most
        return self.store.cases.change(
            call,
            self.store.case_with_token(token),
            lambda case, at: cases.answer(case, at, score, comment, limit),
            schemas.answered,
        )

    @query("read", schemas.GetCase)
    def get_case(self, call: Call, **number: str) -> dict[str, Any]:
        """The case `case_no`, or every round's case of `order_no`, each with its history: `{"cases": […]}`."""
        return {"cases": self.store.cases_of(**number)}

    @query("read", schemas.Kpi)
    def kpi(
        self, call: Call, since: datetime, until: datetime, team: str | None = None, priority: str | None = None
    ) -> dict[str, Any]:
        """The figures of the work opened in [from, to), in total, by team and by priority."""
        figures = kpi.report(self.store.sums(since, until, team, priority), self.store.reference.current())
        return {"from": since, "to": until, "team": team, "priority": priority, **figures}
