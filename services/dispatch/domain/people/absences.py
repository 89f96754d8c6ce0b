"""What makes an agent's roster differ from its rota: leave, extra duties, swapped shifts. Each keeps the work rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.dispatch.domain.people.agent import Agent, AgentDecision
from services.dispatch.domain.people.exceptions import Kind, RotaException
from services.dispatch.domain.people.rest import require_fit
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shifts import Duty, Rota
from services.dispatch.errors import DutyHasBegun, LeaveIsOver, NoRota, OnLeave, TooManyExceptions
from shared.errors import NotFound, ValidationError
from shared.events import Fact

KEPT = timedelta(days=400)  # exceptions that ended before are in the history only
MOST = 500


def record_leave(agent: Agent, at: datetime, *, since: datetime, until: datetime, reason: str) -> AgentDecision:
    """It is not there in that period, whatever its rota says. Raises OnLeave (it is already), TooManyExceptions."""
    _require_no_leave(agent, since, until)
    leave = RotaException(id=_id(agent, Kind.LEAVE), kind=Kind.LEAVE, since=since, until=until, reason=reason)
    told = {"leave": leave.id, "since": since, "until": until, "reason": reason}
    return _with(agent, at, (*agent.exceptions, leave)), [Fact("leave_recorded", at, told)]


def cancel_leave(agent: Agent, at: datetime, roster: Roster, *, leave_id: str, reason: str) -> AgentDecision:
    """The leave does not take place; one that is under way ends now.

    Raises NotFound, LeaveIsOver; TwoDuties or TooLittleRest if other duties were taken on meanwhile.
    """
    leave = _leave(agent, leave_id)
    if leave.until <= at:
        raise LeaveIsOver(agent.agent_id, leave_id)
    others = [each for each in agent.exceptions if each.id != leave_id]
    left = [replace(leave, until=at)] if leave.since < at else []
    back = _with(agent, at, (*others, *left))
    require_fit(agent, back, roster, leave.since, leave.until)
    told = {"leave": leave_id, "since": leave.since, "until": leave.until, "reason": reason}
    return back, [Fact("leave_cancelled", at, told)]


def add_duty(agent: Agent, at: datetime, roster: Roster, *, day: date, shift: str, reason: str) -> AgentDecision:
    """It works that shift on that day besides what its rota says.

    Raises NotFound (shift), NoRota, ValidationError (no such hours that day), DutyHasBegun (it is over), OnLeave,
    TwoDuties, TooLittleRest, TooManyExceptions.
    """
    if shift not in roster.shifts:
        raise NotFound("shift", shift)
    duty = roster.shifts[shift].duty(_rota(agent, roster).clock, day.toordinal(), extra=True)
    if duty is None:
        raise ValidationError({"date": [f"the clock change leaves nothing of {shift!r} on {day}"]})
    if duty.until <= at:
        raise DutyHasBegun(agent.agent_id, shift, str(day))
    _require_no_leave(agent, duty.since, duty.until)
    added = _on(agent, duty, reason)
    more = _with(agent, at, (*agent.exceptions, added))
    require_fit(agent, more, roster, duty.since, duty.until)
    return more, [Fact("duty_added", at, {"duty": added.id, **_told(duty), "reason": reason})]


def cancel_duty(agent: Agent, at: datetime, *, duty_id: str, reason: str) -> AgentDecision:
    """It does not work an extra duty; one that is under way ends now.

    Raises NotFound, also for a duty that it has got by a swap: that is swapped back. DutyHasBegun: it is over.
    """
    duty = _extra(agent, duty_id)
    if duty.until <= at:
        raise DutyHasBegun(agent.agent_id, str(duty.shift), str(duty.since.date()))
    others = [each for each in agent.exceptions if each.id != duty_id]
    left = [replace(duty, until=at)] if duty.since < at else []
    told = {"duty": duty_id, "shift": duty.shift, "since": duty.since, "until": duty.until, "reason": reason}
    return _with(agent, at, (*others, *left)), [Fact("duty_cancelled", at, told)]


def swap_shifts(
    one: tuple[Agent, date], other: tuple[Agent, date], at: datetime, roster: Roster, *, reason: str
) -> tuple[AgentDecision, AgentDecision]:
    """Each of the two works the duty that the other one has on the day named with it, instead of its own.

    Raises NotFound (no duty that day, or two), NoRota, DutyHasBegun, OnLeave, TwoDuties, TooLittleRest,
    TooManyExceptions.
    """
    (mine, day), (its, other_day) = one, other
    gives, takes = _duty(mine, at, roster, day), _duty(its, at, roster, other_day)
    return (
        _swap(mine, at, roster, gives, takes, {"with": its.agent_id, "reason": reason}),
        _swap(its, at, roster, takes, gives, {"with": mine.agent_id, "reason": reason}),
    )


def _duty(agent: Agent, at: datetime, roster: Roster, day: date) -> Duty:
    """The one duty that it has on that local day, still to come."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=_rota(agent, roster).clock)
    near = roster.planned(agent, noon - timedelta(days=2), noon + timedelta(days=2))
    found = [duty for duty in near if duty.day == day]
    if len(found) != 1:
        raise NotFound(f"single duty of {agent.agent_id!r} on", str(day))
    if found[0].since <= at:
        raise DutyHasBegun(agent.agent_id, found[0].shift, str(day))
    _require_no_leave(agent, found[0].since, found[0].until)
    return found[0]


def _swap(
    agent: Agent, at: datetime, roster: Roster, gives: Duty, takes: Duty, why: Mapping[str, str]
) -> AgentDecision:
    _require_no_leave(agent, takes.since, takes.until)
    swapped = _with(agent, at, tuple(_swapped(agent, roster, gives, takes, why["reason"])))
    require_fit(agent, swapped, roster, min(gives.since, takes.since), max(gives.until, takes.until))
    told = {"with": why["with"], "gave": _told(gives), "got": _told(takes), "reason": why["reason"]}
    return swapped, [Fact("shifts_swapped", at, told)]


def _swapped(agent: Agent, roster: Roster, gives: Duty, takes: Duty, reason: str) -> list[RotaException]:
    """An extra duty given away is none any more, and a duty of its own that comes back no longer falls out."""
    gone = (gives.since, gives.until) if gives.extra else None
    kept = [each for each in agent.exceptions if each.kind is not Kind.ON or (each.since, each.until) != gone]
    if not gives.extra:
        off = RotaException(id=_id(agent, Kind.OFF), kind=Kind.OFF, since=gives.since, until=gives.until, reason=reason)
        kept.append(off)
    rota = _rota(agent, roster)
    own = rota.duty_on(rota.ordinal(takes.since), agent.rota_offset)
    back = [each for each in kept if each.kind is Kind.OFF and rota.ordinal(each.since) == rota.ordinal(takes.since)]
    if back and own is not None and own[:3] == takes[:3]:
        return [each for each in kept if each not in back]
    return [*kept, _on(agent, takes, reason)]


def _on(agent: Agent, duty: Duty, reason: str) -> RotaException:
    return RotaException(
        id=_id(agent, Kind.ON), kind=Kind.ON, since=duty.since, until=duty.until, shift=duty.shift, reason=reason
    )


def _id(agent: Agent, kind: Kind) -> str:
    """Its name with the agent: one command makes one of each kind at most."""
    return f"{kind.value}-{agent.version + 1}"


def _with(agent: Agent, at: datetime, exceptions: tuple[RotaException, ...]) -> Agent:
    kept = tuple(each for each in exceptions if at - KEPT < each.until)
    if len(kept) > MOST:
        raise TooManyExceptions(agent.agent_id, MOST)
    return replace(agent, exceptions=kept)


def _leave(agent: Agent, leave_id: str) -> RotaException:
    for each in agent.exceptions:
        if each.id == leave_id and each.kind is Kind.LEAVE:
            return each
    raise NotFound("leave", leave_id)


def _extra(agent: Agent, duty_id: str) -> RotaException:
    """A swap gives one duty away and takes another on, under the same number."""
    by_id = {each.id: each for each in agent.exceptions}
    found = by_id.get(duty_id)
    given_for_it = f"{Kind.OFF.value}-{duty_id.partition('-')[2]}"
    if found is None or found.kind is not Kind.ON or given_for_it in by_id:
        raise NotFound("extra duty", duty_id)
    return found


def _require_no_leave(agent: Agent, since: datetime, until: datetime) -> None:
    for each in agent.exceptions:
        if each.kind is Kind.LEAVE and each.since < until and since < each.until:
            raise OnLeave(agent.agent_id, each.id, each.since, each.until)


def _rota(agent: Agent, roster: Roster) -> Rota:
    if agent.rota is None or agent.rota not in roster.rotas:
        raise NoRota(agent.agent_id)
    return roster.rotas[agent.rota]


def _told(duty: Duty) -> Mapping[str, Any]:
    return {"shift": duty.shift, "since": duty.since, "until": duty.until}
