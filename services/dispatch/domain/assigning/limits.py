"""Hard limits: who cannot have the work, whatever else speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.candidate import NOT_PRESENT, OFF_DUTY, Candidate
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.reference.organisation import ROLES, SERVES

SUBJECT = "subject"  # the one limit that no override lifts


@dataclass(frozen=True)
class Asked:
    """The task, who may do it by role, and whether the agent itself asks for work (`pull`)."""

    task: Task
    roles: frozenset[str]
    pull: bool

    @classmethod
    def of(cls, task: Task, assignment: Assignment, pull: bool) -> Asked:
        """Conditions on roles are evaluated here, once, and not for each candidate."""
        matter = task.matter
        able = (role for role in ROLES if task.role is None or task.role in SERVES[role])
        return cls(task, frozenset(role for role in able if assignment.role_may(role, matter)), pull)


def excluded_by(asked: Asked, who: Candidate) -> tuple[str, ...]:
    """The names of all limits that exclude the candidate, in the order of LIMITS."""
    return tuple([name for name, excludes in _LIMITS if excludes(asked, who)])


def _serves(asked: Asked, who: Candidate) -> bool:
    return not who.serves


def _level(asked: Asked, who: Candidate) -> bool:
    return asked.task.skill is not None and who.level < asked.task.level


def _role(asked: Asked, who: Candidate) -> bool:
    return who.role not in asked.roles


def _language(asked: Asked, who: Candidate) -> bool:
    language = asked.task.language
    return bool(language and who.languages) and not speaks(who.languages, language)


def _channel(asked: Asked, who: Candidate) -> bool:
    channel = asked.task.channel
    return bool(channel and who.channels) and channel not in who.channels


def _shift(asked: Asked, who: Candidate) -> bool:
    return who.status in OFF_DUTY


def _presence(asked: Asked, who: Candidate) -> bool:
    return who.status in NOT_PRESENT and not (asked.pull and who.status == "busy")


def _handed_over(asked: Asked, who: Candidate) -> bool:
    return who.handed_over_to is not None


def _subject(asked: Asked, who: Candidate) -> bool:
    return who.subject


def _declined(asked: Asked, who: Candidate) -> bool:
    return who.declined


def _kind(asked: Asked, who: Candidate) -> bool:
    return who.kind_limit is not None and who.kind_open >= who.kind_limit


def _capacity(asked: Asked, who: Candidate) -> bool:
    """Who has nothing may take one piece of work, however much it weighs: else nobody could ever do it."""
    return who.load + asked.task.units > who.capacity and not (who.load == 0 and who.capacity > 0)


_LIMITS: tuple[tuple[str, Callable[[Asked, Candidate], bool]], ...] = (
    ("serves", _serves),
    ("level", _level),
    ("role", _role),
    ("language", _language),
    ("channel", _channel),
    ("shift", _shift),
    ("presence", _presence),
    ("handed_over", _handed_over),
    (SUBJECT, _subject),
    ("declined", _declined),
    ("kind", _kind),
    ("capacity", _capacity),
)

LIMITS = tuple(name for name, _ in _LIMITS)
"""The names of all limits, in their order."""


@lru_cache(maxsize=4096)
def speaks(languages: tuple[str, ...], language: str) -> bool:
    """Whether one of the languages will do: the same, or without a region on one of the sides (`zh` and `zh-CN`)."""
    main, _, region = language.partition("-")
    return any(
        one == language or (one.partition("-")[0] == main and not (region and one.partition("-")[2]))
        for one in languages
    )
