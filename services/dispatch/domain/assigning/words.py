"""Why a limit excludes a candidate, in words with the figures that it was found by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.reference.organisation import SERVES


def why(limit: str, task: Task, who: Candidate) -> str:
    """What stands behind the limit's name: `load 10 + 4 units > 10`."""
    return _WORDS[limit](task, who)


def asked_for(task: Task) -> str:
    """Whom the step asks for: `it, expert, network 4`."""
    if task.named is not None:
        return f"{task.team}, {task.named}"
    skill = f"{task.skill} {task.level}" if task.skill is not None else None
    return ", ".join(word for word in (task.team, task.role, skill) if word is not None)


def _serves(task: Task, who: Candidate) -> str:
    return f"not whom the step asks for: {asked_for(task)}"


def _level(task: Task, who: Candidate) -> str:
    return f"{task.skill} {who.level} < {task.level}"


def _role(task: Task, who: Candidate) -> str:
    if task.role is not None and task.role not in SERVES.get(who.role, ()):
        return f"{who.role}, asked for is {task.role}"
    return f"{who.role}: roles.{who.role}.may does not hold"


def _language(task: Task, who: Candidate) -> str:
    return f"speaks {', '.join(who.languages)}, not {task.language}"


def _channel(task: Task, who: Candidate) -> str:
    return f"takes {', '.join(who.channels)}, not {task.channel}"


def _status(task: Task, who: Candidate) -> str:
    return who.status.replace("_", " ")


def _handed_over(task: Task, who: Candidate) -> str:
    return f"to {who.handed_over_to}"


def _kind(task: Task, who: Candidate) -> str:
    return f"has {who.kind_open} of type {task.type}, at most {who.kind_limit} at once"


def _capacity(task: Task, who: Candidate) -> str:
    return f"load {who.load} + {task.units} {'unit' if task.units == 1 else 'units'} > {who.capacity}"


_WORDS: Mapping[str, Callable[[Task, Candidate], str]] = {
    "serves": _serves,
    "level": _level,
    "role": _role,
    "language": _language,
    "channel": _channel,
    "shift": _status,
    "presence": _status,
    "handed_over": _handed_over,
    "subject": lambda task, who: "the work is about this agent",
    "declined": lambda task, who: "has declined this work",
    "kind": _kind,
    "capacity": _capacity,
}
