"""The figures: shares and a mean over the work orders that were opened in a period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.feedback.domain.reference import FollowUp, Target
from services.feedback.domain.work import Work, counts

#: Addends of the figures: what domain/work.py counts of one order, and a store sums over many.
ADDENDS = tuple(counts(Work(order_no="")))
SCORES = (1, 2, 3, 4, 5)

Sums = Mapping[str, int]


def _answers(sums: Sums, _: int) -> int:
    return sum(sums[f"score_{score}"] for score in SCORES)


#: Figure -> (numerator, denominator), each from (sums, highest dissatisfied score).
#: An order meets its first-response or resolution target if it was answered or resolved and never missed the deadline;
#: it counts as missed from the moment the deadline passes. Orders that are neither do not count yet.
FIGURES: Mapping[str, tuple[Callable[[Sums, int], int], Callable[[Sums, int], int]]] = {
    "satisfaction": (lambda sums, limit: sum(sums[f"score_{s}"] for s in SCORES if s > limit), _answers),
    "mean_score": (lambda sums, _: sum(s * sums[f"score_{s}"] for s in SCORES), _answers),
    "answer_rate": (_answers, lambda sums, _: sums["surveyed"]),
    "first_response": (
        lambda sums, _: sums["response_met"],
        lambda sums, _: sums["response_met"] + sums["response_missed"],
    ),
    "resolution": (
        lambda sums, _: sums["resolution_met"],
        lambda sums, _: sums["resolution_met"] + sums["resolution_missed"],
    ),
    "step": (lambda sums, _: sums["steps_met"], lambda sums, _: sums["steps_met"] + sums["steps_missed"]),
    "reopen_rate": (lambda sums, _: sums["reopened"], lambda sums, _: sums["resolved"]),
}

#: Plain numbers of orders that every group shows beside its figures.
ORDERS = ("opened", "resolved", "reopened", "closed", "withdrawn", "missed_update", "missed_group")


def report(rows: Sequence[Mapping[str, Any]], reference: FollowUp) -> dict[str, Any]:
    """Figures in total, by team and by priority; each row is `{team, priority, <addends>}` summed over its orders."""
    return {
        "satisfied_from": reference.dissatisfied_at_most + 1,
        "total": _group(rows, reference),
        "by_team": _groups(rows, "team", reference),
        "by_priority": _groups(rows, "priority", reference),
    }


def _groups(rows: Sequence[Mapping[str, Any]], by: str, reference: FollowUp) -> dict[str, Any]:
    names = sorted({row[by] for row in rows})
    return {name: _group([row for row in rows if row[by] == name], reference) for name in names}


def _group(rows: Sequence[Mapping[str, Any]], reference: FollowUp) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update({name: row[name] for name in ADDENDS})
    limit = reference.dissatisfied_at_most
    figures = {
        name: _figure(above(sums, limit), below(sums, limit), reference.targets.get(name))
        for name, (above, below) in FIGURES.items()
    }
    return {"orders": {name: sums[name] for name in ORDERS}, **figures}


def _figure(numerator: int, denominator: int, target: Target | None) -> dict[str, Any]:
    """The value (four decimals; None of nothing) with what it was made of, and the promise where there is one."""
    value = round(numerator / denominator, 4) if denominator else None
    return {
        "value": value,
        "numerator": numerator,
        "denominator": denominator,
        "target": target.to_dict() if target else None,
        "met": None if target is None or value is None else target.met_by(numerator / denominator),
    }
