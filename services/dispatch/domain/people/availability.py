"""Whether an agent may be given work at an instant: its duty by the roster, then what it says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.exceptions import Kind
from services.dispatch.domain.people.rest import rested_at
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shifts import Duty

AVAILABLE, EXPIRED = "available", "expired"
OFF_SHIFT, ON_LEAVE, ROTA_BREAK, NO_REST = "off_shift", "on_leave", "rota_break", "no_rest"


class Availability(NamedTuple):
    """How it stands, and the duty it is about: None where there is none, and for who has no rota.

    `status` is off_shift, on_leave, no_rest or rota_break by the roster; else expired, or as the agent says: available,
    busy, break, away, offline.
    """

    status: str
    duty_since: datetime | None = None
    duty_until: datetime | None = None
    shift: str | None = None


def availability(agent: Agent, roster: Roster, at: datetime) -> Availability:
    """How it stands at that instant. Who has no rota is on duty whenever present, but for leave."""
    if agent.exceptions and on_leave(agent, at):
        return Availability(ON_LEAVE)
    if agent.rota is None:
        return Availability(_said(agent, at))
    duty = roster.duty_at(agent, at)
    if duty is None:
        return Availability(OFF_SHIFT)
    return Availability(_off(agent, roster, duty, at) or _said(agent, at), duty.since, duty.until, duty.shift)


def on_leave(agent: Agent, at: datetime) -> bool:
    """Whether that instant lies in one of its leaves."""
    return any(each.kind is Kind.LEAVE and each.since <= at < each.until for each in agent.exceptions)


def _off(agent: Agent, roster: Roster, duty: Duty, at: datetime) -> str | None:
    """Why it is given nothing though on duty."""
    extra = any(each.kind is Kind.ON for each in roster.near(agent.exceptions, at))
    if extra and at < rested_at(agent, roster, duty):
        return NO_REST
    return ROTA_BREAK if duty.breaks and duty.break_at(at) else None


def _said(agent: Agent, at: datetime) -> str:
    presence = agent.presence
    return EXPIRED if presence.until is not None and presence.until <= at else presence.status.value
