"""Why an aggregate changes: a call, an event, or the clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.clock import to_text
from shared.errors import Conflict, IllegalMove
from shared.events import Event, Fact

TIMER = "timer"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What the kernel must know of a cause to apply it once, at the right time, and to say why later.

    `key` names the request or event for ever (None: a timer, safe by the state alone); `digest` is the hash of a
    request's content. `at` is the caller-set or the event's time. `ref` is what the history shows.
    """

    ref: str
    key: str | None = None
    digest: str | None = None
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    at: datetime | None = None
    replay_until: datetime | None = None
    expected_version: int | None = None
    method: str = ""

    @property
    def starts_replay(self) -> datetime | None:
        """The newest time that a caller has set, if work begun by this cause is in replay."""
        return self.replay_until

    def time_after(self, last_at: datetime | None, now: datetime) -> datetime:
        """When the change counts: never before `last_at`."""
        at = self.at or now
        return max(at, last_at) if last_at else at

    @staticmethod
    def from_event(event: Event) -> Cause:
        """The cause that an event is."""
        return Cause(
            ref=f"event {event.id}",
            key=event.id,
            actor=event.actor,
            correlation_id=event.correlation_id,
            causation_id=event.id,
            at=event.at,
            replay_until=event.replay_until,
        )

    @staticmethod
    def tick(now: datetime) -> Cause:
        """The cause that the passing of time is."""
        return Cause(ref=TIMER, at=now)

    def of(self, fact: Fact) -> Cause:
        """What caused the fact: this, or time, for which nobody acts; it belongs to the same conversation."""
        return replace(self, ref=TIMER, actor=None, causation_id=None) if fact.by_time else self


@dataclass(frozen=True, kw_only=True)
class Call(Cause):
    """An RPC: who calls what, with which permissions. Made by the bus edge only."""

    caller: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    request_id: str | None = None

    @property
    def starts_replay(self) -> datetime | None:
        """A caller-set time puts what it begins into replay."""
        return self.at

    def time_after(self, last_at: datetime | None, now: datetime) -> datetime:
        """The later of now and `last_at`; a caller-set time before `last_at` is refused."""
        if self.at and last_at and self.at < last_at:
            raise IllegalMove(
                "at lies before the last event",
                rule="order_of_time",
                at=to_text(self.at),
                last_at=to_text(last_at),
            )
        return super().time_after(last_at, now)

    def creation_id(self) -> str:
        """The id of what this call creates: the same for every repetition, for ever."""
        assert self.key, "only commands create"  # noqa: S101 - a programming error, not input
        return self.key

    def without_key(self) -> Call:
        """The same cause for a second aggregate of one command; the first one keeps the answer."""
        return replace(self, key=None, digest=None, expected_version=None)


def request_key(caller: str, method: str, request_id: str) -> str:
    """32 hex digits that stand for (caller, method, request id)."""
    return hashlib.sha256(json.dumps([caller, method, request_id]).encode()).hexdigest()[:32]


def request_used() -> Conflict:
    """The refusal of a request id that came before with other content."""
    return Conflict("this request_id was used with other content", rule="request_id")


def content_digest(content: Mapping[str, Any]) -> str:
    """Hash of a request's content, the same for equal JSON values whatever their order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]
