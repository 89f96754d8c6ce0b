"""Shifts, rotas and agents on them, as tests need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.dispatch.domain import Agent
from services.dispatch.domain.people.exceptions import Kind, RotaException
from services.dispatch.domain.people.reading import read_roster
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.reference.faults import Faults
from tests.unit.dispatch.builders import an_agent

SHIFTS = {
    "early": {"name": "Early", "from": "06:00", "to": "14:00", "breaks": ["10:00-10:30"]},
    "late": {"name": "Late", "from": "14:00", "to": "22:00"},
    "night": {"name": "Night", "from": "22:00", "to": "06:00", "breaks": ["02:00-02:30"]},
}
EIGHT_DAYS = ["early", "early", "late", "late", "night", "night", "rest", "rest"]


def a_rota(pattern: Sequence[str] = EIGHT_DAYS, zone: str = "UTC", starts_on: str = "2026-03-02") -> dict[str, Any]:
    """From a Monday on, two days of each shift, then two days of rest."""
    return {"name": "Three of eight hours", "zone": zone, "starts_on": starts_on, "pattern": list(pattern)}


def a_roster(rest: str = "0s", shifts: Mapping[str, Any] = SHIFTS, **rotas: Mapping[str, Any]) -> Roster:
    """These rotas, or the one of `a_rota` as `desk`; `ValidationError` if anything does not fit."""
    faults = Faults()
    roster = read_roster({"shifts": shifts, "rotas": rotas or {"desk": a_rota()}, "work_rule": {"rest": rest}}, faults)
    faults.raise_any()
    return roster


def on_rota(*exceptions: RotaException, agent_id: str = "a1", rota: str | None = "desk", **changes: Any) -> Agent:
    """Somebody who is there and works by that rota."""
    return an_agent(agent_id, rota=rota, exceptions=exceptions, **changes)


def leave(since: datetime, until: datetime, id: str = "leave-1") -> RotaException:
    """Not there."""
    return RotaException(id=id, kind=Kind.LEAVE, since=since, until=until)


def off(since: datetime, until: datetime, id: str = "off-1") -> RotaException:
    """That day's duty falls out."""
    return RotaException(id=id, kind=Kind.OFF, since=since, until=until)


def extra(since: datetime, until: datetime, shift: str | None = None, id: str = "on-1") -> RotaException:
    """A duty besides."""
    return RotaException(id=id, kind=Kind.ON, since=since, until=until, shift=shift)


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time in March 2026, UTC; its second day is a Monday, on which `a_rota` begins."""
    return datetime.fromisoformat(f"2026-03-{number:02}T{hour:02}:{minute:02}:00+00:00")
