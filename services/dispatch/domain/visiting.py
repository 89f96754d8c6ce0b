"""What may be done with an open step of a work order: given to somebody, taken up, passed on, completed, skipped.

`step` names one of several that are open: its code, or the number of the visit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.dispatch.domain import course, timing
from services.dispatch.domain.flow import fee_amount, step_values
from services.dispatch.domain.moves import ended, off_hold
from services.dispatch.domain.order import Decision, Fee, Order, Wish
from services.dispatch.domain.organisation import Team
from services.dispatch.domain.states import VISIT_MOVES, State, after, stage_after
from services.dispatch.domain.steps import Step
from services.dispatch.domain.telling import having, step_names, told
from services.dispatch.domain.visit import Need, Visit
from services.dispatch.errors import (
    CannotLeave,
    NameTheStep,
    NoSuchMove,
    NothingChanges,
    NotSkippable,
    OutOfBlock,
    StepsRemain,
)
from shared.errors import NotFound, ValidationError
from shared.events import Fact


def chosen(order: Order, move: str, step: str | None = None) -> Visit:
    """The open step that a move is about: the one named, else the only one that the move fits.

    Raises `NoSuchMove`, `NotFound` for a step that is not open, `NameTheStep` where several fit.
    """
    after(order.order_no, move, order.state)
    if step is not None:
        visit = _named(order, step)
        stage_after(order.order_no, move, visit.state)
        return visit
    fitting = [visit for visit in order.visits if visit.state in VISIT_MOVES[move]]
    if not fitting:
        raise NoSuchMove(order.order_no, move, order.state)
    if len(fitting) > 1:
        raise NameTheStep(order.order_no, move, [visit.step for visit in fitting])
    return fitting[0]


def assign(order: Order, at: datetime, agent_id: str, number: int | None = None) -> Decision:
    """An open step that waits (the first one, unless its visit is named) goes to an agent; held work stays held."""
    visit = chosen(order, "assign", str(number or next((v.number for v in order.visits if v.agent is None), 0)))
    given = _moved(order, "assign", visit, agent=agent_id)
    before, order = order, order.with_visit(given)
    held = order.state is State.HELD
    return order, [told(before, order, "work_assigned", at, **having(given), **step_names(order, given), held=held)]


def accept(order: Order, at: datetime, step: str | None = None) -> Decision:
    """Its agent takes the step up."""
    visit = _moved(order, "accept", chosen(order, "accept", step))
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
) -> Decision:
    """That open step waits for somebody whom `need` describes, under that team's supervisor.

    `rule` is the policy or flow that an escalation follows.
    """
    there = {"need": need, "agent": None, "supervisor": to.supervisor, "duty_manager": to.duty_manager}
    gone = _moved(order, "transfer", visit, **there)
    before, order = order, order.with_visit(gone)
    if order.step(visit).who.team is None:
        order = replace(order, own_team=to.code)
    if agent_id is not None:
        order = replace(order, wishes={**order.wishes, visit.number: Wish(agent_id, only=True)})
    told_of = {"from_team": visit.need.team, "from_agent": visit.agent, "reason": reason, "rule": rule}
    return order, [
        told(before, order, "work_transferred", at, **having(gone), **step_names(order, gone), **told_of),
    ]


def complete_step(
    order: Order,
    at: datetime,
    *,
    step: str | None = None,
    fields: Mapping[str, Any] | None = None,
    fee: Mapping[str, Any] | None = None,
    solution: str | None = None,
    language: str | None = None,
) -> Decision:
    """The step is done: its fields and fee are kept, and the work goes on, or is resolved with the solution.

    `ValidationError` names every field at fault, or the solution where the work ends without one or goes on with one.
    """
    begun, facts = _complete(order, at, chosen(order, "complete", step), fields or {}, fee or {})
    if not course.at_end(begun):
        if solution is not None:
            raise StepsRemain(order.order_no, _open_steps(begun))
        return begun, facts
    if solution is None:
        raise ValidationError({"solution": ["This was the last step: say what was done."]})
    if order.flow is None:
        return resolve(order, at, solution, language)
    after(order.order_no, "complete", begun.state, State.RESOLVED)
    done, more = ended(begun, at, solution, language)
    return done, [*facts, *more]


def resolve(order: Order, at: datetime, solution: str, language: str | None = None) -> Decision:
    """The work is done with its only open step, in which nothing has to be filled in; `StepsRemain` otherwise."""
    after(order.order_no, "resolve", order.state)
    visit = order.visits[0]
    if len(order.visits) > 1 or order.step(visit).asks:
        raise StepsRemain(order.order_no, _open_steps(order))
    before, order = order, off_hold(order, at)
    if order.flow is None:
        return ended(order.with_visits(), at, solution, language, before=before)
    done, facts = _complete(order, at, visit, {}, {}, before=before)
    if not course.at_end(done):
        raise StepsRemain(order.order_no, _open_steps(done))
    done, more = ended(done, at, solution, language)
    return done, [*facts, *more]


def skip_step(order: Order, at: datetime, *, reason: str, step: str | None = None) -> Decision:
    """The work goes on without this step, which its definition allows once it is late; that it was late stays."""
    visit = chosen(order, "skip", step)
    missed = timing.missed_limit(order, visit)
    if not order.step(visit).skippable or not missed:
        raise NotSkippable(order.order_no, visit.step, "has not missed its limit" if not missed else "is not skippable")

    def tell(before: Order, left: Order) -> Fact:
        told_of = {"reason": reason, "missed": missed}
        return told(before, left, "step_skipped", at, **having(visit), **step_names(before, visit), **told_of)

    order, facts = course.depart(order, at, [visit], _onward(at, visit, overdue=missed), tell)
    if course.at_end(order):
        raise NotSkippable(order.order_no, visit.step, "is the last one: the work has to end with a solution")
    return order, facts


def reroute(order: Order, at: datetime, *, to: str, reason: str, step: str | None = None) -> Decision:
    """A supervisor sends the work to another step, whatever its entry condition says.

    To a step of the same parallel branch, only what is open there is given up (`step`: of that one); to one outside all
    branches, everything is. Raises `NotFound`, `NothingChanges`, `OutOfBlock` for a step in another branch.
    """
    after(order.order_no, "reroute", order.state)
    target = order.course.steps.get(to) if order.flow else None
    if target is None:
        raise NotFound("step", to)
    over, block = _given_up(order, to, step)
    if [visit.step for visit in over] == [to]:
        raise NothingChanges(order.order_no, to)

    def tell(before: Order, left: Order) -> Fact:
        told_of = {
            "from_steps": [visit.step for visit in over],
            "to": to,
            "to_name": dict(target.name),
            "reason": reason,
        }
        return told(before, left, "work_rerouted", at, **having(over[0]), **told_of)

    def onward(left: Order) -> Decision:
        return course.open_step(left, at, to, block)

    cleared = order if block is not None else replace(order, blocks=())
    return course.depart(cleared, at, over, onward, lambda _, left: tell(order, left), off=True)


def _given_up(order: Order, to: str, step: str | None) -> tuple[list[Visit], int | None]:
    """What a reroute gives up, and the block that the work stays in."""
    places = order.course.places
    if places[to] == ():
        return list(order.visits), None
    named = [_named(order, step)] if step is not None else order.visits
    beside = [visit for visit in named if places[visit.step] == places[to]]
    if not beside:
        raise OutOfBlock(order.order_no, to)
    return beside, beside[0].block


def _complete(
    order: Order,
    at: datetime,
    visit: Visit,
    values: Mapping[str, Any],
    fee: Mapping[str, Any],
    *,
    before: Order | None = None,
) -> Decision:
    """The work without that step, gone on; `before`: the work as the last fact left it."""
    step, overdue = order.step(visit), timing.missed_limit(order, visit)
    kept, amount = _filled_in(order, at, step, values, fee, overdue=overdue)
    filled = replace(order, fields={**order.fields, **kept})
    if step.leave is not None and not step.leave.holds(filled.context(at, overdue=overdue)):
        raise CannotLeave(order.order_no, step.code, step.leave.source)
    paid, fees = _with_fee(filled, at, visit, amount, fee.get("note"))

    def tell(_: Order, left: Order) -> Fact:
        clock = left.clocks.get(visit.clock)
        told_of = {"due": clock.due if clock else None, "met": clock.met if clock else None, "fields": kept}
        done = replace(left, fees=order.fees)
        return told(before or order, done, "step_completed", at, **having(visit), **step_names(order, visit), **told_of)

    gone, (completed, *moved) = course.depart(paid, at, [visit], _onward(at, visit, overdue=overdue), tell)
    return gone, [completed, *fees, *moved]


def _onward(at: datetime, visit: Visit, *, overdue: bool) -> course.Onward:
    def onward(left: Order) -> Decision:
        return course.leave(left, at, left.step(visit), visit.block, overdue=overdue)

    return onward


def _filled_in(
    order: Order, at: datetime, step: Step, values: Mapping[str, Any], fee: Mapping[str, Any], *, overdue: bool
) -> tuple[dict[str, Any], str | None]:
    """The values and the fee as they are kept; `ValidationError` with all that is wrong with either."""
    faults: dict[str, list[str]] = {}
    kept: dict[str, Any] = {}
    amount: str | None = None
    try:
        kept = step_values(step, values, order.context(at, overdue=overdue))
    except ValidationError as error:
        faults |= error.fields
    try:
        amount = fee_amount(step, fee.get("amount"))
    except ValidationError as error:
        faults |= error.fields
    if faults:
        raise ValidationError(faults)
    return kept, amount


def _with_fee(order: Order, at: datetime, visit: Visit, amount: str | None, note: str | None) -> Decision:
    """The work with the fee of a step; told of after the step's own fact."""
    if amount is None:
        return order, []
    fee = Fee(
        number=len(order.fees) + 1,
        step=visit.step,
        visit=visit.number,
        amount=amount,
        currency=order.course.currency,
        note=note,
        recorded_at=at,
    )
    paid = replace(order, fees=(*order.fees, fee))
    told_of = {"fee": fee.number, "amount": amount, "currency": fee.currency, "note": note}
    return paid, [told(order, paid, "fee_recorded", at, **having(visit), **step_names(order, visit), **told_of)]


def _moved(order: Order, move: str, visit: Visit, **changes: Any) -> Visit:
    stage = stage_after(order.order_no, move, visit.state)
    if stage is None:
        raise NoSuchMove(order.order_no, move, visit.state)
    return replace(visit, state=stage, **changes)


def _named(order: Order, step: str) -> Visit:
    for visit in order.visits:
        if step in (visit.step, str(visit.number)):
            return visit
    raise NotFound("open step", step)


def _open_steps(order: Order) -> list[str]:
    return [visit.step for visit in order.visits]
