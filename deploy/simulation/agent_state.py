"""An agent's state in an export: of the form in which agents are saved, and as its history, which is sealed, has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.simulation.errors import DamagedLog
from deploy.simulation.logfile import Row, instant
from services.dispatch.domain.people.exceptions import Kind
from services.dispatch.domain.people.presence import Status
from services.dispatch.schemas.people import AgentFields
from shared.errors import ValidationError
from shared.schemas import load

Entry = Mapping[str, Any]


def require_state(line: int, row: Row, entries: Sequence[Entry]) -> None:
    """Raises `DamagedLog` naming the field."""
    state = row.get("state")
    if not isinstance(state, dict):
        raise DamagedLog(line, "state", "is missing, or is no object")
    _require_profile(line, state, entries)
    _require_presence(line, state.get("presence"), entries)
    exceptions = state.get("exceptions")
    if not isinstance(exceptions, list):
        raise DamagedLog(line, "state.exceptions", "is no list")
    for place, one in enumerate(exceptions):
        _require_exception(line, f"state.exceptions.{place}", one)


def _require_profile(line: int, state: Row, entries: Sequence[Entry]) -> None:
    own = {name: state[name] for name in AgentFields().fields if name in state}
    try:
        load(AgentFields, own)
    except ValidationError as error:
        path, messages = next(iter(sorted(error.fields.items())))
        raise DamagedLog(line, f"state.{path}", " ".join(messages)) from error
    saved: Row = next((entry["data"] for entry in reversed(entries) if entry["type"] == "agent_saved"), {})
    for name in own.keys() & saved.keys():
        if own[name] != saved[name]:
            raise DamagedLog(line, f"state.{name}", f"is {own[name]!r}; its history last says {saved[name]!r}")


def _require_presence(line: int, presence: object, entries: Sequence[Entry]) -> None:
    if not isinstance(presence, dict) or presence.get("status") not in {status.value for status in Status}:
        raise DamagedLog(line, "state.presence", "is none")
    for name in ("since", "until"):
        if presence.get(name) is not None:
            instant(line, f"state.presence.{name}", presence[name])
    if not isinstance(presence.get("lasts"), int | None):
        raise DamagedLog(line, "state.presence.lasts", f"{presence['lasts']!r} is no number of seconds")
    said = next((entry["data"]["status"] for entry in reversed(entries) if entry["type"] == "presence_set"), None)
    if presence["status"] != (said or Status.OFFLINE):
        raise DamagedLog(line, "state.presence.status", f"is {presence['status']!r}; its history last says {said!r}")


def _require_exception(line: int, at: str, one: object) -> None:
    if not isinstance(one, dict) or one.get("kind") not in {kind.value for kind in Kind}:
        raise DamagedLog(line, f"{at}.kind", "is none of leave, off, on")
    for name in ("since", "until"):
        instant(line, f"{at}.{name}", one.get(name))
