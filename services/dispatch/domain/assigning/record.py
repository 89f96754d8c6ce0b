"""The record of a choice: what it was made of, so that it can be made again; no conclusion but who it was.

    {"form": 1, "version": 7, "pull": False, "agent": "it.01", "rule": "best_score",
     "task": {"order_no": "W-100001", "visit": 1, "at": "2026-03-02T09:00:00+00:00", "team": "it"},
     "agents": ["it.01", "it.02"], "same": {"capacity": 10}, "each": {"load": [3, 10]}}

`version` is that of the reference data. What is as usual is left out, of the task and of the candidates; `same` is what
all candidates have in common, `each` has the rest in the order of `agents` (columns.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import Choice, choose
from services.dispatch.domain.assigning.columns import packed, unpacked
from services.dispatch.domain.assigning.task import Task

FORM = 1
_USUAL = {field.name: field.default for field in fields(Task) if field.default is not MISSING}


def record(task: Task, candidates: Sequence[Candidate], choice: Choice, version: int) -> dict[str, Any]:
    """What `choose` was given, and whom it chose; of JSON's types only. The order of the candidates does not matter."""
    agents, same, each = packed(candidates, task.at)
    return {
        "form": FORM,
        "version": version,
        "pull": choice.pull,
        "agent": choice.agent_id,
        "rule": choice.rule.value,
        "task": dict(_of_task(task)),
        "agents": agents,
        "same": same,
        "each": each,
    }


def digest(recorded: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, over the record as JSON without white space, its members in order of name."""
    text = json.dumps(recorded, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def recomputed(recorded: Mapping[str, Any], assignment: Assignment) -> Choice:
    """The choice made again, under the rules of the version that the record names. `ValueError` for an unknown form."""
    return choose(task_of(recorded), candidates_of(recorded), assignment, pull=recorded["pull"])


def task_of(recorded: Mapping[str, Any]) -> Task:
    """The task of a record. `ValueError` for an unknown form."""
    if recorded["form"] != FORM:
        raise ValueError(f"a record of form {recorded['form']}; known is {FORM}")
    told = dict(recorded["task"])
    for name in ("at", "due"):
        if name in told:
            told[name] = datetime.fromisoformat(told[name])
    return Task(**told)


def candidates_of(recorded: Mapping[str, Any]) -> list[Candidate]:
    """The candidates of a record, in the order of their ids."""
    at = datetime.fromisoformat(recorded["task"]["at"])
    return unpacked(recorded["agents"], recorded["same"], recorded["each"], at)


def _of_task(task: Task) -> Iterator[tuple[str, Any]]:
    for name, value in vars(task).items():
        if value != _USUAL.get(name, MISSING):
            yield name, value.isoformat() if isinstance(value, datetime) else value
