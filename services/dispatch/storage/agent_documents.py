"""Agents as documents, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.dispatch.domain import Agent
from services.dispatch.domain.people.exceptions import Kind, RotaException
from services.dispatch.domain.people.presence import Presence, Status
from shared.events import kernel_fields

SECOND = timedelta(seconds=1)


def agent_document(agent: Agent) -> dict[str, Any]:
    """The agent's own fields.

    Not among them: what it has (load, open, kinds …), which only claims change (seats.py), and its last sign of life
    (`heard_at`, agents.py).
    """
    return {
        "name": agent.name,
        "teams": list(agent.teams),
        "capacity": agent.capacity,
        "role": agent.role,
        "skills": dict(agent.skills),
        "languages": list(agent.languages),
        "channels": list(agent.channels),
        "at_once": dict(agent.at_once),
        "rota": agent.rota,
        "rota_offset": agent.rota_offset,
        "queues": agent.queues,
        "presence": _presence_form(agent.presence),
        "exceptions": [{**vars(each), "kind": each.kind.value} for each in agent.exceptions],
        "declared": agent.declared,
    }


def agent_from(doc: Mapping[str, Any]) -> Agent:
    """The agent in a document."""
    return Agent(
        agent_id=doc["_id"],
        name=doc["name"],
        teams=tuple(doc["teams"]),
        capacity=doc["capacity"],
        role=doc["role"],
        skills=doc["skills"],
        languages=tuple(doc["languages"]),
        channels=tuple(doc["channels"]),
        at_once=doc["at_once"],
        rota=doc["rota"],
        rota_offset=doc["rota_offset"],
        presence=_presence(doc["presence"]).heard(doc.get("heard_at")),
        exceptions=tuple(RotaException(**{**each, "kind": Kind(each["kind"])}) for each in doc["exceptions"]),
        declared=doc["declared"],
        load=doc.get("load", 0),
        open=doc.get("open", 0),
        kinds=doc.get("kinds", {}),
        last_assigned_at=doc.get("last_assigned_at"),
        shift_since=doc.get("shift_since"),
        shift_units=doc.get("shift_units", 0),
        experience=doc.get("experience", {}),
        **kernel_fields(doc),
    )


def _presence_form(presence: Presence) -> dict[str, Any]:
    lasts = presence.lasts // SECOND if presence.lasts is not None else None
    return {**vars(presence), "status": presence.status.value, "lasts": lasts}


def _presence(doc: Mapping[str, Any]) -> Presence:
    lasts = timedelta(seconds=doc["lasts"]) if doc["lasts"] is not None else None
    return Presence(status=Status(doc["status"]), since=doc["since"], until=doc["until"], lasts=lasts)
