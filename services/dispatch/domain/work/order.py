"""The work order: the organisation's handling of one ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from services.dispatch.domain.clocks.clock import Clock, Promise
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.flows.flow import ONE_STEP, Flow
from services.dispatch.domain.flows.steps import Step
from services.dispatch.domain.reference.policy import Policy
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work.facets import Appointment, Asked, Declined, MassIncident, Pressure, Raised
from services.dispatch.domain.work.states import IN_WORK, State, state_of
from services.dispatch.domain.work.visit import Block, Visit
from services.dispatch.domain.work.wish import Wish
from shared.business_time import Calendar
from shared.events import Aggregate, Fact
from shared.values import replace

Books = Callable[[int], Reference]


class Seat(NamedTuple):
    """What one open step takes of who has it, by the assignment of that number."""

    agent: str
    units: int
    kind: str
    assignment: int


@dataclass(frozen=True, kw_only=True)
class Fee:
    """What a step cost: never deleted, only voided. `amount` is a decimal number as text."""

    number: int
    step: str | None
    visit: int
    amount: str
    currency: str
    note: str | None
    recorded_at: datetime
    voided_at: datetime | None = None
    void_reason: str | None = None


def _no_books(version: int) -> Reference:
    raise LookupError(f"this work order was made without the reference data, version {version}")


@dataclass(frozen=True, kw_only=True)
class Order(Aggregate):
    """One work order.

    `visits` are its open steps, in order of number. `team`, `agent` and the two who are called when it goes wrong are
    those of the first of them, or, once none is open, those of the last one; `own_team` is whose work it is where a
    step names no team. While work goes on, `state` follows from the visits. `visited` and `doers` say of every step of
    its flow how often it was opened, and whose it was (`Visit.owner`) when it was last completed, or given up to a
    mass incident.

    `raised` are the levels that it has climbed to; `supervised`: this round began with a dissatisfied customer.

    `given` counts how often a step of it was given to somebody: the number of its newest assignment.

    `triage`: experts have still to say what it is. A hold is too long after `hold_due` (`hold_late`: it was).
    `parent` is the work order of the mass incident that it is part of.

    Not stored: `books` (the versions of the reference data); `seated` (visit -> seat), `waited` and `was_held_since` as
    they were when it was loaded; `wishes` (visit -> who is to have it) of the change at hand.
    """

    order_no: str
    ticket_no: str
    customer_id: str
    type: str
    category: str
    priority: str
    subject: str
    channel: str = ""
    tier: str = ""
    reference: str = ""
    own_team: str
    team: str
    supervisor: str | None = None
    duty_manager: str | None = None
    agent: str | None = None
    state: State = State.QUEUED
    opened_at: datetime
    policy: Pin
    flow: Pin | None = None
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    blocks: tuple[Block, ...] = ()
    visited: Mapping[str, int] = field(default_factory=dict)
    doers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    fees: tuple[Fee, ...] = ()
    round: int = 0
    held_since: datetime | None = None
    hold_reason: str | None = None
    hold_note: str | None = None
    hold_due: datetime | None = None
    hold_late: bool = False
    raised: tuple[Raised, ...] = ()
    supervised: bool = False
    solution: str | None = None
    language: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    asked: Asked = field(default_factory=Asked)
    triage: bool = False
    declined: tuple[Declined, ...] = ()
    given: int = 0
    pressure: Pressure = field(default_factory=Pressure)
    mass: MassIncident | None = None
    parent: str | None = None
    appointment: Appointment | None = None
    books: Books = field(default=_no_books, compare=False, repr=False)
    seated: Mapping[int, Seat] = field(default_factory=dict, compare=False, repr=False)
    waited: frozenset[tuple[int, str, bool]] = field(default=frozenset(), compare=False, repr=False)
    was_held_since: datetime | None = field(default=None, compare=False, repr=False)
    wishes: Mapping[int, Wish] = field(default_factory=dict, compare=False, repr=False)

    @property
    def matter(self) -> dict[str, str]:
        """What conditions of policies and flows may ask."""
        return {
            "type": self.type,
            "category": self.category,
            "priority": self.priority,
            "tier": self.tier,
            "channel": self.channel,
            "team": self.own_team,
        }

    @property
    def terms(self) -> Policy:
        """The policy that it is under."""
        return self.books(self.policy.version).policy(self.policy.code)

    @property
    def course(self) -> Flow:
        """The flow that it goes through."""
        return ONE_STEP if self.flow is None else self.books(self.flow.version).flow(self.flow.code)

    @property
    def escalation(self) -> int:
        """The highest level that stands (deescalating.py); 0 for none."""
        return max((raised.level for raised in self.raised), default=0)

    @property
    def first_response(self) -> Clock | None:
        """The clock of the first response; None where nothing is promised."""
        return self.clocks.get(Promise.FIRST_RESPONSE)

    @property
    def resolution(self) -> Clock | None:
        """The clock of the present round's resolution; None where nothing is promised."""
        return self.clocks.get(Promise.RESOLUTION)

    def calendar(self, clock: Clock) -> Calendar:
        """The calendar in which the clock counts."""
        return self.books(clock.calendar.version).calendar(clock.calendar.code)

    def step(self, visit: Visit) -> Step:
        """The definition of the step that the visit is of."""
        return self.course.steps[visit.step]

    def context(self, at: datetime, *, overdue: bool = False) -> dict[str, Any]:
        """What conditions of its flow see; `overdue`: the step that they are about has missed its limit."""
        return self.course.context(self.matter, self.fields, self.visited, at, overdue=overdue)

    def with_clock(self, clock: Clock) -> Order:
        """The same work with that clock in place of the one of its name."""
        return replace(self, clocks={**self.clocks, clock.name: clock})

    def with_visit(self, visit: Visit) -> Order:
        """The same work with that visit, new or in place of the one of its number."""
        others = [one for one in self.visits if one.number != visit.number]
        return self.with_visits(*others, visit)

    def with_given(self, visit: Visit) -> Order:
        """The same work with that visit, which somebody has from now on: by the next assignment."""
        number = self.given + 1
        return replace(self, given=number).with_visit(replace(visit, assignment=number))

    def with_visits(self, *visits: Visit) -> Order:
        """The same work with these steps open: who has it, and where it stands, follows from them."""
        if not visits:
            return replace(self, visits=())
        ordered = tuple(sorted(visits, key=lambda visit: visit.number))
        first = ordered[0]
        return replace(
            self,
            visits=ordered,
            team=first.need.team,
            agent=first.agent,
            supervisor=first.supervisor,
            duty_manager=first.duty_manager,
            state=state_of({visit.state for visit in ordered}) if self.state in IN_WORK else self.state,
        )


Decision = tuple[Order, list[Fact]]


def order_no_for(ticket_no: str) -> str:
    """`W-100001` for `T-100001`: a ticket has one work order, so one number names both."""
    return "W-" + ticket_no.removeprefix("T-")
