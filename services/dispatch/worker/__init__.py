"""Dispatch follows tickets and cases, and lets time do its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.dispatch import domain, heard
from services.dispatch.domain import Decision, Order
from services.dispatch.domain.work import about, supervising
from services.dispatch.storage.incidents import NotLinked
from services.dispatch.store import DispatchStore
from services.dispatch.worker.replies import HearsCustomers
from shared.bus import Health, every, on_event
from shared.cause import Cause
from shared.errors import NotFound, NotYetKnown
from shared.events import Event
from shared.mongo import Mongo


@contextmanager
def _known(order_no: str) -> Iterator[None]:
    """News of work that is not here yet is asked for again later; in the end an operator sees it."""
    try:
        yield
    except NotFound as error:
        raise NotYetKnown(order_no) from error


class DispatchWorker(HearsCustomers, Health):
    """Event handlers and timers."""

    name = "dispatch-worker"
    store = Mongo(DispatchStore, sweeps=True)

    @on_event("intake", "ticket_submitted", heard.TicketSubmitted)
    def open_work(self, event: Event) -> None:
        """The ticket becomes a work order: part of a mass incident, or given to an agent if one has room."""
        cause, reference = Cause.from_event(event), self.store.reference.knowing(event.data["category"])
        ticket = about.checked(event.data, self.store.agents.known(about.named_agents(event.data)))

        def opening(parent: Order | None, not_linked: NotLinked | None) -> Decision:
            told = {**ticket, "not_linked": not_linked}
            return domain.open_work(told, event.at, reference, self.store.books, parent)

        alone = self.store.incidents.open(cause, opening, event.data["incident"])
        if alone is not None:
            self.store.open(cause, *alone)

    @on_event("intake", "ticket_withdrawn", heard.TicketWithdrawn)
    def withdraw_work(self, event: Event) -> None:
        """Nothing more is done about it, even if it is only heard of later."""
        self.store.withdraw(Cause.from_event(event), event.data["ticket_no"], event.data["reason"])

    @on_event("intake", "ticket_replay_ended", heard.TicketReplayEnded)
    def go_live(self, event: Event) -> None:
        """From now on its clocks follow the wall clock."""
        order_no = domain.order_no_for(event.data["ticket_no"])
        with _known(order_no):
            self.store.change(Cause.from_event(event), order_no, domain.go_live)

    @on_event("intake", "ticket_urged", heard.TicketUrged)
    def urge_work(self, event: Event) -> None:
        """The customer asks for it; who has it hears, and at the third time the supervisor."""
        order_no, note = domain.order_no_for(event.data["ticket_no"]), event.data["note"]
        with _known(order_no):
            self.store.change(
                Cause.from_event(event),
                order_no,
                # never too soon: intake has refused that, and told the customer
                lambda order, at: supervising.urge_passed_on(order, at, by=supervising.CUSTOMER, note=note),
            )

    @on_event("feedback", "case_dissatisfied", heard.CaseDissatisfied)
    def reopen_work(self, event: Event) -> None:
        """The work goes on, under the eyes of the team's supervisor."""
        told = event.data
        reason = told["comment"] or f"score {told['score']}"
        with _known(told["order_no"]):
            self.store.change_with_seats(
                Cause.from_event(event),
                told["order_no"],
                lambda order, at: domain.reopen_dissatisfied(order, at, round=told["round"], reason=reason),
            )

    @on_event("feedback", "case_closed", heard.CaseClosed)
    def close_work(self, event: Event) -> None:
        """The loop is closed."""
        told = event.data
        with _known(told["order_no"]):
            self.store.change(
                Cause.from_event(event),
                told["order_no"],
                lambda order, at: domain.close(order, at, round=told["round"], outcome=told["outcome"]),
            )

    @on_event("dispatch", "mass_incident_ended", heard.MassIncidentEnded)
    def settle_children(self, event: Event) -> None:
        """What is linked to it is resolved with it, or goes its own way."""
        self.store.incidents.ended(event)

    @on_event("dispatch", "work_eta_announced", heard.EtaAnnounced)
    def tell_eta(self, event: Event) -> None:
        """What is linked to it hears when it will be over."""
        self.store.incidents.eta_announced(event)

    @on_event("dispatch", "work_urged", heard.WorkUrged)
    def urge_parent(self, event: Event) -> None:
        """Who has a mass incident hears that a part of it was urged."""
        self.store.incidents.urged(event)

    @on_event("dispatch", "work_unlinked", heard.WorkUnlinked)
    def count_out(self, event: Event) -> None:
        """The mass incident has one child less."""
        self.store.incidents.unlinked(event)

    @every(seconds=0.25)
    def wake_deadlines(self) -> None:
        """Warnings, misses and escalations that fell due."""
        self.store.wake()

    @every(seconds=0.25)
    def roll_out(self) -> None:
        """Newer reference data for open work, a few work orders at a time."""
        self.store.rollouts.go_on(self.store.now())

    @every(seconds=10)
    def alarm_stranded(self) -> None:
        """What began to wait for somebody busy, and nobody is there any more."""
        self.store.alarms.look(self.store.now())

    @every(seconds=1)
    def give_out_waiting_work(self) -> None:
        """What a crash or a race left waiting beside a free agent."""
        self.store.waiting.give_out_all()

    @every(seconds=1)
    def follow_stand_ins(self) -> None:
        """Open work of those who have handed over goes to their stand-ins, and back."""
        self.store.stand_ins.follow(self.store.now())

    @every(seconds=10)
    def write_shift_logs(self) -> None:
        """What a shift that has ended leaves to the next one of its team."""
        self.store.shift_changes.write_due(self.store.now())
