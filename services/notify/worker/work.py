"""What happens to work and to customers becomes messages by the rules."""

from __future__ import annotations

from services.notify import heard
from services.notify.heard import people as heard_people
from services.notify.store import NotifyStore
from shared.bus import on_event
from shared.events import Event
from shared.mongo import Mongo


class TellsOfWork:
    """Handlers of what dispatch and feedback tell."""

    store: Mongo[NotifyStore]

    @on_event("dispatch", "work_assigned", heard.WorkAssigned)
    def tell_of_assignment(self, event: Event) -> None:
        """Somebody has work."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_queued", heard.WorkQueued)
    def tell_of_waiting(self, event: Event) -> None:
        """Work waits for somebody to have room."""
        self.store.telling.tell(event)

    @on_event("dispatch", "deadline_near", heard.DeadlineNear)
    def warn_of_deadline(self, event: Event) -> None:
        """A deadline will pass soon."""
        self.store.telling.tell(event)

    @on_event("dispatch", "deadline_missed", heard.DeadlineMissed)
    def tell_of_missed_deadline(self, event: Event) -> None:
        """A deadline has passed."""
        self.store.telling.tell(event)

    @on_event("dispatch", "deadline_moved", heard.DeadlineMoved)
    def tell_of_moved_deadline(self, event: Event) -> None:
        """A deadline is another than before."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_escalated", heard.WorkEscalated)
    def tell_of_escalation(self, event: Event) -> None:
        """Somebody higher up is to know."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_prioritised", heard.WorkPrioritised)
    def tell_of_priority(self, event: Event) -> None:
        """It is more or less pressing."""
        self.store.telling.tell(event)

    @on_event("dispatch", "step_opened", heard.StepOpened)
    @on_event("dispatch", "step_skipped", heard.StepSkipped)
    @on_event("dispatch", "work_rerouted", heard.WorkRerouted)
    def tell_of_step(self, event: Event) -> None:
        """The work goes another step."""
        self.store.telling.tell(event)

    @on_event("dispatch", "fee_recorded", heard.FeeRecorded)
    @on_event("dispatch", "fee_voided", heard.FeeVoided)
    def tell_of_fee(self, event: Event) -> None:
        """A step costs something, or does not after all."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_resolved", heard.WorkResolved)
    def tell_of_resolution(self, event: Event) -> None:
        """The work is done."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_reopened", heard.WorkReopened)
    @on_event("dispatch", "work_withdrawn", heard.WorkWithdrawn)
    def tell_of_turn(self, event: Event) -> None:
        """The work begins again, or is stopped."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_closed", heard.WorkClosed)
    def tell_of_closing(self, event: Event) -> None:
        """The loop is closed."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_lapsed", heard_people.WorkLapsed)
    @on_event("dispatch", "work_declined", heard_people.WorkDeclined)
    @on_event("dispatch", "work_stranded", heard_people.WorkStranded)
    def tell_of_refusal(self, event: Event) -> None:
        """Somebody does not take the work, or nobody at all can."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_handed_over", heard_people.WorkHandedOver)
    def tell_of_hand_over(self, event: Event) -> None:
        """Somebody stands in, or is back."""
        self.store.telling.tell(event)

    @on_event("dispatch", "work_urged", heard_people.WorkUrged)
    @on_event("dispatch", "work_intervened", heard_people.WorkIntervened)
    @on_event("dispatch", "work_held_long", heard_people.WorkHeldLong)
    @on_event("dispatch", "work_deescalated", heard_people.WorkDeescalated)
    def tell_of_supervision(self, event: Event) -> None:
        """The work is pushed on, or need not be any more."""
        self.store.telling.tell(event)

    @on_event("dispatch", "mass_incident_declared", heard_people.MassIncidentDeclared)
    @on_event("dispatch", "work_linked", heard_people.WorkLinked)
    @on_event("dispatch", "work_eta_announced", heard_people.WorkEtaAnnounced)
    def tell_of_mass_incident(self, event: Event) -> None:
        """It hits many, who are told when it will be over."""
        self.store.telling.tell(event)

    @on_event("dispatch", "shift_log_written", heard_people.ShiftLogWritten)
    def tell_of_shift_log(self, event: Event) -> None:
        """A shift has left its log to the next one."""
        self.store.telling.tell(event)

    @on_event("feedback", "survey_due", heard.SurveyDue)
    def ask_for_survey(self, event: Event) -> None:
        """The customer is to be asked."""
        self.store.telling.tell(event)
