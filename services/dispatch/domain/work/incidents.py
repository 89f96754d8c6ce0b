"""Mass incidents: work that stands for many, and the work that is linked to it and done with it (ADR 0064).

The parent is ordinary work. A child has no open step while it is linked; what was promised to its customer goes on, and
is done with the parent's resolution; the first response, and an update that is promised, as soon as its customer is
told the ETA. There are no chains: a parent is nobody's child.
"""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.flows.flow_conditions import read_condition
from services.dispatch.domain.reference.matter import MATTER, PRIORITIES
from services.dispatch.domain.work import course, timing
from services.dispatch.domain.work.facets import MassIncident
from services.dispatch.domain.work.moves import ended, off_hold, respond, with_former
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import IN_WORK, State, after
from services.dispatch.domain.work.telling import told
from services.dispatch.errors import MassIncidentOver, MassOfMass, NotAMassIncident, NothingChanges, NotSettled
from shared.conditions import BadCondition, ConditionFailed, condition
from shared.errors import ValidationError
from shared.values import replace

ETA = "eta"
"""By what a response came about that nobody gave in person."""

OPEN = (*IN_WORK, State.HELD)
"""The states of a mass incident that others may be linked to."""


# the parent


def declare(order: Order, at: datetime, *, eta: datetime | None, match: str | None, reason: str) -> Decision:
    """The work stands for many from now on; said again, it changes what new work it takes in. A new ETA is announced.

    `match`: new work for which it holds is linked (CEL over MATTER; None: none is). Raises NoSuchMove, and
    ValidationError (match, eta).
    """
    after(order.order_no, "declare", order.state)
    _require_condition(match)
    _require_ahead(eta, at)
    mass = order.mass or MassIncident()
    declared = replace(order, mass=replace(mass, match=match))
    facts = [told(order, declared, "mass_incident_declared", at, eta=eta, match=match, reason=reason)]
    if eta in (None, mass.eta):
        return declared, facts
    announced, more = announce(declared, at, eta=eta, note=mass.eta_note)
    return announced, [*facts, *more]


def announce(order: Order, at: datetime, *, eta: datetime | None, note: str | None) -> Decision:
    """By when it will be over; every child's customer is told.

    Raises NoSuchMove, NotAMassIncident, NothingChanges, and ValidationError (eta).
    """
    after(order.order_no, "announce", order.state)
    if order.mass is None:
        raise NotAMassIncident(order.order_no)
    if (eta, note) == (order.mass.eta, order.mass.eta_note):
        raise NothingChanges(order.order_no, str(eta), "has told this ETA already")
    _require_ahead(eta, at)
    announced = replace(order, mass=replace(order.mass, eta=eta, eta_note=note))
    return announced, [told(order, announced, "work_eta_announced", at, eta=eta, note=note, parent_no=None)]


def is_open(order: Order) -> bool:
    """Whether it is a mass incident that others may be linked to, and that new work may be part of."""
    return order.mass is not None and order.state in OPEN


def matches(order: Order, match: str) -> bool:
    """Whether new work is part of the mass incident that asks for this; not while experts have to say what it is."""
    try:
        return not order.triage and condition(match, MATTER).holds(order.matter)
    except (BadCondition, ConditionFailed):  # one that cannot be told must not keep the work from beginning
        return False


def take_in(order: Order, at: datetime, child_no: str) -> Decision:
    """One child more; together with its `link`, so that no resolution can come between.

    Raises NotAMassIncident, MassIncidentOver, NotSettled.
    """
    _takes(order)
    return _counted(order, at, child_no, 1)


def let_go(order: Order, at: datetime, child_no: str) -> Decision:
    """One child less: it has told so."""
    return _counted(order, at, child_no, -1)


def settled(order: Order, at: datetime, round: int) -> Decision:
    """Every child has heard how that round ended."""
    if order.mass is None or order.mass.settling != round:
        return order, []
    done = replace(order, mass=replace(order.mass, settling=None))
    return done, [told(order, done, "mass_incident_settled", at, children=order.mass.children)]


# the child


def link(order: Order, at: datetime, parent: Order, reason: str) -> Decision:
    """The work is part of the parent's: its steps are given up, what was promised as a whole goes on.

    Raises NoSuchMove, NotAMassIncident, MassOfMass, MassIncidentOver, NotSettled.
    """
    state = after(order.order_no, "link", order.state)
    mass = _as_parent(order, parent)
    linked = off_hold(order, at)
    parts = [name for name, clock in order.clocks.items() if clock.promise in (Promise.STEP, Promise.GROUP)]
    linked = timing.called_off(linked, at, *parts) if parts else linked
    had = {visit.step: visit.owner for visit in order.visits if visit.owner}
    linked = replace(linked.with_visits(), blocks=(), state=state, parent=parent.order_no, doers={**order.doers, **had})
    why = {"parent_no": parent.order_no, "parent_ticket_no": parent.ticket_no, "reason": reason}
    fact = told(order, linked, "work_linked", at, eta=mass.eta, eta_note=mass.eta_note, **why)
    linked, more = _answered(linked, at, mass.eta)
    return linked, [fact, *more]


def unlink(order: Order, at: datetime, reason: str) -> Decision:
    """The work goes its own way, from the start of its flow; for whoever had it before, if that can take it."""
    after(order.order_no, "unlink", order.state)
    parted = replace(order, parent=None, state=State.QUEUED, agent=None)
    begun, facts = course.begin(parted, at, parted.course.start)
    fact = told(order, parted if facts else begun, "work_unlinked", at, parent_no=order.parent, reason=reason)
    return with_former(order, begun), [fact, *facts]


def leave(order: Order, at: datetime, parent_no: str, reason: str) -> Decision:
    """Unlinked, if it is still linked to that parent: the parent came to nothing."""
    return unlink(order, at, reason) if is_part_of(order, parent_no) else (order, [])


def resolve_with(order: Order, at: datetime, parent_no: str, solution: str, language: str | None) -> Decision:
    """Done with that parent, if it is still linked to it; not if it has gone its own way meanwhile."""
    if not is_part_of(order, parent_no):
        return order, []
    after(order.order_no, "settle", order.state)
    return ended(order, at, solution, language)


def hear_eta(order: Order, at: datetime, parent_no: str, eta: datetime | None, note: str | None) -> Decision:
    """Its customer is to be told the parent's ETA, if it is still linked to it, and has so heard from us."""
    if not is_part_of(order, parent_no):
        return order, []
    fact = told(order, order, "work_eta_announced", at, eta=eta, note=note, parent_no=parent_no)
    order, more = _answered(order, at, eta)
    return order, [fact, *more]


def _answered(order: Order, at: datetime, eta: datetime | None) -> Decision:
    """Being told an ETA that lies ahead is a response; where none is awaited, it is none."""
    awaited = [order.clocks.get(promise) for promise in (Promise.FIRST_RESPONSE, Promise.NEXT_UPDATE)]
    if eta is None or eta <= at or all(clock is None or clock.stopped for clock in awaited):
        return order, []
    return respond(order, at, by=ETA)


def is_part_of(order: Order, parent_no: str) -> bool:
    """Whether it is linked to that parent now."""
    return order.state is State.LINKED and order.parent == parent_no


def _as_parent(order: Order, parent: Order) -> MassIncident:
    """The mass incident that the parent is; refused where the order cannot be part of it."""
    if order.mass is not None or order.order_no == parent.order_no:
        raise MassOfMass(order.order_no, parent.order_no)
    return _takes(parent)


def _takes(parent: Order) -> MassIncident:
    if parent.mass is None:
        raise NotAMassIncident(parent.order_no)
    if parent.state not in OPEN:
        raise MassIncidentOver(parent.order_no, parent.state)
    if parent.mass.settling is not None:
        raise NotSettled(parent.order_no)
    return parent.mass


def _counted(order: Order, at: datetime, child_no: str, change: int) -> Decision:
    if order.mass is None:
        raise NotAMassIncident(order.order_no)
    counted = replace(order, mass=replace(order.mass, children=order.mass.children + change))
    kind = "child_linked" if change > 0 else "child_left"
    return counted, [told(order, counted, kind, at, child_no=child_no, children=order.mass.children + change)]


def _require_condition(match: str | None) -> None:
    """Refused, too, where it is the same for all work: then all of the desk's new work would be linked, or none."""
    try:
        if match is not None:
            read_condition(match, MATTER, {"priority": PRIORITIES})
    except BadCondition as fault:
        raise ValidationError({"match": [str(fault)]}) from None


def _require_ahead(eta: datetime | None, at: datetime) -> None:
    if eta is not None and eta <= at:
        raise ValidationError({"eta": ["Lies in the past."]})
