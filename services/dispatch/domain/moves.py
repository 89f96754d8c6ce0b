"""What may be done with a work order: each move takes it and the time, and gives it back with what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.dispatch.domain.advance import escalate
from services.dispatch.domain.deadlines import Clock, call_off, finish, shift, start
from services.dispatch.domain.order import Decision, Order, bury
from services.dispatch.domain.reference import Reference, Team
from services.dispatch.domain.states import State, after
from services.dispatch.errors import NothingChanges, StaleRound
from shared.events import Fact

DISSATISFIED = "dissatisfied"


def assign(order: Order, at: datetime, agent_id: str) -> Decision:
    """Waiting work goes to an agent; held work stays held."""
    state = after(order.order_no, "assign", order.state)
    order = replace(order, state=state, agent=agent_id, held_from=State.ASSIGNED if state is State.HELD else None)
    return order, [order.fact("work_assigned", at, held=state is State.HELD)]


def accept(order: Order, at: datetime) -> Decision:
    """The agent takes the work up."""
    order = replace(order, state=after(order.order_no, "accept", order.state))
    return order, [order.fact("work_accepted", at)]


def respond(order: Order, at: datetime, note: str | None = None) -> Decision:
    """The customer hears from us. The first time fulfils the first response; later ones are only recorded."""
    after(order.order_no, "respond", order.state)
    if order.first_response.done_at:
        return order, [order.fact("work_responded_again", at, note=note)]
    return _first_response(order, at, note)


def hold(order: Order, at: datetime, reason: str) -> Decision:
    """The clocks stand still from now on; the work keeps its agent."""
    state = after(order.order_no, "hold", order.state)
    order = replace(order, state=state, held_from=order.state, held_since=at, hold_reason=reason)
    return order, [order.fact("work_held", at, reason=reason)]


def resume(order: Order, at: datetime) -> Decision:
    """The clocks run again; everything still to fall due moves by the time that the work was held."""
    state = after(order.order_no, "resume", order.state, order.held_from)
    held_for = _held_for(order, at)
    order = replace(_off_hold(order, at), state=state)
    return order, [order.fact("work_resumed", at, held_seconds=held_for.total_seconds())]


def transfer(
    order: Order, at: datetime, to: Team, *, agent_id: str | None = None, reason: str | None = None
) -> Decision:
    """The work leaves its agent for a team's queue; `agent_id` is whom the caller asks for there."""
    state = after(order.order_no, "transfer", order.state)
    if to.code == order.team and agent_id in (None, order.agent):
        raise NothingChanges(order.order_no, agent_id or to.code)
    from_team, from_agent = order.team, order.agent
    held_from = State.QUEUED if state is State.HELD else None
    order = replace(order, state=state, team=to.code, supervisor=to.supervisor, agent=None, held_from=held_from)
    return order, [order.fact("work_transferred", at, from_team=from_team, from_agent=from_agent, reason=reason)]


def resolve(order: Order, at: datetime, solution: str, language: str | None = None) -> Decision:
    """The work is done. Where nobody had responded yet, the solution is the first response."""
    state = after(order.order_no, "resolve", order.state)
    responded: list[Fact] = []
    order = _off_hold(order, at)
    if not order.first_response.done_at:
        order, responded = _first_response(order, at, None)
    order = replace(
        order,
        state=state,
        resolution=finish(order.resolution, at),
        solution=solution,
        language=language or language_of(solution),
        ended_at=at,
    )
    told = {"resolved_at": at, "due": order.resolution.due, "met": order.resolution.met}
    return order, [*responded, order.fact("work_resolved", at, solution=solution, language=order.language, **told)]


def reopen(order: Order, at: datetime, reference: Reference, *, reason: str, cause: str) -> Decision:
    """The matter was not settled: a new round, with a resolution time of its own, waiting for an agent again."""
    state = after(order.order_no, "reopen", order.state)
    target = reference.target(order.priority, Clock.RESOLUTION)
    order = replace(
        order,
        state=state,
        round=order.round + 1,
        agent=None,
        resolution=start(Clock.RESOLUTION, at, target),
        solution=None,
        language=None,
        ended_at=None,
    )
    return order, [order.fact("work_reopened", at, reason=reason, cause=cause)]


def reopen_dissatisfied(order: Order, at: datetime, reference: Reference, *, round: int, reason: str) -> Decision:
    """The customer was not satisfied with that round: reopened under the eyes of the team's supervisor."""
    _require_round(order, round)
    order, facts = reopen(order, at, reference, reason=reason, cause=DISSATISFIED)
    order, escalated = escalate(replace(order, supervised=True), at, why=DISSATISFIED)
    return order, [*facts, escalated]


def close(order: Order, at: datetime, *, round: int, outcome: str) -> Decision:
    """The follow-up of that round has ended well, or has run out."""
    state = after(order.order_no, "close", order.state)
    _require_round(order, round)
    order = replace(order, state=state, outcome=outcome, ended_at=at)
    return order, [order.fact("work_closed", at, closed_at=at, outcome=outcome)]


def withdraw(order: Order, at: datetime, reason: str) -> Decision:
    """The customer has taken the matter back: nothing is promised any more, and work not heard of yet never begins."""
    if order.version == 0:
        return bury(order, at, reason)
    state = after(order.order_no, "withdraw", order.state)
    order = _off_hold(order, at)
    order = order.with_deadline(call_off(order.first_response)).with_deadline(call_off(order.resolution))
    order = replace(order, state=state, ended_at=at)
    return order, [order.fact("work_withdrawn", at, reason=reason)]


def go_live(order: Order, at: datetime) -> Decision:
    """The replay is over: from now on the clocks follow the wall clock."""
    order = replace(order, replay_until=None)
    return order, [order.fact("work_went_live", at)]


def language_of(text: str) -> str:
    """`zh-CN` where the text has a Chinese character, else `en`: for a caller that does not say."""
    return "zh-CN" if any("\u3400" <= character <= "\u9fff" for character in text) else "en"


def _first_response(order: Order, at: datetime, note: str | None) -> Decision:
    done = finish(shift(order.first_response, _held_for(order, at)), at)
    order = replace(order, first_response=done)
    return order, [order.fact("work_responded", at, responded_at=at, due=done.due, met=done.met, note=note)]


def _held_for(order: Order, at: datetime) -> timedelta:
    return at - order.held_since if order.held_since else timedelta()


def _off_hold(order: Order, at: datetime) -> Order:
    by = _held_for(order, at)
    return replace(
        order,
        first_response=shift(order.first_response, by),
        resolution=shift(order.resolution, by),
        held_since=None,
        held_from=None,
        hold_reason=None,
    )


def _require_round(order: Order, told: int) -> None:
    if told != order.round:
        raise StaleRound(order.order_no, told, order.round)
