"""Logs of shift changes as documents, and back; and as callers see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.dispatch.domain.people.shift_log import As, Change, LogState, Note, ShiftLog
from services.dispatch.domain.work.turn import place
from shared.events import kernel_fields

_PLAIN = ("team", "ended_at", "written_at", "acknowledged_by", "acknowledged_at", "acknowledgement")


def shift_log_document(log: ShiftLog) -> dict[str, Any]:
    """The log's own fields, and its place in lists."""
    return {
        **{name: getattr(log, name) for name in _PLAIN},
        "state": log.state.value,
        "acknowledged_as": log.acknowledged_as.value if log.acknowledged_as else None,
        "change": _lists(asdict(log.change)),
        "counts": dict(log.counts),
        "rows": [dict(row) for row in log.rows],
        "notes": [asdict(note) for note in log.notes],
        "place": place(log.ended_at, log.log_id),
    }


def shift_log_from(doc: Mapping[str, Any]) -> ShiftLog:
    """The log in a document."""
    change = doc["change"]
    tuples = {name: tuple(change[name]) for name in ("shifts", "on", "next_shifts")}
    return ShiftLog(
        log_id=doc["_id"],
        **{name: doc[name] for name in _PLAIN},
        state=LogState(doc["state"]),
        acknowledged_as=As(doc["acknowledged_as"]) if doc.get("acknowledged_as") else None,
        change=Change(next_at=change["next_at"], **tuples),
        counts=doc["counts"],
        rows=tuple(doc["rows"]),
        notes=tuple(Note(**note) for note in doc["notes"]),
        **kernel_fields(doc),
    )


def shift_log_answer(log: ShiftLog) -> dict[str, Any]:
    """A log in a list: without rows and notes, which are counted."""
    return {
        "log_id": log.log_id,
        "team": log.team,
        "state": log.state.value,
        "ended_at": log.ended_at,
        **_lists(asdict(log.change)),
        "counts": dict(log.counts),
        "notes": len(log.notes),
        "written_at": log.written_at,
        "acknowledged_by": log.acknowledged_by,
        "acknowledged_at": log.acknowledged_at,
        "acknowledged_as": log.acknowledged_as.value if log.acknowledged_as else None,
        "acknowledgement": log.acknowledgement,
        "version": log.version,
    }


def whole_shift_log_answer(log: ShiftLog) -> dict[str, Any]:
    """A log, whole: with its rows of open work and its notes."""
    return {**shift_log_answer(log), "rows": list(log.rows), "notes": [asdict(note) for note in log.notes]}


def _lists(change: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in change.items()}
