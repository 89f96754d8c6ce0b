"""What dispatch answers about agents. Pure; times stay datetimes, the edge writes them out."""

from __future__ import annotations

from typing import Any

from services.dispatch.domain import Agent


def agent(state: Agent) -> dict[str, Any]:
    """An agent."""
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
        "status": state.presence.status.value,
        "status_since": state.presence.since,
        "status_until": state.presence.until,
        "load": state.load,
        "open": state.open,
        "kinds": dict(state.kinds),
        "has_room": state.has_room,
        "last_assigned_at": state.last_assigned_at,
        "version": state.version,
    }
