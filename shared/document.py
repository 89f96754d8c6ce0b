"""An aggregate as one MongoDB document: what a save adds to it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from shared.cause import Cause
from shared.clock import to_text
from shared.events import KERNEL_FIELDS, Aggregate, Event, Fact, to_json

S = TypeVar("S", bound=Aggregate)

#: Projection that leaves out what only a change needs.
STATE_ONLY = dict.fromkeys(("outbox", "history", "requests", "applied", "origin", "head"), 0)
#: What the kernel keeps in every aggregate's document beside the service's own fields.
KERNEL_OWN = frozenset((*KERNEL_FIELDS, *STATE_ONLY, "_id", "revision", "relay_at", "timer_at", "unspilled", "spilled"))
GENESIS = "0" * 64
TIMES = ("at", "recorded_at")  # of a history entry: the only values in it that are stored as datetimes


@dataclass(frozen=True)
class Outgoing:
    """A message that leaves by the outbox but is no event, for example to an SMS consumer."""

    exchange: str
    routing_key: str
    body: Mapping[str, Any]
    priority: int | None = None
    expiration_ms: int | None = None


@dataclass(frozen=True)
class Publishing(Generic[S]):
    """Which facts leave a service, and as what (its events.py).

    `events`: fact type -> builder of the event's data from (state, fact). `unheard`: those of them that nobody
    subscribes to yet: kept in the history, not sent. `handed`: fact type -> builder of an `Outgoing`, or None where
    nothing is to leave.
    """

    source: str
    events: Mapping[str, Callable[[S, Fact], Mapping[str, Any]]] = field(default_factory=dict)
    unheard: Collection[str] = ()
    handed: Mapping[str, Callable[[S, Fact], Outgoing | None]] = field(default_factory=dict)


def entry_hash(previous: str, entry: Mapping[str, Any]) -> str:
    """The link of the history's chain: SHA-256 over the previous link and this entry's canonical JSON.

    Its `TIMES`, where they are there, are aware datetimes; all else is JSON already. Raises TypeError if it is not.
    """
    times = {name: to_text(entry[name]) for name in TIMES if isinstance(entry.get(name), datetime)}
    sealed = {name: value for name, value in entry.items() if name != "hash"} | times
    body = json.dumps(sealed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}{body}".encode()).hexdigest()


@dataclass(frozen=True)
class Additions:
    """What one save pushes: history entries, outbox entries, and the new head of the chain."""

    history: list[dict[str, Any]]
    outbox: list[dict[str, Any]]
    head: dict[str, Any]


def additions(
    publishing: Publishing[S],
    aggregate_ref: tuple[str, str],
    state: S,
    facts: Sequence[Fact],
    cause: Cause,
    now: datetime,
    head: Mapping[str, Any] | None,
    alike: Alike | None = None,
) -> Additions:
    """History and outbox entries for `facts`; `aggregate_ref`: (collection, public id); `state`: the one after them.

    `alike`: of many new aggregates that are made together.
    """
    history, new_head = alike.chain(facts, cause, now) if alike else chain(facts, cause, now, head)
    return Additions(history, outbox_of(publishing, aggregate_ref, state, facts, cause, now, head), new_head)


def chain(
    facts: Sequence[Fact], cause: Cause, now: datetime, head: Mapping[str, Any] | None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The history entries for `facts`, and the new head."""
    number = int(head["number"]) if head else 0
    link = str(head["hash"]) if head else GENESIS
    history: list[dict[str, Any]] = []
    for fact in facts:
        number += 1
        why = cause.of(fact)
        entry = {
            "number": number,
            "type": fact.type,
            "at": fact.at,
            "recorded_at": now,
            "actor": why.actor,
            "cause": why.ref,
            "data": to_json(fact.data),
        }
        if fact.set is not None:  # an entry without it has the hash that it always had
            entry["set"] = to_json(fact.set)
        link = entry["hash"] = entry_hash(link, entry)
        history.append(entry)
    return history, {"number": number, "hash": link}


class Alike:
    """The history of many new aggregates to which the same happened at the same time is made, and hashed, once.

    They share its entries: those are to be stored, not changed.
    """

    def __init__(self) -> None:
        self._known: dict[Any, tuple[list[dict[str, Any]], dict[str, Any]]] = {}

    def chain(self, facts: Sequence[Fact], cause: Cause, now: datetime) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """As `chain` for an aggregate that is new; facts that say something of their own are not shared."""
        if any(fact.data or fact.set is not None for fact in facts):
            return chain(facts, cause, now, None)
        key = (cause, now, tuple((fact.type, fact.at, fact.by_time) for fact in facts))
        if key not in self._known:
            self._known[key] = chain(facts, cause, now, None)
        return self._known[key]


def outbox_of(
    publishing: Publishing[S],
    aggregate_ref: tuple[str, str],
    state: S,
    facts: Sequence[Fact],
    cause: Cause,
    now: datetime,
    head: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """The outbox entries for `facts`, as for `additions`."""
    collection, aggregate_id = aggregate_ref
    outbox: list[dict[str, Any]] = []
    for number, fact in enumerate(facts, int(head["number"]) + 1 if head else 1):
        why = cause.of(fact)
        event_id = f"{collection}/{aggregate_id}/{number}"
        if fact.type in publishing.events and fact.type not in publishing.unheard:
            event = Event(
                id=event_id,
                type=fact.type,
                source=publishing.source,
                aggregate_id=aggregate_id,
                aggregate_version=state.version,
                number=number,
                at=fact.at,
                recorded_at=now,
                correlation_id=why.correlation_id,
                causation_id=why.causation_id,
                actor=why.actor,
                replay_until=state.replay_until,
                data=dict(publishing.events[fact.type](state, fact)),
            )
            outbox.append(_entry(event_id, f"{publishing.source}.events", fact.type, event.to_wire()))
        message = publishing.handed[fact.type](state, fact) if fact.type in publishing.handed else None
        if message is not None:
            outbox.append(outgoing_entry(event_id, message))
    return outbox


def outgoing_entry(event_id: str, message: Outgoing) -> dict[str, Any]:
    """The outbox entry of a message that is no event; `event_id` names the fact that it follows from."""
    body = orjson.dumps(message.body, default=to_json, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
    entry: dict[str, Any] = {"id": event_id, "exchange": message.exchange, "key": message.routing_key, "body": body}
    if message.priority is not None:
        entry["priority"] = message.priority
    if message.expiration_ms is not None:
        entry["expiration"] = str(message.expiration_ms)
    if "message_id" in message.body:
        entry["message_id"] = str(message.body["message_id"])
    return entry


def _entry(id: str, exchange: str, key: str, body: Any) -> dict[str, Any]:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"id": id, "exchange": exchange, "key": key, "body": text}


def history_reply(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """History entries as a reply shows them: what happened, not `set`, which is for rebuilding the state."""
    keys = ("number", "type", "at", "recorded_at", "actor", "cause", "data", "hash")
    return [{key: to_text(e[key]) if key in TIMES else e[key] for key in keys} for e in entries]
