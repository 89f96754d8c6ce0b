"""The roster: when each agent is on duty, by its rota and what differs from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from services.dispatch.domain.people.exceptions import Kind, RotaException
from services.dispatch.domain.people.shifts import Duty, Rota, Shift

#: Local days before and after the day of an instant whose duties may hold it: a shift is shorter than two days, and no
#: zone has ever set its clock by more than one.
NEAR = 2
LONGEST_REST = timedelta(days=7)
#: What may come too close to a duty lies within this of every instant of it.
AROUND = LONGEST_REST + timedelta(days=4)
LONGEST_DUTY = timedelta(days=3)  # counted from the begin of its day, with the hours that a clock change may add
#: For so long a gap between duties that was found stays one without looking again; within the days looked at.
SURELY_FREE = timedelta(hours=12)


class OnRota(Protocol):
    """What of an agent says when it is on duty."""

    @property
    def rota(self) -> str | None:
        """The code of its rota; None: it has none."""

    @property
    def rota_offset(self) -> int:
        """By how many days it is ahead in the pattern."""

    @property
    def exceptions(self) -> tuple[RotaException, ...]:
        """What differs from the rota."""


class _Stretch(NamedTuple):
    """From `since` to before `until` it is this duty, or none."""

    since: datetime
    until: datetime
    duty: Duty | None


@dataclass(frozen=True)
class Roster:
    """Shifts and rotas by code; `rest`: the least time between two duties of an agent.

    An agent whose rota is not declared (any more) has no duties.
    """

    shifts: Mapping[str, Shift] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    rest: timedelta = timedelta(0)
    _last: dict[tuple[str, int], _Stretch] = field(default_factory=dict, init=False, compare=False, repr=False)

    def duties(self, agent: OnRota, since: datetime, until: datetime) -> tuple[Duty, ...]:
        """What it works of the duties that lie in the period or reach into it, in order, each as a whole.

        What a leave takes out of the middle of a duty leaves two of the same `day`.
        """
        leaves = [each for each in agent.exceptions if each.kind is Kind.LEAVE]
        worked = (piece for duty in self.planned(agent, since, until) for piece in without(duty, leaves))
        return tuple(duty for duty in worked if duty.since < until and since < duty.until)

    def duty_at(self, agent: OnRota, at: datetime) -> Duty | None:
        """The duty in which that instant lies."""
        if not self.near(agent.exceptions, at):
            return self._own_at(agent, at)
        return next((duty for duty in self.duties(agent, at, at + timedelta.resolution) if duty.holds(at)), None)

    def near(self, exceptions: tuple[RotaException, ...], at: datetime) -> list[RotaException]:
        """Those that may matter for the duty at that instant, or for the rest before it."""
        if not exceptions:
            return []
        reach = self.rest + LONGEST_DUTY
        return [each for each in exceptions if each.since < at + reach and at < each.until + reach]

    def planned(self, agent: OnRota, since: datetime, until: datetime) -> tuple[Duty, ...]:
        """The same without regard to leave."""
        rota = self.rotas.get(agent.rota or "")
        if rota is None:
            return ()
        off = {rota.ordinal(each.since) for each in agent.exceptions if each.kind is Kind.OFF}
        days = range(rota.ordinal(since) - NEAR, rota.ordinal(until) + NEAR + 1)
        own = (rota.duty_on(day, agent.rota_offset) for day in days if day not in off)
        found = [*(duty for duty in own if duty), *self._extra(agent.exceptions, rota)]
        within = (duty for duty in found if duty.since < until and since < duty.until)
        return tuple(sorted(within, key=lambda duty: (duty.since, duty.until)))

    def _extra(self, exceptions: Iterable[RotaException], rota: Rota) -> Iterator[Duty]:
        """The duties besides; a shift that was declared otherwise since has no breaks that day."""
        for each in exceptions:
            if each.kind is Kind.ON:
                shift, day = self.shifts.get(each.shift or ""), rota.ordinal(each.since)
                as_now = shift.duty(rota.clock, day, extra=True) if shift else None
                if as_now is None or (as_now.since, as_now.until) != (each.since, each.until):
                    as_now = Duty(each.shift or "", each.since, each.until, (), date.fromordinal(day), extra=True)
                yield as_now

    def _own_at(self, agent: OnRota, at: datetime) -> Duty | None:
        """By the rota alone; what was found last is kept, since most are asked about now."""
        key = agent.rota or "", agent.rota_offset
        last = self._last.get(key)
        if last is None or not last.since <= at < last.until:
            last = self._last[key] = self._stretch(*key, at)
        return last.duty

    def _stretch(self, code: str, offset: int, at: datetime) -> _Stretch:
        rota = self.rotas.get(code)
        if rota is None:
            return _Stretch(at, at + SURELY_FREE, None)
        day = rota.ordinal(at)
        near = (rota.duty_on(each, offset) for each in range(day - NEAR, day + NEAR + 1))
        ahead = [duty for duty in near if duty and at < duty.until]
        if ahead and ahead[0].since <= at:
            return _Stretch(ahead[0].since, ahead[0].until, ahead[0])
        return _Stretch(at, min([at + SURELY_FREE, *(duty.since for duty in ahead)]), None)


def without(duty: Duty, leaves: Iterable[RotaException]) -> list[Duty]:
    """What is left of a duty outside the leaves, in order."""
    left = [duty]
    for leave in leaves:
        left = [piece for each in left for piece in _outside(each, leave)]
    return left


def _outside(duty: Duty, leave: RotaException) -> Iterator[Duty]:
    if leave.until <= duty.since or duty.until <= leave.since:
        yield duty
        return
    for since, until in ((duty.since, leave.since), (leave.until, duty.until)):
        if since < until:
            breaks = ((max(begin, since), min(end, until)) for begin, end in duty.breaks)
            kept = tuple((begin, end) for begin, end in breaks if begin < end)
            yield duty._replace(since=since, until=until, breaks=kept)
