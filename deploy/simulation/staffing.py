"""How many agents a team needs in each hour of the week for a target: by Erlang C, and checked by a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from deploy.simulation import erlang
from deploy.simulation.course import Course
from deploy.simulation.demand import HOUR, WEEK, Demand, TeamDemand
from deploy.simulation.duty import Duty, Span
from deploy.simulation.engine import Engine, Progress
from deploy.simulation.measure import quantiles
from deploy.simulation.samples import Samples
from deploy.simulation.setting import Given, Setting
from deploy.simulation.target import Target
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.reference import Reference

TWENTIETHS = tuple((place + 0.5) / 20 for place in range(20))
WHATEVER_IT_TAKES = timedelta(days=3650)
MOST_LEVEL = 5
BOUNDLESS = 10**6


@dataclass(frozen=True, kw_only=True)
class Staffing:
    """The answer for one team. By hour of the week: arrivals, offered load in erlangs, seats, agents.

    A seat is one piece of work under way; an agent has `at_once` of them. `predicted` is the share by Erlang C,
    `simulated` that of the check (None: it was not run), over `jobs` pieces of work.
    """

    team: str
    target: Target
    arrivals: Sequence[float]
    load: Sequence[float]
    seats: Sequence[int]
    at_once: float
    handling: float
    predicted: float
    jobs: int
    simulated: float | None = None

    @property
    def agents(self) -> list[int]:
        """Agents in each hour of the week."""
        return [-(-seats * 1000 // round(self.at_once * 1000)) for seats in self.seats]

    @property
    def difference(self) -> float | None:
        """What the simulation gives more."""
        return None if self.simulated is None else self.simulated - self.predicted

    @property
    def reached(self) -> bool | None:
        """Whether the target was kept in the simulation; None: it was not run, or had no such work."""
        return None if self.simulated is None else self.simulated >= self.target.share


def unhurried(base: Setting, demand: Demand) -> Setting:
    """The same people, who have room for everything at any hour: what then comes when is what is asked of the seats."""
    people = [replace(agent, capacity=BOUNDLESS) if agent.capacity > 0 else agent for agent in base.agents]
    return replace(base, name="demand", agents=people, duty_of=lambda _: Duty(), watch=demand.given)


def answer(demand: Demand, team: str, target: Target, agents: Iterable[Agent]) -> Staffing:
    """Seats and agents for each hour of the week, by Erlang C hour by hour. Raises `ValueError` where none suffice."""
    own = demand.teams[team]
    allowed = _allowed(target, own)
    load = demand.load(team)
    seats = [_least(each, own, allowed, target.share) for each in load]
    arrivals = demand.per_hour(team)
    shares = [_share(each, own, allowed, count) for each, count in zip(load, seats, strict=True)]
    whole = sum(arrivals)
    predicted = sum(share * weight for share, weight in zip(shares, arrivals, strict=True)) / whole if whole else 1.0
    return Staffing(
        team=team,
        target=target,
        arrivals=arrivals,
        load=load,
        seats=seats,
        at_once=_at_once(own, team, agents),
        handling=own.mean,
        predicted=predicted,
        jobs=own.jobs,
    )


def _allowed(target: Target, own: TeamDemand) -> Sequence[float]:
    """How long work may wait, in seconds: as the target says, or what its promise leaves, at twenty points of that.

    A promise is counted in the open time of its calendar; so is the wait then.
    """
    if target.seconds is not None:
        return [target.seconds]
    left = own.left.get((str(target.priority), target.promise))
    if not left:
        raise ValueError(f"no {target.promise} was promised to any work of {target.priority}")
    return quantiles(left, TWENTIETHS) or ()


def _share(load: float, own: TeamDemand, allowed: Sequence[float], seats: int) -> float:
    return sum(erlang.within(load, own.mean, seconds, seats) for seconds in allowed) / len(allowed)


def _least(load: float, own: TeamDemand, allowed: Sequence[float], target: float) -> int:
    if load <= 0:
        return 0
    best = sum(seconds >= 0 for seconds in allowed) / len(allowed)
    if best < target:
        raise ValueError(f"only {best:.0%} could be done in time if nothing ever waited: handling takes too long")
    return erlang.least(lambda seats: _share(load, own, allowed, seats), target, load)


def _at_once(own: TeamDemand, team: str, agents: Iterable[Agent]) -> float:
    """Pieces of work that an agent of the team has at once: its capacity over what one takes."""
    capacities = [agent.capacity for agent in agents if team in agent.teams and agent.capacity > 0]
    units = own.units / own.jobs if own.jobs else 1.0
    return max(1.0, median(capacities) / units) if capacities else 1.0


# the check


@dataclass
class _Waited:
    """How many of the team's pieces of work were as the target has it."""

    team: str
    target: Target
    until: datetime | None
    jobs: int = 0
    good: int = 0

    def given(self, given: Given) -> None:
        """As `Demand.given`."""
        if given.team != self.team or self.target.priority not in (None, given.priority):
            return
        if self.until is not None and given.since > self.until:
            return
        seconds = self.target.seconds
        limit = given.left.get(self.target.promise) if seconds is None else seconds
        if limit is not None:
            self.jobs += 1
            self.good += given.waited <= limit


def checked(
    found: Staffing, demand: Demand, courses: Iterable[Course], base: Setting, samples: Samples, progress: Progress
) -> Staffing:
    """The same with what a simulation gives: the team with just these seats in each hour, all others as they are."""
    reference = replace(base.reference, assignment=replace(base.reference.assignment, units=()))
    others = [_without(agent, found.team) for agent in base.agents]
    seats = {agent.agent_id: number for number, agent in enumerate(_seats(found, reference), start=1)}
    people = [*(agent for agent in others if agent.teams), *_seats(found, reference)]

    def duty_of(agent: Agent) -> Duty:
        number = seats.get(agent.agent_id)
        return base.duty_of(agent) if number is None else Duty(_hours(found.seats, number, demand), WHATEVER_IT_TAKES)

    seen = _Waited(found.team, found.target, demand.until)
    setting = Setting(name="check", reference=reference, agents=people, duty_of=duty_of, watch=seen.given)
    Engine(courses, setting, samples).run(progress)
    return replace(found, simulated=seen.good / seen.jobs if seen.jobs else None, jobs=seen.jobs)


def _without(agent: Agent, team: str) -> Agent:
    return replace(agent, teams=tuple(one for one in agent.teams if one != team))


def _seats(found: Staffing, reference: Reference) -> list[Agent]:
    """One agent for each seat, who takes one piece of work at a time and can do everything."""
    skills = dict.fromkeys(reference.skills, MOST_LEVEL)
    return [
        Agent(agent_id=f"seat.{number:04d}", teams=(found.team,), capacity=1, role="expert", skills=skills)
        for number in range(1, max(found.seats, default=0) + 1)
    ]


def _hours(seats: Sequence[int], number: int, demand: Demand) -> list[Span]:
    """The hours in which that seat is taken: those that need so many; hours that follow on each other are one duty."""
    begin = demand.begin
    assert begin is not None  # noqa: S101 - there was work
    spans: list[Span] = []
    since: int | None = None
    for hour in range(demand.last + 2 * WEEK):
        needed = seats[demand.hour_of_week(hour)] >= number
        if needed and since is None:
            since = hour
        elif not needed and since is not None:
            spans.append(_span(begin, since, hour))
            since = None
    return [*spans, _span(begin, since, demand.last + 2 * WEEK)] if since is not None else spans


def _span(begin: datetime, since: int, until: int) -> Span:
    first, last = begin + since * HOUR, begin + until * HOUR
    return Span(first, last, first, last)
