"""Who has an open step: it is given to somebody, taken up, passed on. What comes of it: stepping.py.

`step` names one of several that are open: its code, or the number of the visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.reference.organisation import Team
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import VISIT_MOVES, State, after, stage_after
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.domain.work.visit import TRANSFERRED_IN, Need, Visit
from services.dispatch.domain.work.wish import Wish
from services.dispatch.errors import Ineligible, NameTheStep, NoSuchMove, NothingChanges
from shared.errors import NotFound
from shared.values import replace


def chosen(order: Order, move: str, step: str | None = None) -> Visit:
    """The open step that a move is about: the one named, else the only one that the move fits.

    Raises `NoSuchMove`, `NotFound` for a step that is not open, `NameTheStep` where several fit.
    """
    after(order.order_no, move, order.state)
    if step is not None:
        visit = named(order, step)
        stage_after(order.order_no, move, visit.state)
        return visit
    fitting = [visit for visit in order.visits if visit.state in VISIT_MOVES[move]]
    if not fitting:
        raise NoSuchMove(order.order_no, move, order.state)
    if len(fitting) > 1:
        raise NameTheStep(order.order_no, move, [visit.step for visit in fitting])
    return fitting[0]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a step is given to somebody.

    It takes `units` of a capacity, and has to be accepted `within` (None: no limit). `principal`: for whom the agent
    stands in. `choice` is the digest of the record of how it came to be that agent; `override`, a supervisor's reason
    for somebody whom the limits exclude.
    """

    units: int = 1
    within: timedelta | None = None
    principal: str | None = None
    choice: str | None = None
    override: str | None = None


USUAL = Terms()


def assign(
    order: Order,
    at: datetime,
    agent_id: str,
    number: int | None = None,
    rule: Rule = Rule.BEST_SCORE,
    terms: Terms = USUAL,
) -> Decision:
    """An open step that waits (the only one, unless its visit is named) goes to an agent; held work stays held.

    The fact says by which rule, and whom the step needed (`Need.key`).
    """
    visit = chosen(order, "assign", str(number) if number is not None else None)
    accept_by = at + terms.within if terms.within is not None else None
    seat = {"agent": agent_id, "principal": terms.principal, "units": terms.units, "kind": order.type}
    offer = {"accept_by": accept_by, "offers": visit.offers + 1, "stranded": None, "alarmed": False}
    before, order = order, order.with_given(_moved(order, "assign", visit, **seat, **offer))
    given = named(order, str(visit.number))
    told_of = {
        "held": order.state is State.HELD,
        "rule": rule.value,
        "need": visit.need.key,
        "principal": terms.principal,
        "units": terms.units,
        "accept_by": accept_by,
        "assignment": given.assignment,
        "choice": terms.choice,
        "override": terms.override,
    }
    return order, [told(before, order, "work_assigned", at, **having(given), **step_names(order, given), **told_of)]


def accept(order: Order, at: datetime, step: str | None = None) -> Decision:
    """Its agent takes the step up."""
    visit = _moved(order, "accept", chosen(order, "accept", step), accept_by=None)
    before, order = order, order.with_visit(visit)
    return order, [told(before, order, "work_accepted", at, **having(visit), **step_names(order, visit))]


def transfer(
    order: Order,
    at: datetime,
    to: Team,
    *,
    agent_id: str | None = None,
    reason: str | None = None,
    step: str | None = None,
) -> Decision:
    """The step leaves its agent for a team's queue; `agent_id` is whom the caller asks for there, fit or not.

    A step that names no team of its own takes the work with it: what comes later is that team's, too.
    """
    visit = chosen(order, "transfer", step)
    need = Need(team=to.code) if agent_id else replace(visit.need, team=to.code, agent=None)
    if need == visit.need and agent_id in (None, visit.agent):
        raise NothingChanges(order.order_no, agent_id or to.code)
    return moved_to(order, at, visit, to, need, agent_id=agent_id, reason=reason)


def reassign(
    order: Order, at: datetime, to: Team, agent_id: str, *, reason: str, override: str | None, step: str | None = None
) -> Decision:
    """A supervisor gives the step to an agent, or to nobody else; what it needs stays.

    `override`: why no limit binds that agent, but that a complaint never goes to its subject. `Ineligible` without one
    where the team that it goes to neither has the step nor is the step's own: the limit `serves`.
    """
    visit = chosen(order, "reassign", step)
    need = replace(visit.need, team=to.code, agent=None)
    if agent_id == visit.agent:
        raise NothingChanges(order.order_no, agent_id)
    if override is None and to.code not in (visit.need.team, order.step(visit).who.team or order.own_team):
        raise Ineligible(agent_id, ["serves"])
    order, facts = moved_to(order, at, visit, to, need, reason=reason, by="supervisor")
    # the choice that follows is by the new team's limits, and names an override only where one of those is lifted
    facts = [replace(fact, data={**fact.data, "override": override}) for fact in facts]
    wish = Wish(agent_id, Rule.REASSIGNED, only=True, override=override)
    return replace(order, wishes={**order.wishes, visit.number: wish}), facts


def moved_to(
    order: Order,
    at: datetime,
    visit: Visit,
    to: Team,
    need: Need,
    *,
    agent_id: str | None = None,
    reason: str | None = None,
    rule: str | None = None,
    by: str = "actor",
) -> Decision:
    """That open step waits for somebody whom `need` describes, under that team's supervisor.

    `rule` is the policy or flow that an escalation follows; `by` says who moves it: `actor` or `supervisor`.
    """
    there = {"need": need, "supervisor": to.supervisor, "duty_manager": to.duty_manager}
    gone = back(order, "transfer", visit, **there, stranded=None, alarmed=False, came=TRANSFERRED_IN)
    before, order = order, order.with_visit(gone)
    if order.step(visit).who.team is None:
        order = replace(order, own_team=to.code)
    if agent_id is not None:
        order = replace(order, wishes={**order.wishes, visit.number: Wish(agent_id, Rule.WISHED, only=True)})
    told_of = {"from_team": visit.need.team, "from_agent": visit.agent, "reason": reason, "rule": rule, "by": by}
    return order, [
        told(before, order, "work_transferred", at, **having(gone), **step_names(order, gone), **told_of),
    ]


def named(order: Order, step: str) -> Visit:
    """The open step of that code or visit number, or `NotFound`."""
    for visit in order.visits:
        if step in (visit.step, str(visit.number)):
            return visit
    raise NotFound("open step", step)


def back(order: Order, move: str, visit: Visit, **changes: Any) -> Visit:
    """The visit after a move by which it leaves who has it, to wait."""
    return _moved(order, move, visit.freed(**changes))


def _moved(order: Order, move: str, visit: Visit, **changes: Any) -> Visit:
    stage = stage_after(order.order_no, move, visit.state)
    if stage is None:
        raise NoSuchMove(order.order_no, move, visit.state)
    return replace(visit, state=stage, **changes)
