"""What of a work order takes a seat, what waits for one, and who is asked first."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.organisation import Team
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work.order import Decision, Order, Seat
from services.dispatch.domain.work.states import State
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.domain.work.visit import Need, Visit
from services.dispatch.domain.work.visiting import chosen
from services.dispatch.domain.work.wish import Wish
from services.dispatch.errors import NotOnTeam
from shared.events import Fact
from shared.values import replace


def claimed(order: Order) -> dict[int, Seat]:
    """Visit -> what it takes of whose capacity: every open step that somebody has takes a seat."""
    return {
        visit.number: Seat(visit.agent, visit.units, visit.kind, visit.assignment)
        for visit in order.visits
        if visit.agent is not None
    }


def waiting(order: Order) -> tuple[Visit, ...]:
    """The open steps that are to be given to somebody; those of held work, too, as soon as somebody is asked."""
    return tuple(visit for visit in order.visits if visit.agent is None)


def _in_queues(order: Order) -> tuple[Visit, ...]:
    """Held work stands in none."""
    return () if order.state is State.HELD else waiting(order)


def waits_in(order: Order) -> frozenset[tuple[int, str, bool]]:
    """What waits for whom (False) and stands in its queue (True): anything new is a reason to look for an agent."""
    where = {(visit.number, visit.need.key) for visit in waiting(order)}
    queued = (True, False) if order.state is not State.HELD else (False,)
    return frozenset((number, key, stands) for number, key in where for stands in queued)


def newly_queued(order: Order, at: datetime) -> list[Fact]:
    """What tells of each open step that stands in a queue and did not when the work was loaded: its team is to see it.

    They change nothing.
    """
    arrived = {number for number, _, stands in waits_in(order) - order.waited if stands}
    return [
        told(order, order, "work_queued", at, **having(visit), **step_names(order, visit), need=visit.need.key)
        for visit in waiting(order)
        if visit.number in arrived
    ]


def queues(order: Order) -> list[str]:
    """The queues that the work stands in; held work stands in none."""
    return sorted({visit.need.key for visit in _in_queues(order)})


def stranded(order: Order, at: datetime, number: int, cause: str, *, known: bool) -> Decision:
    """The work of which nobody at all can take that open step, for that reason.

    `known`: who is to be alarmed has been, by other work that waits in the same queue for the same reason.
    """
    visit = next(visit for visit in order.visits if visit.number == number)
    before, order = order, order.with_visit(replace(visit, stranded=cause, alarmed=not known))
    called = {"supervisor": visit.supervisor, "duty_manager": visit.duty_manager}
    why = {"need": visit.need.key, "cause": cause, **called}
    kind = "work_stranded_too" if known else "work_stranded"
    return order, [told(before, order, kind, at, **having(visit), **step_names(order, visit), **why)]


def strandings(order: Order) -> list[str]:
    """`queue|cause` for each open step that nobody at all can take; held work waits for nobody.

    `queue|` for one of which it has not been told yet whether anybody can.
    """
    return sorted({f"{visit.need.key}|{visit.stranded or ''}" for visit in _in_queues(order)})


def alarms(order: Order) -> list[str]:
    """Those of the strandings that have alarmed somebody: as long as the work waits, others there need no alarm."""
    return sorted({f"{visit.need.key}|{visit.stranded}" for visit in _in_queues(order) if visit.alarmed})


def preferring(order: Order, before: Order, last: Visit | None = None) -> Order:
    """The work with those to be asked first for what was opened since `before`.

    That is who did the same step the last time; else, for a step that alone follows on the `last` one, who did that;
    where somebody stood in, the one whose step it was.
    """
    opened = [visit for visit in order.visits if visit.number > sum(before.visited.values())]
    wishes: dict[int, Wish] = {}
    for visit in opened:
        former = order.doers.get(visit.step)
        if former is not None:
            wishes[visit.number] = Wish(former, Rule.FORMER)
        elif last is not None and last.owner is not None and len(opened) == 1 and _goes_on(last.need, visit.need):
            wishes[visit.number] = Wish(last.owner, Rule.PREVIOUS)
    return replace(order, wishes={**order.wishes, **wishes})


def _goes_on(last: Need, need: Need) -> bool:
    """Whether one agent may well do both: not where a role is asked for anew, as for an approval."""
    return last.team == need.team and need.role in (None, last.role)


def destination(
    order: Order,
    reference: Reference,
    team: str | None,
    agent: Agent | None,
    step: str | None = None,
    *,
    move: str = "transfer",
) -> Team:
    """The team that a transfer, or another such move, goes to: the one named, else one of the agent's.

    If the agent is on it, that is the team that has the step, or else the step's own; otherwise the agent's first.

    `NotFound` for a team that does not exist, `NotOnTeam` for an agent of another one. What else may speak against the
    agent, the limits say when it is chosen.
    """
    visit = chosen(order, move, step)
    here = visit.need.team
    if agent is None:
        return reference.team(team or here)
    own = order.step(visit).who.team or order.own_team
    code = team or next((code for code in (here, own, *agent.teams) if code in agent.teams), here)
    if code not in agent.teams:
        raise NotOnTeam(agent.agent_id, code)
    return reference.team(code)
