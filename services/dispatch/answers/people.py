"""What dispatch answers about agents. Pure; times stay datetimes, the edge writes them out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain import Agent
from services.dispatch.domain.people.availability import AVAILABLE, availability
from services.dispatch.domain.people.on_duty import Standing
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shifts import Duty


def agent(state: Agent, roster: Roster, now: datetime) -> dict[str, Any]:
    """An agent, whole; `availability` is how it stands now, by its duty and what it says of itself."""
    stands = availability(state, roster, state.replay_until or now)
    return {
        "agent_id": state.agent_id,
        "name": state.name,
        "teams": list(state.teams),
        "capacity": state.capacity,
        "role": state.role,
        "skills": dict(state.skills),
        "languages": list(state.languages),
        "channels": list(state.channels),
        "at_once": dict(state.at_once),
        "rota": state.rota,
        "rota_offset": state.rota_offset,
        **presence(state),
        "availability": stands.status,
        "available_now": stands.status == AVAILABLE,
        "duty_until": stands.duty_until,
        "exceptions": exceptions(state),
        "load": state.load,
        "open": state.open,
        "kinds": dict(state.kinds),
        "has_room": state.has_room,
        "last_assigned_at": state.last_assigned_at,
        "version": state.version,
    }


def presence(state: Agent) -> dict[str, Any]:
    """What it says of itself; `status_until`: believed up to then, null: until told otherwise."""
    said = state.presence
    return {"status": said.status.value, "status_since": said.since, "status_until": said.until}


def sign_of_life(state: Agent) -> dict[str, Any]:
    """The answer to a heartbeat."""
    return {"agent_id": state.agent_id, **presence(state)}


def exceptions(state: Agent) -> list[dict[str, Any]]:
    """What differs from its rota, in order."""
    ordered = sorted(state.exceptions, key=lambda each: (each.since, each.id))
    return [{**vars(each), "kind": each.kind.value} for each in ordered]


def standing(stands: Standing) -> dict[str, Any]:
    """A row of `who_is_on`."""
    return {
        "agent_id": stands.agent.agent_id,
        "name": stands.agent.name,
        "role": stands.agent.role,
        "teams": list(stands.agent.teams),
        "on": stands.on,
        "availability": stands.status,
        "shift": stands.shift,
        "since": stands.since,
        "until": stands.until,
        "load": stands.agent.load,
        "capacity": stands.agent.capacity,
    }


def roster(state: Agent, by: Roster, since: datetime, until: datetime) -> dict[str, Any]:
    """A row of `get_roster`: its duties in the period, and what of it differs from the rota."""
    return {
        "agent_id": state.agent_id,
        "name": state.name,
        "rota": state.rota,
        "duties": [_duty(each) for each in by.duties(state, since, until)],
        "exceptions": [each for each in exceptions(state) if each["since"] < until and since < each["until"]],
    }


def _duty(duty: Duty) -> dict[str, Any]:
    breaks = [{"since": since, "until": until} for since, until in duty.breaks]
    return {"date": str(duty.day), "shift": duty.shift, "since": duty.since, "until": duty.until, "breaks": breaks}
