"""Reading shifts, rotas and the work rule: values from a body, and everything in it that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from services.dispatch.domain.people.roster import LONGEST_REST, Roster
from services.dispatch.domain.people.shifts import Rota, Shift
from services.dispatch.domain.reference.faults import Faults
from services.dispatch.domain.reference.organisation import AgentEntry
from shared.business_time.instants import FIRST_YEAR, LAST_YEAR
from shared.business_time.spans import DAY, Span, duration, overlap, parse_span
from shared.business_time.zones import zone_named

REST_DAY = "rest"  # in a pattern; no shift can be called so
MINUTE = timedelta(minutes=1)


def read_roster(body: Mapping[str, Any], faults: Faults) -> Roster:
    """`shifts`, `rotas` and `work_rule` of reference data, but for those that are refused."""
    rest = _rest(body, faults)
    declared = body.get("shifts") or {}
    read = {code: _shift(code, shift, faults) for code, shift in declared.items()}
    shifts = {code: shift for code, shift in read.items() if shift}
    rotas = {code: _rota(code, rota, declared, shifts, faults) for code, rota in (body.get("rotas") or {}).items()}
    for rota in rotas.values():
        if rota:
            _require_rest(rota, rest, faults)
    return Roster(shifts=shifts, rotas={code: rota for code, rota in rotas.items() if rota}, rest=rest)


def read_expiry(body: Mapping[str, Any], faults: Faults) -> timedelta | None:
    """`presence.expires_after`; None: never."""
    text = (body.get("presence") or {}).get("expires_after")
    expires = _time("presence.expires_after", text, faults) if text is not None else None
    if expires is not None and not MINUTE / 60 <= expires <= LONGEST_REST:
        faults.add("presence.expires_after", "is not between a second and a week")
    return expires


def require_rotas(agents: Mapping[str, AgentEntry], body: Mapping[str, Any], roster: Roster, faults: Faults) -> None:
    """That the agents' rotas are declared, and their offsets within the pattern."""
    for agent in agents.values():
        faults.require_known(f"agents.{agent.agent_id}.rota", "rota", agent.rota, body.get("rotas") or {})
        wrong = unfit_offset(agent, roster)
        if wrong:
            faults.add(f"agents.{agent.agent_id}.rota_offset", wrong)


def unfit_offset(agent: AgentEntry, roster: Roster) -> str | None:
    """What is wrong with the days by which the agent is ahead in its rota; of an unknown rota nothing can be said."""
    if agent.rota is None:
        return "is for agents with a rota" if agent.rota_offset else None
    rota = roster.rotas.get(agent.rota)
    if rota is None or agent.rota_offset < len(rota.pattern):
        return None
    return f"is beyond the pattern of {agent.rota}, which has {len(rota.pattern)} days"


def _rest(body: Mapping[str, Any], faults: Faults) -> timedelta:
    """The least time between two duties; where it is refused, none, so that no rota is refused for it."""
    rest = _time("work_rule.rest", (body.get("work_rule") or {}).get("rest", "0s"), faults)
    if rest is not None and rest > LONGEST_REST:
        faults.add("work_rule.rest", "is more than a week")
        rest = None
    return rest or timedelta(0)


def _time(path: str, text: str, faults: Faults) -> timedelta | None:
    try:
        return duration(text)
    except ValueError as fault:
        faults.add(path, str(fault))
        return None


def _shift(code: str, body: Mapping[str, Any], faults: Faults) -> Shift | None:
    path = f"shifts.{code}"
    if code == REST_DAY:
        faults.add(path, "no shift can have this code: in a pattern it is a day without one")
    try:
        start, end = parse_span(f"{body['from']}-{body['to']}")
    except ValueError as fault:
        faults.add(path, str(fault))
        return None
    return Shift(code, body["name"], start, end, tuple(sorted(_breaks(path, body, (start, end), faults))))


def _breaks(path: str, body: Mapping[str, Any], shift: Span, faults: Faults) -> Iterator[Span]:
    """A break after midnight of a shift that began before it is of the next day."""
    found: list[Span] = []
    for number, text in enumerate(body.get("breaks") or ()):
        here = f"{path}.breaks.{number}"
        try:
            span = parse_span(text)
        except ValueError as fault:
            faults.add(here, str(fault))
            continue
        start, end = span if span[0] >= shift[0] else (span[0] + DAY, span[1] + DAY)
        if end > shift[1]:
            faults.add(here, f"{text} is not within the shift")
        elif overlap(tuple(sorted([*found, (start, end)]))):
            faults.add(here, f"{text} overlaps another break")
        else:
            found.append((start, end))
    if sum(end - start for start, end in found) == shift[1] - shift[0]:
        faults.add(f"{path}.breaks", "leave nothing of the shift")
    yield from found


def _rota(
    code: str, body: Mapping[str, Any], declared: Mapping[str, Any], shifts: Mapping[str, Shift], faults: Faults
) -> Rota | None:
    path, pattern = f"rotas.{code}", list(body["pattern"])
    for number, shift in enumerate(pattern):
        faults.require_known(f"{path}.pattern.{number}", "shift", shift, [*declared, REST_DAY])
    if pattern and all(shift == REST_DAY for shift in pattern):
        faults.add(f"{path}.pattern", "is rest days only: nobody would ever be on duty")
    starts_on = _day(f"{path}.starts_on", body["starts_on"], faults)
    known_zone = _is_zone(f"{path}.zone", body["zone"], faults)
    if starts_on is None or not known_zone or not {*pattern} <= {*shifts, REST_DAY}:
        return None
    return Rota(code, body["name"], body["zone"], starts_on, tuple(shifts.get(shift) for shift in pattern))


def _day(path: str, text: str, faults: Faults) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if FIRST_YEAR <= day.year <= LAST_YEAR and day.isoformat() == text:
        return day
    faults.add(path, f"{text!r} is not a day such as 2026-01-05, from {FIRST_YEAR} to {LAST_YEAR}")
    return None


def _is_zone(path: str, name: str, faults: Faults) -> bool:
    try:
        zone_named(name)
    except ValueError as fault:
        faults.add(path, str(fault))
        return False
    return True


def _require_rest(rota: Rota, rest: timedelta, faults: Faults) -> None:
    """Between every two duties that follow each other, also the last and the first; as the clock on the wall counts."""
    worked = [(number, shift) for number, shift in enumerate(rota.pattern) if shift]
    again = [(number + len(rota.pattern), shift) for number, shift in worked[:1]]
    for (day, shift), (next_day, following) in zip(worked, [*worked[1:], *again], strict=True):
        free = ((next_day - day) * DAY + following.start - shift.end) * MINUTE
        path = f"rotas.{rota.code}.pattern.{next_day % len(rota.pattern)}"
        if free < timedelta(0):
            faults.add(path, f"{following.code} begins before {shift.code} of day {day} has ended")
        elif free < rest:
            faults.add(
                path, f"{following.code} begins {free} after {shift.code} of day {day}; the work rule asks for {rest}"
            )
