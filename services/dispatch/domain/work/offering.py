"""Offers: a step that somebody has been given, and not accepted, may run out, or be declined (ADR 62)."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.work.facets import Declined
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import State
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.domain.work.visit import ASSIGNED, Visit
from services.dispatch.domain.work.visiting import back, chosen
from shared.values import replace

#: So many of those who let an offer pass stay on the visit, the last ones; the history has them all.
MOST_LAPSES_KEPT = 50


def next_lapse(order: Order) -> datetime | None:
    """When the next offer runs out; None: none does. While work is held, nobody can accept it, and none runs out."""
    if order.state is State.HELD:
        return None
    return min((visit.accept_by for visit in order.visits if visit.accept_by is not None), default=None)


def lapsed(order: Order, at: datetime) -> Decision:
    """The offer that runs out at that instant is over: the step waits for the next, who has let fewer of them pass."""
    visit = next(visit for visit in order.visits if visit.accept_by == at)
    who = (*visit.lapsed, visit.agent or "")[-MOST_LAPSES_KEPT:]
    gone = back(order, "lapse", visit, lapsed=who, came=ASSIGNED)
    before, order = order, order.with_visit(gone)
    return order, [told(before, order, "work_lapsed", at, **_about(order, visit), offers=visit.offers)]


def decline(order: Order, at: datetime, *, reason: str, step: str | None = None) -> Decision:
    """Who has the step does not take it: it waits for somebody else, and the work is never offered to that one again.

    Also after it was accepted: then it is given back.
    """
    visit = chosen(order, "decline", step)
    declined = Declined(agent=visit.agent or "", visit=visit.number, at=at, reason=reason)
    before, order = order, order.with_visit(back(order, "decline", visit, came=ASSIGNED))
    order = replace(order, declined=(*order.declined, declined))
    return order, [told(before, order, "work_declined", at, **_about(order, visit), reason=reason)]


def resumed(order: Order, at: datetime) -> Order:
    """The work after a hold: an offer has as much time left as it had before."""
    if order.held_since is None or all(visit.accept_by is None for visit in order.visits):
        return order
    held = at - order.held_since
    visits = [replace(one, accept_by=one.accept_by + held) if one.accept_by else one for one in order.visits]
    return order.with_visits(*visits)


def _about(order: Order, visit: Visit) -> dict[str, object]:
    return {**having(visit), **step_names(order, visit)}
