"""What decided a choice in the end: a wish, a score, or what tells equals apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import LONG_AGO, Choice, Ranked
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.assigning.task import Task

#: Why somebody is to have it before all others, by the wish's rule; else `was asked for`.
WHY_WISHED: Mapping[str, str] = {
    Rule.FORMER: "had this work before",
    Rule.PREVIOUS: "did the step before",
    Rule.REASSIGNED: "was named by a supervisor",
    Rule.PULLED: "asked for its next work",
}


def decided(task: Task, choice: Choice, known: Mapping[str, Candidate]) -> dict[str, Any]:
    """`by` in a word, and `said` in a sentence. `known`: agent -> candidate.

    Words: nobody, override, wish, only_one, contended, lapsed, score, waited_longest, agent_id.
    """
    if choice.agent_id is None:
        return {"by": "nobody", "said": _nobody(task, choice)}
    if choice.agent_id == task.wish:
        by, said = _wished(task, choice)
        return {"by": by, "said": said}
    by, said = _ranked(choice, known)
    passed_over = f"{_wish(task)}, but is excluded: {_limits(task, choice)}; " if task.wish is not None else ""
    return {"by": by, "said": passed_over + said}


def _nobody(task: Task, choice: Choice) -> str:
    if task.wish is not None and task.only:
        return f"only {task.wish} was asked for, and is excluded: {_limits(task, choice)}"
    return f"nobody can take it: {choice.cause}"


def _wished(task: Task, choice: Choice) -> tuple[str, str]:
    if limits := _limits(task, choice):
        return "override", f"a supervisor overrides {limits} for {task.wish}: {task.override}"
    return "wish", f"{_wish(task)}, and no limit excludes it"


def _wish(task: Task) -> str:
    return f"{task.wish} {WHY_WISHED.get(task.wish_rule or '', 'was asked for')}"


def _limits(task: Task, choice: Choice) -> str:
    return ", ".join(choice.limits_of(str(task.wish)))


def _ranked(choice: Choice, known: Mapping[str, Candidate]) -> tuple[str, str]:
    eligible = [one for one in choice.ranked if one.place]
    if len(eligible) == 1:
        return "only_one", f"{choice.agent_id} is the only one whom no limit excludes"
    first, second = eligible[:2]
    return _before(first, second, known[first.agent_id], known[second.agent_id])


def _before(first: Ranked, second: Ranked, one: Candidate, other: Candidate) -> tuple[str, str]:
    """What put the first before the second, in the order of `choose`."""
    pair = f"{first.agent_id} before {second.agent_id}"
    if one.contended != other.contended:
        return "contended", f"{pair}, which is being given other work at this moment"
    if one.lapsed != other.lapsed:
        return "lapsed", f"{pair}: let fewer offers lapse ({one.lapsed} < {other.lapsed})"
    if first.score != second.score:
        return "score", f"{pair}: the higher score ({first.score:.9g} > {second.score:.9g})"
    if (one.last_assigned_at or LONG_AGO) != (other.last_assigned_at or LONG_AGO):
        return "waited_longest", f"{pair}: the same score, but longer without new work"
    return "agent_id", f"{pair}: the same in everything, so the id decides"
