"""What was done to one work order, act by act, and the course that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from deploy.simulation.course import Course, Pause, Stint

#: Seconds of duty that an agent has between two instants.
OnDuty = Callable[[str, datetime, datetime], float]


class Kind(StrEnum):
    """What people and customers do; the rest follows."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    RESPONDED = "responded"
    HELD = "held"
    RESUMED = "resumed"
    PRIORITISED = "prioritised"
    LEFT = "left"  # the agent has it no more, and it is not done: to another team, or (no word) to whoever goes on
    DONE = "done"  # the step is done
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Act:
    """One of them.

    `step` is the step's code, `visit` tells several openings of it apart; `word`: the agent of an assignment, the team
    of what left, the reason of a hold, a priority.
    """

    at: datetime
    kind: Kind
    step: str = ""
    visit: int = 0
    word: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


class _Open:
    """A stint under way: what was counted up to `since`, its holds left out."""

    __slots__ = ("accepted", "agent", "counted", "pauses", "responses", "since", "step")

    def __init__(self, act: Act) -> None:
        self.step, self.agent, self.since = act.step, str(act.word), act.at
        self.counted = 0.0
        self.accepted: float | None = None
        self.responses: list[float] = []
        self.pauses: list[Pause] = []


class _Telling:
    """Walks through the acts of one work order."""

    def __init__(self, on_duty: OnDuty) -> None:
        self._on_duty = on_duty
        self._open: dict[int, _Open] = {}
        self._left: dict[int, _Open] = {}
        self._held: tuple[datetime, str] | None = None
        self.stints: dict[str, list[Stint]] = {}
        self.routed: list[Act] = []

    def take(self, act: Act) -> None:
        """One act; those that are about the whole work are for `course_of`."""
        if act.kind is Kind.ASSIGNED:
            self._assigned(act)
        elif act.kind is Kind.HELD:
            self._count(act.at)
            self._held = act.at, str(act.word)
        elif act.kind is Kind.RESUMED:
            self._resume(act.at)
        elif act.kind in (Kind.LEFT, Kind.DONE):
            self._end(act)
        elif act.kind in (Kind.RESOLVED, Kind.WITHDRAWN):
            self._resume(act.at)
            for visit in list(self._open):
                self._end(Act(act.at, Kind.DONE, visit=visit))
        else:
            self._count(act.at)
            self._mark(act)

    def _assigned(self, act: Act) -> None:
        """Somebody has it; what another one had begun and left goes on."""
        begun = self._left.pop(act.visit, None)
        stint = self._open[act.visit] = begun or _Open(act)
        stint.agent, stint.since = str(act.word), act.at

    def _mark(self, act: Act) -> None:
        if act.kind is Kind.ACCEPTED and (stint := self._open.get(act.visit)):
            stint.accepted = stint.counted
        if act.kind is Kind.RESPONDED and self._open:
            stint = next(iter(self._open.values()))
            stint.responses.append(stint.counted)

    def _count(self, at: datetime) -> None:
        """The handling of what is open up to `at`; nothing is handled while the work is held."""
        for stint in self._open.values():
            if self._held is None:
                stint.counted += self._on_duty(stint.agent, stint.since, at)
            stint.since = at

    def _resume(self, at: datetime) -> None:
        self._count(at)
        if self._held is None:
            return
        since, reason = self._held
        self._held = None
        if self._open:
            stint = next(iter(self._open.values()))
            stint.pauses.append(Pause(stint.counted, reason, (at - since).total_seconds()))

    def _end(self, act: Act) -> None:
        self._count(act.at)
        if (own := self._open.pop(act.visit, None)) is None:
            if act.kind is Kind.LEFT and act.word is not None:
                self.routed.append(act)
            return
        if act.kind is Kind.LEFT and act.word is None:
            self._left[act.visit] = own
            return
        if self._held is not None:  # it left while it was held: the rest of the hold is the next one's
            own.pauses.append(Pause(own.counted, self._held[1], (act.at - self._held[0]).total_seconds()))
            self._held = act.at, self._held[1]
        self.stints.setdefault(own.step, []).append(
            Stint(
                seconds=own.counted,
                agent=own.agent,
                accepted=own.accepted,
                responses=tuple(own.responses),
                pauses=tuple(own.pauses),
                to_team=act.word if act.kind is Kind.LEFT else None,
                fields=act.fields,
            )
        )


def course_of(ticket: Mapping[str, Any], opened_at: datetime, acts: Sequence[Act], on_duty: OnDuty) -> Course:
    """The course of the work that these acts, in order, made; handling that nobody finished is left out."""
    telling = _Telling(on_duty)
    for act in acts:
        telling.take(act)
    reopened, closed = _rounds(acts)
    return Course(
        ticket=ticket,
        opened_at=opened_at,
        stints={step: tuple(stints) for step, stints in telling.stints.items()},
        priorities=tuple((_since(opened_at, act), str(act.word)) for act in acts if act.kind is Kind.PRIORITISED),
        routed=tuple((_since(opened_at, act), str(act.word)) for act in telling.routed),
        reopened=reopened,
        closed=closed,
        withdrawn=next((_since(opened_at, act) for act in acts if act.kind is Kind.WITHDRAWN), None),
        counted=is_over(acts),
    )


def is_over(acts: Iterable[Act]) -> bool:
    """Whether these acts tell of an end: resolved and not reopened, closed, or withdrawn."""
    ends = (Kind.RESOLVED, Kind.CLOSED, Kind.WITHDRAWN, Kind.REOPENED)
    last = None
    for act in acts:
        last = act.kind if act.kind in ends else last
    return last not in (None, Kind.REOPENED)


def _rounds(acts: Iterable[Act]) -> tuple[tuple[float, ...], float | None]:
    """Seconds after each resolution to the reopening that followed on it; after the last one to the closing."""
    resolved: datetime | None = None
    reopened: list[float] = []
    closed = None
    for act in acts:
        if act.kind is Kind.RESOLVED:
            resolved = act.at
        elif act.kind is Kind.REOPENED and resolved:
            reopened.append(_since(resolved, act))
        elif act.kind is Kind.CLOSED and resolved:
            closed = _since(resolved, act)
    return tuple(reopened), closed


def _since(start: datetime, act: Act) -> float:
    return (act.at - start).total_seconds()


def always(agent: str, since: datetime, until: datetime) -> float:
    """Of agents without a rota: they are always on duty."""
    return (until - since).total_seconds()
