"""Why it was this agent: the recorded choice made again, and told candidate by candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.dispatch.domain.assigning.assignment import PARTS, Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import Choice, Ranked, choose
from services.dispatch.domain.assigning.decided import decided
from services.dispatch.domain.assigning.record import candidates_of, digest, task_of
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.assigning.words import asked_for, why


def explanation(recorded: Mapping[str, Any], assignment: Assignment) -> dict[str, Any]:
    """What a record says, under the rules of the version that it names. `ValueError` for an unknown form.

    `agrees`: the choice made again is the one recorded; where not, `again` is what it would be. Every candidate has
    either `excluded`, each limit with why, or `parts` and the `score` that they make with `weights`; all have `said`.
    """
    task, candidates = task_of(recorded), candidates_of(recorded)
    again = choose(task, candidates, assignment, pull=recorded["pull"])
    known = {who.agent_id: who for who in candidates}
    return {
        "agent": recorded["agent"],
        "rule": recorded["rule"],
        "decided": decided(task, again, known),
        "agrees": (again.agent_id, again.rule.value) == (recorded["agent"], recorded["rule"]),
        "again": {"agent": again.agent_id, "rule": again.rule.value},
        "version": recorded["version"],
        "digest": digest(recorded),
        "pull": recorded["pull"],
        "task": {**asdict(task), "asked_for": asked_for(task)},
        "weights": dict(assignment.weights),
        "candidates": [_candidate(one, task, known[one.agent_id], again, assignment) for one in again.ranked],
    }


def _candidate(one: Ranked, task: Task, who: Candidate, choice: Choice, assignment: Assignment) -> dict[str, Any]:
    told = {
        "agent": who.agent_id,
        "chosen": who.agent_id == choice.agent_id,
        "place": one.place,
        "score": one.score if one.place else None,
        "parts": dict(zip(PARTS, one.parts, strict=False)),
        "excluded": [{"limit": limit, "why": why(limit, task, who)} for limit in one.excluded],
        "lapsed": who.lapsed,
        "contended": who.contended,
        "last_assigned_at": who.last_assigned_at,
        "stands_in_for": who.stands_in_for,
    }
    return {**told, "said": said(told, assignment.weights)}


def said(told: Mapping[str, Any], weights: Mapping[str, float]) -> str:
    """A candidate's outcome in a line: `it.02: excluded: capacity (load 10 + 4 units > 10)`."""
    agent = told["agent"]
    if told["excluded"]:
        limits = ", ".join(f"{one['limit']} ({one['why']})" for one in told["excluded"])
        return f"{agent}: {'chosen, overriding' if told['chosen'] else 'excluded'}: {limits}"
    counted = ", ".join(
        f"{part} {value:.3f} × {weights[part]:g}" for part, value in told["parts"].items() if weights[part]
    )
    held_back = [f"{told['lapsed']} offers lapsed"] * bool(told["lapsed"]) + ["contended"] * told["contended"]
    return "; ".join([f"{agent}: place {told['place']}, score {told['score']:.3f}: {counted}", *held_back])
