"""What comes of an open step: completed, resolved with, skipped. Given up for another one: rerouting.py.

`step` names one of several that are open: its code, or the number of the visit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.flows.flow import END, Edge, fee_amount, step_values, sure_way
from services.dispatch.domain.flows.steps import Step
from services.dispatch.domain.work import course, supervising, timing
from services.dispatch.domain.work.moves import ended, off_hold
from services.dispatch.domain.work.order import Decision, Fee, Order
from services.dispatch.domain.work.states import State, after
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.visiting import chosen
from services.dispatch.errors import CannotLeave, NotSkippable, NotTriaged, StepsRemain
from shared.errors import ValidationError
from shared.events import Fact
from shared.values import replace

NO_SOLUTION = {"solution": ["This was the last step: say what was done."]}


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

    `ValidationError` names every field at fault, and a missing solution: with them if the work surely ends here
    whatever is put right (`sure_way`), else once they are right. `StepsRemain` where it goes on with a solution.
    """
    visit = chosen(order, "complete", step)
    if order.triage:
        raise NotTriaged(order.order_no)
    try:
        begun, facts = _complete(order, at, visit, fields or {}, fee or {})
    except ValidationError as error:
        if solution is None and _ends(order, at, visit, fields or {}):
            raise ValidationError({**error.fields, **NO_SOLUTION}) from None
        raise
    if not course.at_end(begun):
        if solution is not None:
            raise StepsRemain(order.order_no, _open_steps(begun))
        return begun, facts
    if solution is None:
        raise ValidationError(NO_SOLUTION)
    if order.flow is None:
        return resolve(order, at, solution, language)
    after(order.order_no, "complete", begun.state, State.RESOLVED)
    done, more = ended(begun, at, solution, language)
    return done, [*facts, *more]


def resolve(order: Order, at: datetime, solution: str, language: str | None = None) -> Decision:
    """The work is done with its only open step, in which nothing has to be filled in; `StepsRemain` otherwise."""
    after(order.order_no, "resolve", order.state)
    if order.triage:
        raise NotTriaged(order.order_no)
    visit = order.visits[0]
    if len(order.visits) > 1 or order.step(visit).asks:
        raise StepsRemain(order.order_no, _open_steps(order))
    before, order = order, off_hold(order, at)
    if order.flow is None:
        return ended(_done(order, visit).with_visits(), at, solution, language, before=before)
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
        way = course.way_from(left, at, left.step(visit), overdue=missed)
        told_of = {"reason": reason, "missed": missed, "way": way}
        return told(before, left, "step_skipped", at, **having(visit), **step_names(before, visit), **told_of)

    order, facts = course.depart(order, at, [visit], _onward(at, visit, overdue=missed), tell)
    if course.at_end(order):
        raise NotSkippable(order.order_no, visit.step, "is the last one: the work has to end with a solution")
    return order, facts


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
    filled = supervising.answered(replace(_done(order, visit), fields={**order.fields, **kept}))
    if step.leave is not None and not step.leave.holds(filled.context(at, overdue=overdue)):
        raise CannotLeave(order.order_no, step.code, step.leave.source)
    paid, fees = _with_fee(filled, at, visit, amount, fee.get("note"))

    def tell(_: Order, left: Order) -> Fact:
        clock = left.clocks.get(visit.clock)
        way = course.way_from(left, at, step, overdue=overdue)
        told_of = {"due": clock.due if clock else None, "met": clock.met if clock else None, "fields": kept, "way": way}
        done = replace(left, fees=order.fees)
        return told(before or order, done, "step_completed", at, **having(visit), **step_names(order, visit), **told_of)

    onward = _onward(at, visit, overdue=overdue)
    gone, (completed, *moved) = course.depart(paid, at, [visit], onward, tell, last=visit)
    return gone, [completed, *fees, *moved]


def _done(order: Order, visit: Visit) -> Order:
    """The work with whose step that was kept: whoever stood in, the step is its owner's when it comes again."""
    if visit.owner is None:
        return order
    return replace(order, doers={**order.doers, visit.step: visit.owner})


def _ends(order: Order, at: datetime, visit: Visit, values: Mapping[str, Any]) -> bool:
    """Whether the work ends with this step, whatever is put in place of what is wrong with its values."""
    way = sure_way(order.step(visit), values, order.context(at, overdue=timing.missed_limit(order, visit)))
    return isinstance(way, Edge) and way.to == END


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
    if amount is None and fee.get("note"):
        faults.setdefault("fee.amount", ["is required where there is a note"])
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


def _open_steps(order: Order) -> list[str]:
    return [visit.step for visit in order.visits]
