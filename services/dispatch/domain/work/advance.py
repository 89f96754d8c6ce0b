"""What falls due by itself: warnings, misses and escalations, each at its own instant, each once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.dispatch.domain.clocks.clock import Clock, Kind, Mark, next_mark, settle
from services.dispatch.domain.clocks.promise import KIND_RANK, PROMISE_RANK, Promise
from services.dispatch.domain.flows.steps import Escalation
from services.dispatch.domain.reference.organisation import EXPERT, Team
from services.dispatch.domain.work import offering, supervising
from services.dispatch.domain.work.deescalating import climbed, deescalated
from services.dispatch.domain.work.moves import ESCALATION, more_urgent, prioritise
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.telling import clock_names, measured, told
from services.dispatch.domain.work.visit import Need, Visit
from services.dispatch.domain.work.visiting import moved_to
from shared.events import Fact

Turn = tuple[datetime, int, int, int, str]

#: What falls due beside the marks of clocks: when next (None: it does not), and what happens at that instant.
BESIDE: tuple[tuple[Callable[[Order], datetime | None], Callable[[Order, datetime], Decision]], ...] = (
    (offering.next_lapse, offering.lapsed),
    (supervising.next_too_long, supervising.held_too_long),
)
#: The rank of these among promises: at the same instant, what the clocks say comes first.
_BESIDE = len(PROMISE_RANK)


def advance(order: Order, to: datetime) -> Decision:
    """Settles everything that fell due up to and including `to`, in order; the facts carry the time they fell due."""
    facts: list[Fact] = []
    while (due := _next(order)) and due[0] <= to:
        order, more = _taken(order, due)
        order, fallen = deescalated(order, due[0])
        facts += [*more, *fallen]
    return order, facts


def next_due(order: Order) -> datetime | None:
    """When the next of them falls due; None while nothing does."""
    due = _next(order)
    return due[0] if due else None


def _next(order: Order) -> Turn | None:
    """What comes first: the turn of a clock, whose name is its last part, or of one of `BESIDE`, by its number."""
    turns = [_turn(clock, mark) for clock in order.clocks.values() if (mark := next_mark(clock))]
    turns += [(at, _BESIDE, number, 0, "") for number, (when, _) in enumerate(BESIDE) if (at := when(order))]
    return min(turns, default=None)


def _taken(order: Order, turn: Turn) -> Decision:
    at, rank, number, _, name = turn
    return BESIDE[number][1](order, at) if rank == _BESIDE else _settle(order, order.clocks[name])


def _turn(clock: Clock, mark: Mark) -> Turn:
    assert mark.at is not None  # noqa: S101 - next_mark says so
    return mark.at, PROMISE_RANK[clock.promise], KIND_RANK[mark.kind], mark.level, clock.name


def _settle(order: Order, clock: Clock) -> Decision:
    done = clock.acted
    clock, mark = settle(clock)
    assert mark.at is not None  # noqa: S101 - next_mark said so
    before, order = order, order.with_clock(clock)
    if mark.kind is Kind.ESCALATED:
        return _escalate(before, order, clock, mark.level, mark.at, again=mark.level in done)
    more = {"share": mark.share} if mark.kind is Kind.NEAR else {}
    facts = {**clock_names(order, clock), "due": clock.due, **more, "provisional": clock.provisional}
    return order, [told(before, order, f"deadline_{mark.kind}", mark.at, **facts)]


def _escalate(before: Order, order: Order, clock: Clock, level: int, at: datetime, *, again: bool) -> Decision:
    """That level is told of, then what it says is done; `again`: it was done when the clock first came to it."""
    escalation = _definition(order, clock, level)
    whom = clock_names(order, clock)
    order = climbed(order, level, clock.name, escalation.tell, whom)
    told_of = {**whom, "due": clock.due, "level": level, "tell": list(escalation.tell), "why": clock.promise.value}
    facts = [told(before, order, "work_escalated", at, **told_of)]
    for consequence in () if again else (_raise_priority, _move):
        order, more = consequence(order, clock, escalation, at)
        facts += more
    return order, facts


def _definition(order: Order, clock: Clock, level: int) -> Escalation:
    """What the clock's source, a policy or the flow, says of the level."""
    if clock.promise not in (Promise.STEP, Promise.GROUP):
        return order.books(clock.source.version).policy(clock.source.code).escalation(clock.promise, level)
    flow, part = order.books(clock.source.version).flow(clock.source.code), str(clock.part)
    limit = flow.steps[part].limit if clock.promise is Promise.STEP else flow.groups[part].limit
    return next(one for one in (limit.escalations if limit else ()) if one.level == level)


def _raise_priority(order: Order, clock: Clock, escalation: Escalation, at: datetime) -> Decision:
    priority = more_urgent(order.priority) if escalation.raise_priority else None
    if priority is None:
        return order, []
    return prioritise(order, at, priority, clock.promise.value, ESCALATION, str(clock.source))


def _move(order: Order, clock: Clock, escalation: Escalation, at: datetime) -> Decision:
    """Every open step that the clock is about goes to the team that is to see to it, unless it is there."""
    facts: list[Fact] = []
    for visit in measured(order, clock) if escalation.move_to else ():
        team = _helper(order, visit, str(escalation.move_to))
        if team is not None and team.code != visit.need.team:
            need = Need(team=team.code)
            order, more = moved_to(order, at, visit, team, need, reason=clock.promise.value, rule=str(clock.source))
            facts += more
    return order, facts


def _helper(order: Order, visit: Visit, move_to: str) -> Team | None:
    """The team to move to: the one named, or the expert team of the one that has the step; None: there is none."""
    teams = order.books(order.policy.version).teams
    own = teams.get(visit.need.team)
    return teams.get((own.expert_team or "") if own and move_to == EXPERT else move_to)
