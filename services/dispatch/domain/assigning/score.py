"""What speaks for a candidate: parts from 0 to 1, and the score, their weighted mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from services.dispatch.domain.assigning.assignment import PARTS, Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.task import Task

DIGITS = 9  # of a score: the same on every machine, and in a record
RESTED = timedelta(hours=8)  # without new work: as idle as can be
REGULAR, VERSED = 3, 20  # completed for the customer, in the category: as good as can be known


def parts_of(task: Task, who: Candidate, most_units: int) -> tuple[float, ...]:
    """Each part, in the order of PARTS. `most_units`: the largest `shift_units` of all who are eligible."""
    return (
        _deadline_slack(task, who),
        max(0.0, 1 - who.load / who.capacity) if who.capacity else 0.0,
        _idle(task, who),
        min(1.0, who.knows_customer / REGULAR),
        min(1.0, who.knows_matter / VERSED),
        1.0 if task.skill is None else 1 / (1 + max(0, who.level - task.level)),
        1 - who.shift_units / most_units if most_units else 1.0,
    )


def scoring(assignment: Assignment) -> Callable[[Sequence[float]], float]:
    """What makes a score of parts: sum of weight * part, over the sum of the weights."""
    weights = [(number, assignment.weights[part]) for number, part in enumerate(PARTS) if assignment.weights[part]]
    total = sum(weight for _, weight in weights)

    def score(parts: Sequence[float]) -> float:
        return round(sum([weight * parts[number] for number, weight in weights]) / total, DIGITS)

    return score


def _deadline_slack(task: Task, who: Candidate) -> float:
    """The share of the time until it is due that the agent is still on duty; 1 where one of the two has no end."""
    if task.due is None or who.duty_until is None or task.due <= task.at:
        return 1.0
    return max(0.0, min(1.0, (who.duty_until - task.at) / (task.due - task.at)))


def _idle(task: Task, who: Candidate) -> float:
    if who.last_assigned_at is None:
        return 1.0
    return max(0.0, min(1.0, (task.at - who.last_assigned_at) / RESTED))
