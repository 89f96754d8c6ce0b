"""What feedback does by itself: on events, and when a survey runs out."""

from __future__ import annotations

from services.feedback import heard
from services.feedback.domain import case as cases
from services.feedback.store import FeedbackStore
from services.feedback.tokens import token_hash
from shared.bus import Health, every, on_event
from shared.cause import Cause
from shared.errors import NotFound, NotYetKnown
from shared.events import Event
from shared.mongo import Mongo


class FeedbackWorker(Health):
    """Opens and ends cases as the work goes, and measures the work."""

    name = "feedback-worker"
    store = Mongo(FeedbackStore, sweeps=True)

    @on_event("dispatch", "work_resolved", heard.WorkResolved)
    def send_survey(self, event: Event) -> None:
        """Open the round's case and have its survey sent."""
        work, store = event.data, self.store
        number = cases.case_no(work["order_no"], work["round"])
        days = store.reference.current().survey_days
        hashed = token_hash(store.tokens.token(number))
        store.cases.change_or_create(
            Cause.from_event(event),
            number,
            lambda: cases.awaited(work, work["round"]),
            lambda case, at: cases.send_survey(case, at, work, days, hashed),
        )
        store.measure(event)

    @on_event("dispatch", "work_reopened", heard.WorkReopened)
    def withdraw_survey(self, event: Event) -> None:
        """End the case of the round before."""
        self._withdraw(event, event.data["round"] - 1)
        self.store.measure(event)

    @on_event("dispatch", "work_withdrawn", heard.WorkWithdrawn)
    def withdraw_case(self, event: Event) -> None:
        """End the case of the round that was stopped."""
        self._withdraw(event, event.data["round"])
        self.store.measure(event)

    @on_event("dispatch", "work_went_live", heard.WorkWentLive)
    def go_live(self, event: Event) -> None:
        """Let the case's timer run; a case that is not there yet will be live when it comes."""
        work = event.data
        self.store.cases.change_or_create(
            Cause.from_event(event),
            cases.case_no(work["order_no"], work["round"]),
            lambda: cases.awaited(work, work["round"]),
            cases.go_live,
        )

    @on_event("notify", "survey_replied", heard.SurveyReplied)
    def take_reply(self, event: Event) -> None:
        """Take the answer that came by message, as `answer_survey` would; what became of it is told back."""
        said, limit = event.data, self.store.reference.current().dissatisfied_at_most
        try:
            self.store.cases.change(
                Cause.from_event(event),
                said["case_no"],
                lambda case, at: cases.take_reply(case, at, said["reply_id"], said["score"], said["comment"], limit),
            )
        except NotFound as error:
            raise NotYetKnown(said["case_no"]) from error

    @on_event("dispatch", "work_opened", heard.WorkOpened)
    @on_event("dispatch", "work_responded", heard.WorkResponded)
    @on_event("dispatch", "work_transferred", heard.WorkTransferred)
    @on_event("dispatch", "work_prioritised", heard.WorkPrioritised)
    @on_event("dispatch", "work_triaged", heard.WorkTriaged)
    @on_event("dispatch", "step_completed", heard.StepCompleted)
    @on_event("dispatch", "work_closed", heard.WorkClosed)
    @on_event("dispatch", "deadline_missed", heard.DeadlineMissed)
    @on_event("feedback", "survey_due", heard.SurveyDue)
    @on_event("feedback", "survey_answered", heard.SurveyAnswered)
    def measure(self, event: Event) -> None:
        """Fold the event into the read model."""
        self.store.measure(event)

    @every(seconds=0.25)
    def close_unanswered(self) -> None:
        """Close the cases whose survey has run out."""
        self.store.cases.wake(self.store.now())

    def _withdraw(self, event: Event, round_: int) -> None:
        reason = event.data["reason"] or event.type
        self.store.cases.change_or_create(
            Cause.from_event(event),
            cases.case_no(event.data["order_no"], round_),
            lambda: cases.awaited(event.data, round_),
            lambda case, at: cases.withdraw(case, at, reason),
        )
