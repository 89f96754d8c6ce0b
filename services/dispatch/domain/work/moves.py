"""What may be done with a work order as a whole: each move gives it back with what happened."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.clocks.clock import Promise
from services.dispatch.domain.reference.matter import PRIORITIES
from services.dispatch.domain.work import course, families, offering, supervising, timing
from services.dispatch.domain.work.deescalating import climbed
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import State, after, state_of
from services.dispatch.domain.work.telling import concerning, told
from services.dispatch.domain.work.weighing import weighed
from services.dispatch.domain.work.wish import Wish
from services.dispatch.errors import AlreadyVoid, NothingChanges, StaleRound
from shared.errors import NotFound
from shared.events import Fact
from shared.values import replace

DISSATISFIED = "dissatisfied"
ACTOR, ESCALATION, SUPERVISOR = "actor", "escalation", "supervisor"


def respond(order: Order, at: datetime, note: str | None = None, by: str = ACTOR) -> Decision:
    """The customer hears from us. The first time fulfils the first response; every time the next update is promised.

    `by`: `actor`, or `eta` where it follows by rule from a mass incident's ETA (incidents.py).
    """
    after(order.order_no, "respond", order.state)
    answered = order.first_response
    first = answered is not None and answered.done_at is None
    promise = Promise.FIRST_RESPONSE if first else Promise.NEXT_UPDATE
    done = timing.finished(order, at, promise)
    clock = done.clocks.get(promise)
    due, met = (clock.due, clock.met) if clock else (None, None)
    now = supervising.answered(timing.begun_promise(done, Promise.NEXT_UPDATE, at))
    kind = "work_responded" if first else "work_responded_again"
    return now, [told(order, now, kind, at, responded_at=at, due=due, met=met, note=note, by=by)]


def hold(order: Order, at: datetime, reason: str, note: str | None = None) -> Decision:
    """Those clocks stand still from now on that the policy pauses for this reason; the work keeps its agent.

    `ValidationError` for a reason that the work's version of the reference data does not know.
    """
    state = after(order.order_no, "hold", order.state)
    names = order.books(order.policy.version).hold_reason(reason)
    before, order = order, timing.paused(order, at, reason)
    order = replace(order, state=state, held_since=at, hold_reason=reason, hold_note=note)
    order = replace(order, hold_due=supervising.hold_due(order, at, reason))
    return order, [told(before, order, "work_held", at, reason=reason, reason_name=dict(names), note=note)]


def resume(order: Order, at: datetime) -> Decision:
    """The clocks that stood still run again."""
    after(order.order_no, "resume", order.state)
    held_for = at - order.held_since if order.held_since else timedelta()
    before, order = order, off_hold(order, at)
    return order, [told(before, order, "work_resumed", at, held_seconds=held_for.total_seconds())]


def prioritise(
    order: Order, at: datetime, priority: str, reason: str, by: str = ACTOR, rule: str | None = None
) -> Decision:
    """Another priority: what its promises then are counts from their original starts, and what was counted stays.

    Where policies go by priority, the work comes under the one of its own version of the reference data that fits now.
    What it weighs with those who have it follows.
    `rule` is the policy or flow that an escalation follows.
    """
    after(order.order_no, "prioritise", order.state)
    if priority == order.priority:
        raise NothingChanges(order.order_no, priority, f"has the priority {priority} already")
    before, order = order, replace(order, priority=priority)
    order = replace(order, policy=order.books(order.policy.version).policy_for(order.matter).pin)
    order = weighed(timing.retargeted(order, at))
    change = {"from": before.priority, "to": priority, "reason": reason, "by": by, "rule": rule}
    return order, [told(before, order, "work_prioritised", at, **change)]


def more_urgent(priority: str) -> str | None:
    """The next more urgent priority; None for the most urgent one."""
    place = PRIORITIES.index(priority)
    return PRIORITIES[place - 1] if place else None


def void_fee(order: Order, at: datetime, number: int, reason: str) -> Decision:
    """A fee does not count any more; it stays on the work order, with the reason."""
    fee = next((fee for fee in order.fees if fee.number == number), None)
    if fee is None:
        raise NotFound("fee", str(number))
    if fee.voided_at is not None:
        raise AlreadyVoid(order.order_no, number)
    void = replace(fee, voided_at=at, void_reason=reason)
    before, order = order, replace(order, fees=tuple(void if one is fee else one for one in order.fees))
    change = {"fee": number, "step": fee.step, "amount": fee.amount, "currency": fee.currency, "reason": reason}
    return order, [told(before, order, "fee_voided", at, **change)]


def ended(order: Order, at: datetime, solution: str, language: str | None, *, before: Order | None = None) -> Decision:
    """Work of which no step is open is resolved. Where nobody had responded yet, the solution is the first response.

    `before`: the work as the last fact left it. Of work that others are linked to, they are to hear.
    """
    facts: list[Fact] = []
    first = order.first_response
    if first is not None and not first.done_at:
        done = timing.finished(order, at, Promise.FIRST_RESPONSE)
        clock = done.clocks[Promise.FIRST_RESPONSE]
        told_of = {"responded_at": at, "due": clock.due, "met": clock.met, "note": None, "by": ACTOR}
        facts.append(told(before or order, done, "work_responded", at, **told_of))
        before, order = done, done
    language = language or language_of(solution)
    resolved = families.settling(supervising.answered(timing.resolved(order, at)))
    resolved = replace(resolved, state=State.RESOLVED, ended_at=at, solution=solution, language=language)
    clock = resolved.clocks[Promise.RESOLUTION]
    said = {"solution": solution, "language": language}
    solved = {**said, "resolved_at": at, "due": clock.due, "met": clock.met, "parent_no": order.parent}
    facts.append(told(before or order, resolved, "work_resolved", at, **solved))
    return resolved, [*facts, *families.children_concerned(resolved, at, families.RESOLVED, **said)]


def reopen(order: Order, at: datetime, *, reason: str, cause: str) -> Decision:
    """The matter was not settled: a new round, for its former agent if that can take it: who did the step, if known.

    Its resolution time begins anew or goes on, by the policy; its flow goes on where the definition says. What was done
    with a mass incident goes on without it.
    """
    after(order.order_no, "reopen", order.state)
    order, parted = families.alone(order, at, reason)
    again = timing.reopened(replace(order, solution=None, language=None, ended_at=None, round=order.round + 1), at)
    again = replace(again, state=State.QUEUED, agent=None, supervised=False)
    begun, facts = course.begin(again, at, order.course.reopen_at)
    told_of = again if order.flow else begun
    fact = told(order, told_of, "work_reopened", at, reason=reason, cause=cause)
    return with_former(order, begun), [*parted, fact, *facts]


def with_former(order: Order, begun: Order) -> Order:
    """Work that has begun anew, its open steps first for who did them the last time, else who had `order` last."""
    former = {visit.number: order.doers.get(visit.step, order.agent) for visit in begun.visits}
    wishes = {number: Wish(agent, Rule.FORMER) for number, agent in former.items() if agent}
    return replace(begun, wishes=wishes)


def reopen_dissatisfied(order: Order, at: datetime, *, round: int, reason: str) -> Decision:
    """The customer was not satisfied with that round: reopened under the eyes of the team's supervisor."""
    _require_round(order, round)
    order, facts = reopen(order, at, reason=reason, cause=DISSATISFIED)
    whom = concerning(order, order.visits)
    before, order = order, replace(climbed(order, 1, None, (SUPERVISOR,), whom), supervised=True)
    nothing = dict.fromkeys(("clock", "part", "visit", "part_name", "rule", "due"))
    told_of = {**nothing, **whom, "level": 1, "tell": [SUPERVISOR], "why": DISSATISFIED}
    return order, [*facts, told(before, order, "work_escalated", at, **told_of)]


def close(order: Order, at: datetime, *, round: int, outcome: str) -> Decision:
    """The follow-up of that round has ended well, or has run out."""
    state = after(order.order_no, "close", order.state)
    _require_round(order, round)
    before, order = order, replace(order, state=state, outcome=outcome, ended_at=at)
    return order, [told(before, order, "work_closed", at, closed_at=at, outcome=outcome)]


def withdraw(order: Order, at: datetime, reason: str) -> Decision:
    """The customer has taken the matter back: nothing is promised any more, and work not heard of yet never begins."""
    if order.version == 0:
        order = replace(order, state=State.WITHDRAWN, opened_at=at, ended_at=at)
        return order, [told(None, order, "work_withdrawn_unopened", at, reason=reason)]
    state = after(order.order_no, "withdraw", order.state)
    before, order = order, off_hold(order, at) if order.state is State.HELD else order
    order = timing.called_off(order, at)
    order = families.settling(replace(order.with_visits(), blocks=(), state=state, ended_at=at))
    facts = [told(before, order, "work_withdrawn", at, reason=reason)]
    return order, [*facts, *families.children_concerned(order, at, families.WITHDRAWN, solution=None, language=None)]


def go_live(order: Order, at: datetime) -> Decision:
    """The replay is over: from now on the clocks follow the wall clock.

    That nobody could take it was history, of which nobody was alarmed: it is told anew, if it is still so.
    """
    before = replace(order, replay_until=None)
    untold = {"stranded": None, "alarmed": False}
    order = before.with_visits(*(replace(visit, **untold) for visit in order.visits)) if order.visits else before
    return order, [told(before, order, "work_went_live", at)]


def off_hold(order: Order, at: datetime) -> Order:
    """The work as it goes on if it was held; its state then follows from its open steps."""
    if order.state is not State.HELD:
        return order
    on = replace(offering.resumed(timing.resumed(order, at), at), held_since=None, hold_reason=None, hold_note=None)
    on = replace(on, hold_due=None, hold_late=False)
    return replace(on, state=state_of({visit.state for visit in order.visits}))


def language_of(text: str) -> str:
    """`zh-CN` where the text has a Chinese character, else `en`: for a caller that does not say."""
    return "zh-CN" if any("\u3400" <= character <= "\u9fff" for character in text) else "en"


def _require_round(order: Order, told: int) -> None:
    if told != order.round:
        raise StaleRound(order.order_no, told, order.round)
