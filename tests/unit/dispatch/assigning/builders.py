"""Tasks, candidates and rules of giving out work as tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.dispatch.domain.assigning.assignment import PARTS, Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import Choice, choose
from services.dispatch.domain.assigning.limits import Asked, excluded_by
from services.dispatch.domain.assigning.record import record
from services.dispatch.domain.assigning.task import Task
from tests.unit.dispatch.builders import NINE
from tests.unit.dispatch.declared import read

LEAST_LOADED = Assignment()


def a_task(**changes: Any) -> Task:
    """A fault at nine that the IT team is to see to, of one unit."""
    given = {"order_no": "W-100001", "visit": 1, "at": NINE, "team": "it", "type": "fault", "priority": "P2"}
    return Task(**{**given, **changes})


def a_candidate(agent_id: str = "it.01", **changes: Any) -> Candidate:
    """A specialist who is there, has nothing to do and takes ten units."""
    return Candidate(agent_id, **{"capacity": 10, **changes})


def weighing(**weights: float) -> Assignment:
    """Rules under which only these parts count."""
    return Assignment(weights={part: float(weights.get(part, 0)) for part in PARTS})


def declared(**members: Any) -> Assignment:
    """The rules that reference data with these members has (`roles`, `assignment`)."""
    return read(**members).assignment


def limits_of(candidate: Candidate, rules: Assignment = LEAST_LOADED, *, pull: bool = False, **task: Any) -> list[str]:
    """The limits that exclude the candidate from such a task."""
    return list(excluded_by(Asked.of(a_task(**task), rules, pull), candidate))


def chosen(
    candidates: Sequence[Candidate], rules: Assignment = LEAST_LOADED, *, pull: bool = False, **task: Any
) -> Any:
    """Who gets such a task, and by which rule."""
    choice = choose(a_task(**task), candidates, rules, pull=pull)
    return choice.agent_id, choice.rule.value


def order_of(candidates: Sequence[Candidate], rules: Assignment = LEAST_LOADED, **task: Any) -> list[str]:
    """The eligible ones by place."""
    return [one.agent_id for one in choose(a_task(**task), candidates, rules).ranked if one.place]


def recorded(
    candidates: Sequence[Candidate], rules: Assignment = LEAST_LOADED, *, pull: bool = False, **task: Any
) -> tuple[Choice, dict[str, Any]]:
    """A choice and its record."""
    given = a_task(**task)
    choice = choose(given, candidates, rules, pull=pull)
    return choice, record(given, candidates, choice, 7)


def ago(**elapsed: float) -> Any:
    """A time before nine."""
    return NINE - timedelta(**elapsed)
