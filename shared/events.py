"""Facts that a rule decided, and the events that tell other services of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from shared.clock import from_text, to_text


@dataclass(frozen=True)
class Fact:
    """What happened to one aggregate, in the domain's words; becomes one history entry.

    `data` tells it to readers; `set` is what it changed in the aggregate's state, field -> new value in document form
    (None: the fact does not say). Both hold JSON values and aware datetimes only. `by_time`: the passing of time
    brought it, whoever's change found it due.
    """

    type: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    set: Mapping[str, Any] | None = None
    by_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """What every aggregate's state carries beside its own fields; the kernel keeps them."""

    version: int = 0
    last_at: datetime | None = None
    replay_until: datetime | None = None


#: Names of those fields, in every aggregate's document.
KERNEL_FIELDS = tuple(entry.name for entry in fields(Aggregate))


def kernel_fields(doc: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an aggregate's state that the kernel keeps, from its document."""
    return {name: doc[name] for name in KERNEL_FIELDS}


@dataclass(frozen=True, kw_only=True)
class Event:
    """The envelope (docs/events.md). `number` orders the facts of one aggregate."""

    id: str
    type: str
    source: str
    aggregate_id: str
    aggregate_version: int
    number: int
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    schema_version: int = 1
    correlation_id: str | None = None
    causation_id: str | None = None
    actor: str | None = None
    replay_until: datetime | None = None

    def to_wire(self) -> dict[str, Any]:
        """The JSON object that goes on the bus."""
        return {
            "id": self.id,
            "type": self.type,
            "schema_version": self.schema_version,
            "source": self.source,
            "aggregate_id": self.aggregate_id,
            "aggregate_version": self.aggregate_version,
            "number": self.number,
            "at": to_text(self.at),
            "recorded_at": to_text(self.recorded_at),
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "actor": self.actor,
            "replay_until": to_text(self.replay_until) if self.replay_until else None,
            "data": to_json(self.data),
        }

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Event:
        """The event in a JSON object; `KeyError`, `TypeError` or `ValueError` when it is none."""
        until = body.get("replay_until")
        return cls(
            id=str(body["id"]),
            type=str(body["type"]),
            source=str(body["source"]),
            aggregate_id=str(body["aggregate_id"]),
            aggregate_version=int(body["aggregate_version"]),
            number=int(body["number"]),
            at=from_text(body["at"]),
            recorded_at=from_text(body["recorded_at"]),
            data=dict(body["data"]),
            schema_version=int(body["schema_version"]),
            correlation_id=body.get("correlation_id"),
            causation_id=body.get("causation_id"),
            actor=body.get("actor"),
            replay_until=from_text(until) if until else None,
        )


_PLAIN = frozenset((str, int, float, bool, type(None)))


def to_json(value: Any) -> Any:
    """The same value with every datetime as wire text, mappings and sequences walked."""
    if type(value) in _PLAIN:  # most are, and asking for a Mapping costs ten times as much
        return value
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value
