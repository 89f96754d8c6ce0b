"""Intake follows dispatch: every piece of news about the work moves the customer's ticket."""

from __future__ import annotations

from services.intake import heard
from services.intake.domain import news
from services.intake.domain.ticket import CLOSED, ON_HOLD, REOPENED, RESOLVED, WITHDRAWN, Ticket
from services.intake.store import IntakeStore
from services.intake.worker.replies import TakesMessages
from shared.bus import Health, on_event
from shared.cause import Cause
from shared.deciding import Decide
from shared.errors import NotFound, NotYetKnown
from shared.events import Event
from shared.mongo import Mongo

_FOR_THE_CUSTOMER = ("reason", "reason_name", "solution", "outcome")


class IntakeWorker(TakesMessages, Health):
    """Event handlers only: a ticket has no deadline of its own."""

    name = "intake-worker"
    store = Mongo(IntakeStore, sweeps=True)

    @on_event("dispatch", "work_assigned", heard.WorkAssigned)
    def mark_assigned(self, event: Event) -> None:
        """Somebody has it."""
        self._follow(event, news.when_assigned(event.data["held"]))

    @on_event("dispatch", "work_held", heard.WorkHeld)
    def mark_on_hold(self, event: Event) -> None:
        """It waits, and the history says for what."""
        self._follow(event, ON_HOLD)

    @on_event("dispatch", "work_resumed", heard.WorkResumed)
    def mark_resumed(self, event: Event) -> None:
        """Its clock runs again."""
        self._follow(event, news.when_resumed(event.data["agent"], event.data["round"]))

    @on_event("dispatch", "work_resolved", heard.WorkResolved)
    def mark_resolved(self, event: Event) -> None:
        """It is done, and the history says how."""
        self._follow(event, RESOLVED)

    @on_event("dispatch", "work_reopened", heard.WorkReopened)
    def mark_reopened(self, event: Event) -> None:
        """It was not done, and the history says why."""
        self._follow(event, REOPENED)

    @on_event("dispatch", "work_closed", heard.WorkClosed)
    def mark_closed(self, event: Event) -> None:
        """The loop is closed."""
        self._follow(event, CLOSED)

    @on_event("dispatch", "work_withdrawn", heard.WorkWithdrawn)
    def mark_withdrawn(self, event: Event) -> None:
        """The work has stopped; mostly because the customer had withdrawn the ticket here."""
        self._follow(event, WITHDRAWN)

    @on_event("dispatch", "work_prioritised", heard.WorkPrioritised)
    def take_priority(self, event: Event) -> None:
        """It is more or less pressing."""
        before, after = event.data["before"], event.data["after"]
        self._change(event, lambda ticket, _: news.follow_priority(ticket, _news(event), before, after))

    @on_event("dispatch", "work_triaged", heard.WorkTriaged)
    def take_triage(self, event: Event) -> None:
        """Experts have said what it is."""
        to = event.data["to"]
        self._change(event, lambda ticket, _: news.follow_triage(ticket, _news(event), **to))

    @on_event("dispatch", "work_linked", heard.WorkLinked)
    def mark_linked(self, event: Event) -> None:
        """It is done with a mass incident, and the history says by when."""
        eta, note = event.data["eta"], event.data["eta_note"]
        self._change(event, lambda ticket, _: news.follow_link(ticket, _news(event), eta, note))

    @on_event("dispatch", "work_unlinked", heard.WorkUnlinked)
    def mark_unlinked(self, event: Event) -> None:
        """It goes its own way again."""
        self._change(event, lambda ticket, _: news.follow_unlink(ticket, _news(event)))

    @on_event("dispatch", "work_eta_announced", heard.WorkEtaAnnounced)
    def take_eta(self, event: Event) -> None:
        """The mass incident will be over by then."""
        eta, note = event.data["eta"], event.data["note"]
        self._change(event, lambda ticket, _: news.follow_eta(ticket, _news(event), eta, note))

    @on_event("dispatch", "step_opened", heard.StepOpened)
    def mark_step(self, event: Event) -> None:
        """Its work is at another step."""
        code, name = event.data["step"], event.data["step_name"] or {}
        self._change(event, lambda ticket, _: news.follow_step(ticket, _news(event), code, name))

    @on_event("dispatch", "step_completed", heard.StepEnded)
    @on_event("dispatch", "step_skipped", heard.StepEnded)
    def end_step(self, event: Event) -> None:
        """Its work is at that step no more."""
        self._change(event, lambda ticket, _: news.follow_end_of_steps(ticket, _news(event), [event.data["step"]]))

    @on_event("dispatch", "work_rerouted", heard.WorkRerouted)
    def end_rerouted_steps(self, event: Event) -> None:
        """Its work is at none of those steps any more."""
        self._change(event, lambda ticket, _: news.follow_end_of_steps(ticket, _news(event), event.data["from_steps"]))

    def _follow(self, event: Event, status: str) -> None:
        details = {name: event.data[name] for name in _FOR_THE_CUSTOMER if event.data.get(name)}
        progress = news.Progress(**vars(_news(event)), status=status, details=details)
        self._change(event, lambda ticket, _: news.follow(ticket, progress))

    def _change(self, event: Event, decide: Decide[Ticket]) -> None:
        try:
            self.store.tickets.change(Cause.from_event(event), event.data["ticket_no"], decide)
        except NotFound as error:
            # its ticket was stored before dispatch heard of it: an operator must see this
            raise NotYetKnown(event.data["ticket_no"]) from error


def _news(event: Event) -> news.News:
    return news.News(order_no=event.data["order_no"], number=event.number, at=event.at)
