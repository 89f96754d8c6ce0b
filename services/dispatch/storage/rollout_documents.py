"""Rollouts as documents, and back; and as callers see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from services.dispatch.domain.rollouts.rollout import Place, Rollout, RolloutKind, RolloutState
from shared.events import KERNEL_FIELDS, kernel_fields

_OWN = tuple(field.name for field in fields(Rollout) if field.name not in KERNEL_FIELDS)
_LISTS = ("policies", "calendars", "batch")


def rollout_document(rollout: Rollout) -> dict[str, Any]:
    """The rollout's own fields."""
    own = {name: getattr(rollout, name) for name in _OWN}
    lists = {name: list(own[name]) for name in _LISTS}
    parts = {"kind": rollout.kind.value, "state": rollout.state.value, "place": asdict(rollout.place)}
    return {**own, **lists, **parts}


def rollout_from(doc: Mapping[str, Any]) -> Rollout:
    """The rollout in a document."""
    own = {name: doc[name] for name in _OWN}
    lists = {name: tuple(doc[name]) for name in _LISTS}
    parts = {"kind": RolloutKind(doc["kind"]), "state": RolloutState(doc["state"]), "place": Place(**doc["place"])}
    return Rollout(**{**own, **lists, **parts}, **kernel_fields(doc))


def rollout_answer(rollout: Rollout) -> dict[str, Any]:
    """A rollout as callers see it: of the `seen` work orders, `changed` ones are under its version now."""
    return {
        "rollout_id": rollout.rollout_id,
        "kind": rollout.kind.value,
        "version": rollout.to_version,
        "policies": list(rollout.policies),
        "calendars": list(rollout.calendars),
        "reason": rollout.reason,
        "by": rollout.by,
        "state": rollout.state.value,
        "since": rollout.begun_at,
        "ended_at": rollout.ended_at,
        "seen": rollout.seen,
        "changed": rollout.changed,
        "refused": rollout.refused,
    }
