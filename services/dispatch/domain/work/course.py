"""How work goes through its flow: steps are opened, passed over, left, split and joined (ADR 0050).

Every function takes the work and the time and gives the work back with what happened. Work whose flow has come to its
end has no open step any more (`at_end`); what follows from that is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.dispatch.domain.flows.flow import END, Split
from services.dispatch.domain.flows.steps import Step, Who
from services.dispatch.domain.reference.organisation import Team
from services.dispatch.domain.work import blocks, timing
from services.dispatch.domain.work.assignment import preferring
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.telling import flow_of, having, step_names, told
from services.dispatch.domain.work.visit import Block, Need, Visit
from shared.events import Fact
from shared.values import replace

Onward = Callable[[Order], Decision]
Tell = Callable[[Order, Order], Fact]


def begin(order: Order, at: datetime, step: str) -> Decision:
    """The work comes to `step` from outside. Work always has a step: where all are passed over, this one is opened."""
    begun, facts = go(order, at, step, None)
    return open_step(order, at, step, None) if at_end(begun) else (begun, facts)


def at_end(order: Order) -> bool:
    """Whether the flow has come to its end."""
    return not order.visits


def go(order: Order, at: datetime, to: str, block: int | None) -> Decision:
    """To a step, to the join of the block that the work is in, or to the end."""
    if to == END:
        return order, []
    if block is not None and blocks.block_of(order, block).join == to:
        return _arrive(order, at, blocks.block_of(order, block))
    step = order.course.steps[to]
    if step.enter is not None and not step.enter.holds(order.context(at)):
        before, order = order, _emptied(order, step)
        why = {"step": to, "step_name": dict(step.name), **flow_of(order), "condition": step.enter.source}
        passed = told(before, order, "step_passed_over", at, **why, way=way_from(order, at, step))
        order, facts = leave(order, at, step, block)
        return order, [passed, *facts]
    return open_step(order, at, to, block)


def leave(order: Order, at: datetime, step: Step, block: int | None, *, overdue: bool = False) -> Decision:
    """From a step to where its conditions lead."""
    onward = order.course.route(step, order.context(at, overdue=overdue))
    if isinstance(onward, Split):
        return _split(order, at, onward, block)
    return go(order, at, onward.to, block)


def way_from(order: Order, at: datetime, step: Step, *, overdue: bool = False) -> dict[str, Any]:
    """Where a step leads, as a fact tells it: `to` steps, a join or the end; `when`: the condition that decided it."""
    onward = order.course.route(step, order.context(at, overdue=overdue))
    to = list(onward.branches) if isinstance(onward, Split) else [onward.to]
    return {"to": to, "when": onward.when.source if onward.when else None}


def open_step(order: Order, at: datetime, code: str, block: int | None) -> Decision:
    """The step is opened, to be given to somebody, and its clocks begin."""
    before, step = order, order.course.steps[code]
    visit = _visit(order, at, step, block)
    order = _emptied(order, step).with_visit(visit)
    order = replace(order, visited={**order.visited, code: order.visited.get(code, 0) + 1})
    order = timing.step_begun(order, visit, at)
    if order.flow is None:
        return order, []
    clock = order.clocks.get(visit.clock)
    due = clock.due if clock else None
    return order, [told(before, order, "step_opened", at, **having(visit), **step_names(order, visit), due=due)]


def depart(
    order: Order,
    at: datetime,
    over: Sequence[Visit],
    onward: Onward,
    tell: Tell,
    *,
    off: bool = False,
    last: Visit | None = None,
) -> Decision:
    """These visits are over, and the work goes `onward`; `tell` makes the fact of it, given the work before and after.

    `off`: what their clocks measure was not done. `last`: the step that was done, whose agent may go on with the next.
    """
    gone = {visit.number for visit in over}
    left = order.with_visits(*(visit for visit in order.visits if visit.number not in gone))
    for visit in over:
        left = timing.step_over(left, visit, at, off=off)
    left = timing.groups_left(left, onward(left)[0], at)
    beyond, facts = onward(left)
    return preferring(beyond, order, last), [tell(order, left), *facts]


def need_of(order: Order, who: Who) -> Need:
    """Who can do a step: where it names no team, somebody of the work's own; an agent of other teams, in its first.

    What experts have still to look at is theirs.
    """
    team = who.team or order.own_team
    triage = order.books(order.policy.version).assignment.triage if order.triage else None
    if triage is not None:
        return Need(team=triage.team)
    if who.agent is None or order.flow is None:
        return Need(team=team, role=who.role, skill=who.skill, level=who.level, agent=who.agent)
    entry = order.books(order.flow.version).agents.get(who.agent)
    if entry is not None and team not in entry.teams:
        team = next(iter(entry.teams), team)
    return Need(team=team, role=who.role, skill=who.skill, level=who.level, agent=who.agent)


def _emptied(order: Order, step: Step) -> Order:
    """Without what an earlier visit of the step filled in: where the work goes on from it must not follow from that."""
    if step.code not in order.visited or not step.fields:
        return order
    return replace(order, fields={name: value for name, value in order.fields.items() if name not in step.fields})


def _visit(order: Order, at: datetime, step: Step, block: int | None) -> Visit:
    need = need_of(order, step.who)
    supervisor, duty_manager = _called(order, need.team)
    return Visit(
        number=sum(order.visited.values()) + 1,
        step=step.code,
        need=need,
        opened_at=at,
        block=block,
        supervisor=supervisor,
        duty_manager=duty_manager,
    )


def _called(order: Order, team: str) -> tuple[str | None, str | None]:
    """Who is called when it goes wrong there; for the team that has the work now, who it was told then."""
    if team == order.team:
        return order.supervisor, order.duty_manager
    book = order.books((order.flow or order.policy).version)
    there = book.teams.get(team, Team(code=team, name=team))
    return there.supervisor, there.duty_manager


# parallel branches


def _split(order: Order, at: datetime, split: Split, parent: int | None) -> Decision:
    before, (order, number) = order, blocks.begun(order, split, parent)
    why = {**flow_of(order), "branches": list(split.branches), "join": split.join}
    facts = [told(before, order, "work_split", at, **why)]
    for branch in split.branches:
        order, more = go(order, at, branch, number)
        facts += more
    return order, facts


def _arrive(order: Order, at: datetime, block: Block) -> Decision:
    """A branch has come to its join; the last one opens it."""
    before, order = order, blocks.waiting_for(order, block, -1)
    still = block.open - 1
    arrived = told(before, order, "branch_arrived", at, **flow_of(order), join=block.join, open=still)
    if still:
        return order, [arrived]
    order, facts = go(order, at, block.join, block.parent)
    return order, [arrived, *facts]
