"""Whom and what a work order's row names has to stand before it in the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.simulation.errors import DamagedLog
from deploy.simulation.own import Entry, Own
from deploy.simulation.rows import BEGIN


def require_named(line: int, entries: Sequence[Entry], assignments: object, own: Own) -> None:
    """Agents, hand-overs and versions of the reference data. Raises `DamagedLog` naming the field."""
    if not isinstance(assignments, list | tuple):
        raise DamagedLog(line, "assignments", "is no list")
    for place, row in enumerate(assignments):
        if not isinstance(row, dict):
            raise DamagedLog(line, f"assignments.{place}", "is no object")
        _require_agents(line, f"assignments.{place}", _of_row(row), own)
        _require_versions(line, f"assignments.{place}.record", [(row.get("record") or {}).get("version")], own)
    for place, entry in enumerate(entries):
        _require_versions(line, f"entries.{place}.set", _pinned(entry), own)
        if entry["type"] not in BEGIN or not isinstance(entry.get("data"), dict):
            continue
        data = entry["data"]
        found = ((f"data.{name}", data[name]) for name in ("agent", "principal") if data.get(name))
        _require_agents(line, f"entries.{place}", found, own)
        principal = data.get("principal")
        if entry["type"] == "work_handed_over" and not own.witness.has_handed_over(principal):
            raise DamagedLog(line, f"entries.{place}.data.principal", f"no hand-over of {principal!r} stands before")


def _of_row(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("agent", "principal"):
        if row.get(name) is not None:
            yield name, row[name]
    for agent_id in (row.get("record") or {}).get("agents") or ():
        yield "record.agents", agent_id


def _require_agents(line: int, at: str, named: Iterator[tuple[str, str]], own: Own) -> None:
    for name, agent_id in named:
        if not own.witness.knows(agent_id):
            raise DamagedLog(line, f"{at}.{name}", f"of the agent {agent_id!r} there is no line before this one")


def _pinned(entry: Entry) -> Iterator[object]:
    changed = entry.get("set")
    if isinstance(changed, dict):
        pins = (changed.get(name) for name in ("policy", "flow"))
        yield from (pin.get("version") for pin in pins if isinstance(pin, dict))


def _require_versions(line: int, at: str, versions: Any, own: Own) -> None:
    for version in versions:
        if version is not None and version not in own.bodies:
            raise DamagedLog(line, at, f"the version {version!r} of the reference data does not stand before this line")
