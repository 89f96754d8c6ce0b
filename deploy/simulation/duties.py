"""The duties of agents in a simulation: by their rota, or by when they were there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.simulation.duty import FINISH, Duty, Span
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.exceptions import Kind
from services.dispatch.domain.people.roster import Roster, without
from services.dispatch.domain.people.shifts import Duty as Shift

#: Rotas are known for so long after the last work order was opened.
AFTER = timedelta(days=60)

Windows = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, kw_only=True)
class Duties:
    """Who has a rota works by that; who has none, when it said that it was there, or always where nothing is known."""

    roster: Roster
    since: datetime
    until: datetime
    presence: Mapping[str, Windows] = field(default_factory=dict)
    finish: timedelta = FINISH

    def of(self, agent: Agent) -> Duty:
        """The duty of that agent."""
        if agent.rota is not None:
            shifts = self.roster.duties(agent, self.since - timedelta(days=1), self.until + AFTER)
            return Duty([span for shift in shifts for span in _spans(shift)], self.finish)
        windows = self.presence.get(agent.agent_id)
        if windows is None:
            return Duty(None, self.finish)
        return Duty([Span(*window, *window) for window in _there(agent, windows)], self.finish)


def _spans(shift: Shift) -> Iterator[Span]:
    """The duty without its breaks."""
    since = shift.since
    for begin, end in shift.breaks:
        if since < begin:
            yield Span(since, begin, shift.since, shift.until)
        since = max(since, end)
    if since < shift.until:
        yield Span(since, shift.until, shift.since, shift.until)


def _there(agent: Agent, windows: Windows) -> Iterator[tuple[datetime, datetime]]:
    leaves = [each for each in agent.exceptions if each.kind is Kind.LEAVE]
    for since, until in windows:
        whole = Shift("", since, until, (), since.date())
        yield from ((piece.since, piece.until) for piece in without(whole, leaves))
