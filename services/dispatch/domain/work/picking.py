"""The choice for one open step: wishes tried in turn, then the best of all who may have it (ADR 61). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import Choice, choose
from services.dispatch.domain.assigning.limits import LIMITS
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.work.candidacy import Around, candidate_of, stood_in_for, task_of, wishes_of
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.visiting import Terms
from services.dispatch.domain.work.wish import Wish

PASSING = frozenset({"kind", "capacity"})


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A choice with what it was made of. `principal`: for whom the one who gets it stands in."""

    choice: Choice
    task: Task
    candidates: Sequence[Candidate]
    principal: str | None = None


def pick(order: Order, visit: Visit, agents: Mapping[str, Agent], around: Around, assignment: Assignment) -> Picked:
    """Who gets the open step of these agents (by id), under these rules."""
    picked = None
    for wish in wishes_of(order, visit):
        picked = _picked(order, visit, agents, around, assignment, wish)
        if wish is None or picked.choice.rule is wish.rule:
            break
    assert picked is not None  # noqa: S101 - there is always a wish, if only None
    return picked


def cause_of(choice: Choice) -> str:
    """Why nobody can take it: of each agent who serves it the first limit that excludes, each once, in their order.

    `kind` and `capacity` come last, so where one of them is named, somebody could take it but is busy.
    """
    first = {one.excluded[0] for one in choice.ranked if one.excluded and "serves" not in one.excluded}
    return ", ".join(limit for limit in LIMITS if limit in first) or "nobody serves it"


def is_passing(cause: str) -> bool:
    """Whether somebody could take it who is only busy: that passes by itself, as work is done."""
    return not PASSING.isdisjoint(cause.split(", "))


def terms_of(order: Order, picked: Picked, assignment: Assignment, choice: str | None = None) -> Terms:
    """On what terms who was picked gets it; work that an agent has asked for has not to be accepted in time."""
    rule = picked.choice.rule
    return Terms(
        units=picked.task.units,
        within=None if rule is Rule.PULLED else assignment.accept_within(order.priority),
        principal=picked.principal,
        choice=choice,
        override=picked.task.override if rule.value == picked.task.wish_rule else None,
    )


def _picked(
    order: Order,
    visit: Visit,
    agents: Mapping[str, Agent],
    around: Around,
    assignment: Assignment,
    wish: Wish | None,
) -> Picked:
    """`wish` goes to who stands in for the agent now; nobody pulls work for another."""
    standing_in = stood_in_for(agents.values(), visit.need, around.away)
    wished_for = None
    if wish is not None and wish.agent in around.away and wish.rule is not Rule.PULLED:
        wished_for = wish.agent
        wish = Wish(around.away[wished_for], wish.rule, wish.only, wish.override)
        standing_in = {**standing_in, wish.agent: wished_for}
    task = task_of(order, visit, around.at, assignment, wish)
    candidates = [candidate_of(agent, order, visit, around, standing_in) for agent in agents.values()]
    choice = choose(task, candidates, assignment, pull=wish is not None and wish.rule is Rule.PULLED)
    by_wish = wish is not None and choice.rule is wish.rule and choice.agent_id == wish.agent
    return Picked(
        choice=choice,
        task=task,
        candidates=candidates,
        principal=wished_for if by_wish and wished_for else _stands_in_for(candidates, choice.agent_id),
    )


def _stands_in_for(candidates: Sequence[Candidate], agent_id: str | None) -> str | None:
    return next((who.stands_in_for for who in candidates if who.agent_id == agent_id), None)
