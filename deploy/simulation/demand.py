"""How much work comes to each team in each hour of the week, and how long it takes a seat."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.simulation.setting import Given

WEEK = 168
HOUR = timedelta(hours=1)
MOST = 20000  # that are kept of a team, priority and promise


@dataclass
class TeamDemand:
    """One team's. `arrivals`, `steps` (of the number of busy seats): by whole hours from the first; `left`: priority
    and promise -> how long each of the first pieces of work may wait to keep it, in seconds."""

    arrivals: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    steps: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    left: dict[tuple[str, str], array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    units: int = 0
    jobs: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds for which a seat is taken, on average."""
        return self.seconds / self.jobs if self.jobs else 0.0

    def came(self, hour: float, seconds: float) -> None:
        """Work that came at that time (in hours), as if it had its seat at once: what is offered to the seats.

        That is the load which J. Jennings, A. Mandelbaum, W. Massey and W. Whitt, Server Staffing to Meet Time-Varying
        Demand (Management Science 42, 1996), staff by: handling that is longer than an hour weighs on later ones.
        """
        self._step(hour, 1.0)
        self._step(hour + seconds / 3600, -1.0)

    def _step(self, hour: float, height: float) -> None:
        """The busy seats change by so much then: the rest of that hour is in part so, later ones wholly."""
        whole = int(hour)
        rest = 1 - (hour - whole)
        self.steps[whole] += height * rest
        self.steps[whole + 1] += height * (1 - rest)


@dataclass
class Demand:
    """All teams'; hours are counted from midnight of the first day, in the zone.

    `until`: when the last work order was opened. What is passed on after that belongs to work of which no more comes.
    """

    zone: ZoneInfo
    until: datetime | None = None
    begin: datetime | None = None
    last: int = 0
    teams: dict[str, TeamDemand] = field(default_factory=lambda: defaultdict(TeamDemand))

    def given(self, given: Given) -> None:
        """A piece of work was given to somebody."""
        if self.until is not None and given.since > self.until:
            return
        local = given.since.astimezone(self.zone)
        if self.begin is None:
            self.begin = local.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = (local - self.begin) / HOUR
        if hour < 0:
            return
        own = self.teams[given.team]
        own.arrivals[int(hour)] += 1
        own.came(hour, given.seated)
        own.units += given.units
        own.jobs += 1
        own.seconds += given.seated
        for promise, seconds in given.left.items():
            if len(own.left[given.priority, promise]) < MOST:
                own.left[given.priority, promise].append(seconds)
        self.last = max(self.last, int(hour))

    def hour_of_week(self, hour: int) -> int:
        """0 is Monday, midnight to one."""
        begin = self.begin.weekday() * 24 if self.begin else 0
        return (begin + hour) % WEEK

    def per_hour(self, team: str) -> list[float]:
        """Arrivals in each hour of the week, on average over the weeks of the log."""
        return self._average({hour: float(count) for hour, count in self.teams[team].arrivals.items()})

    def load(self, team: str) -> list[float]:
        """Offered load in each hour of the week, in erlangs."""
        steps = self.teams[team].steps
        busy, loads = 0.0, {}
        for hour in range(self.last + 1):
            busy += steps.get(hour, 0.0)
            loads[hour] = max(0.0, busy)
        return self._average(loads)

    def _average(self, by_hour: dict[int, float]) -> list[float]:
        sums, weeks = [0.0] * WEEK, [0] * WEEK
        for hour in range(self.last + 1):
            place = self.hour_of_week(hour)
            sums[place] += by_hour.get(hour, 0.0)
            weeks[place] += 1
        return [total / count if count else 0.0 for total, count in zip(sums, weeks, strict=True)]
