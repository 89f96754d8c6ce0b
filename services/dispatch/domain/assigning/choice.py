"""Who gets the work: hard limits first, then the best score; equals are told apart the same way every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.limits import LIMITS, SUBJECT, Asked, excluded_by
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.assigning.score import parts_of, scoring
from services.dispatch.domain.assigning.task import Task

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Ranked(NamedTuple):
    """One candidate's outcome: the limits that exclude it, or its parts (in the order of PARTS), score and place.

    Places count from 1; who is excluded has none.
    """

    agent_id: str
    excluded: tuple[str, ...] = ()
    parts: tuple[float, ...] = ()
    score: float = 0.0
    place: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who gets it and by which rule; `agent_id` None: nobody can, and the rule is the one that was tried.

    `ranked` has every candidate: the eligible ones by place, then the others by id. `pull`: the agent asked for work.
    """

    agent_id: str | None
    rule: Rule
    ranked: tuple[Ranked, ...] = ()
    pull: bool = False

    def limits_of(self, agent_id: str) -> tuple[str, ...]:
        """The limits that exclude the agent; `serves` for one who is no candidate."""
        return next((one.excluded for one in self.ranked if one.agent_id == agent_id), ("serves",))

    @property
    def cause(self) -> str:
        """Why nobody can take it: all limits that exclude candidates who serve it, in the order of LIMITS."""
        hit = {limit for one in self.ranked if "serves" not in one.excluded for limit in one.excluded}
        return ", ".join(limit for limit in LIMITS if limit in hit) or "nobody serves it"


def choose(task: Task, candidates: Sequence[Candidate], assignment: Assignment, *, pull: bool = False) -> Choice:
    """Of the candidates (each once, in any order) the one who gets the task. `pull`: they asked for work themselves.

    Who is wished for and eligible, or overridden, comes before all others; else contended ones come last, then fewer
    lapsed offers, the higher score, who has gone longest without new work, and the id decide, in this order.
    """
    asked = Asked.of(task, assignment, pull)
    limits = [excluded_by(asked, who) for who in candidates]
    eligible = [who for who, excluded in zip(candidates, limits, strict=True) if not excluded]
    ranked = _ranked(task, eligible, assignment)
    others = (Ranked(who.agent_id, excluded) for who, excluded in zip(candidates, limits, strict=True) if excluded)
    ranked += sorted(others)
    agent_id, rule = _taken(task, ranked, {who.agent_id: who for who in eligible}, pull)
    return Choice(agent_id=agent_id, rule=rule, ranked=tuple(ranked), pull=pull)


def _ranked(task: Task, eligible: Sequence[Candidate], assignment: Assignment) -> list[Ranked]:
    most_units = max((who.shift_units for who in eligible), default=0)
    score = scoring(assignment)
    rows = []
    for who in eligible:
        parts = parts_of(task, who, most_units)
        points = score(parts)
        last = who.last_assigned_at or LONG_AGO
        rows.append((who.contended, who.lapsed, -points, last, who.agent_id, parts, points))
    rows.sort()
    return [Ranked(row[4], (), row[5], row[6], place) for place, row in enumerate(rows, 1)]


def _taken(task: Task, ranked: Sequence[Ranked], eligible: dict[str, Candidate], pull: bool) -> tuple[str | None, Rule]:
    """Who, and by which rule."""
    if task.wish is not None and _granted(task, ranked, task.wish in eligible):
        return task.wish, Rule(task.wish_rule or Rule.WISHED)
    if task.wish is not None and task.only:
        return None, Rule(task.wish_rule or Rule.WISHED)
    usual = Rule.PULLED if pull else Rule.BEST_SCORE
    if not eligible:
        return None, usual
    first = eligible[ranked[0].agent_id]
    if first.agent_id == task.named:
        return first.agent_id, Rule.NAMED
    return first.agent_id, Rule.STAND_IN if first.stands_in_for is not None else usual


def _granted(task: Task, ranked: Sequence[Ranked], eligible: bool) -> bool:
    """Whether who is wished for gets it: nothing speaks against it, or only what a supervisor overrides."""
    if eligible or task.override is None:
        return eligible
    return any(one.agent_id == task.wish and SUBJECT not in one.excluded for one in ranked)
