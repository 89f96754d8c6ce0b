"""A small service of our own kind, to try the kernel with: counters that add up, tell of it, and misbehave on demand.

`add` with a special amount makes the handler `note` of its event misbehave: see the constants.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from marshmallow import fields, validate
from pymongo import ASCENDING, IndexModel

from shared.aggregates import Aggregates, Outgoing
from shared.bus import Call, Health, command, every, on_event, query
from shared.cause import Cause
from shared.errors import IllegalMove, NotYetKnown, Unavailable
from shared.events import Aggregate, Event, Fact
from shared.mongo import Database, Mongo
from shared.schemas import Consumed, Key, Request, Text

REFUSED = 13  # by the rule itself, in the call
FAILS_ONCE = 500
ALWAYS_FAILS = 501
NOT_YET_KNOWN_ONCE = 502
STALE = 503
COMPUTES_LONG = 504  # the first time, without giving way to anything
WAITS = 505  # until `go <name>` is in probe_effects
CRASHES_ONCE = 506
STRAYS = 507  # a published event that nobody subscribes to
HANDED_NOWHERE = 508  # a message to an exchange without queues
LOSES_ALL_RACES_ONCE = 509
NOWHERE = "probe.nowhere"

COMPUTING_SECONDS = 7.0

COLLECTIONS = {
    "probe_counters": [
        IndexModel([("name", ASCENDING)], name="name", unique=True),
        IndexModel([("badge", ASCENDING)], name="badge", unique=True, partialFilterExpression={"badge": {"$gt": ""}}),
    ],
    "probe_effects": [],
}
AGGREGATES = ("probe_counters",)


@dataclass(frozen=True, kw_only=True)
class Counter(Aggregate):
    name: str
    total: int = 0
    alarm_at: datetime | None = None
    alarms: int = 0
    noted: int = 0
    badge: str | None = None


def add(counter: Counter, at: datetime, amount: int) -> tuple[Counter, list[Fact]]:
    """Adds; sets an alarm so many seconds later, unless it is negative."""
    if amount == REFUSED:
        raise IllegalMove("thirteen is not counted", rule="no_thirteen")
    alarm_at = at + timedelta(seconds=amount) if amount > 0 else counter.alarm_at
    kind = {STRAYS: "strayed", HANDED_NOWHERE: "handed"}.get(amount, "counted")
    return replace(counter, total=counter.total + amount, alarm_at=alarm_at), [Fact(kind, at, {"amount": amount})]


def note(counter: Counter, at: datetime) -> tuple[Counter, list[Fact]]:
    """What the handler of `counted` does."""
    return replace(counter, noted=counter.noted + 1), [Fact("noted", at)]


def pin(counter: Counter, at: datetime, badge: str) -> tuple[Counter, list[Fact]]:
    """A badge belongs to one counter only."""
    return replace(counter, badge=badge), [Fact("pinned", at)]


def go_live(counter: Counter, at: datetime) -> tuple[Counter, list[Fact]]:
    """Ends the replay."""
    return replace(counter, replay_until=None), [Fact("went_live", at)]


def advance(counter: Counter, to: datetime) -> tuple[Counter, list[Fact]]:
    """Rings the alarm that is due."""
    if counter.alarm_at is None or counter.alarm_at > to:
        return counter, []
    return replace(counter, alarm_at=None, alarms=counter.alarms + 1), [Fact("rang", counter.alarm_at)]


def show(counter: Counter) -> dict[str, Any]:
    """The reply of every command."""
    return {"name": counter.name, "total": counter.total, "alarms": counter.alarms, "version": counter.version}


OWN = ("name", "total", "alarm_at", "alarms", "noted", "badge")


def _document(counter: Counter) -> dict[str, Any]:
    return {name: getattr(counter, name) for name in OWN}


def _state(doc: Mapping[str, Any]) -> Counter:
    return Counter(**{name: doc.get(name) for name in (*OWN, "version", "last_at", "replay_until")})


def _told(state: Counter, fact: Fact) -> dict[str, Any]:
    return {"name": state.name, "total": state.total, **fact.data}


class ProbeStore:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.effects = db.collection("probe_effects")
        self.counters = Aggregates(
            db,
            "probe_counters",
            what="counter",
            to_document=_document,
            from_document=_state,
            published={"counted": _told, "strayed": _told, "rang": _told, "opened": _told},
            unheard=("opened",),
            handed={"handed": lambda state, fact: Outgoing(NOWHERE, "", {"message_id": f"handed {state.name}"})},
            advance=advance,
            next_due=lambda state: state.alarm_at,
            key="name",
        )

    def once_more(self, what: str) -> int:
        """Counts, and tells how many there are."""
        row = self.effects.find_one_and_update({"_id": what}, {"$inc": {"n": 1}}, upsert=True, return_document=True)
        return int(row["n"])

    def wait_for(self, flag: str) -> None:
        """Until a test sets it; gives way to other greenlets."""
        while self.effects.find_one({"_id": flag}) is None:
            time.sleep(0.05)


class Open(Request):
    name = Key(40, required=True)
    note = Text(4000, load_default="")


class Add(Request):
    name = Key(40, required=True)
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(-1000, 1000))
    then_crash = fields.Boolean(load_default=False)


class Named(Request):
    name = Key(40, required=True)


class Compute(Request):
    seconds = fields.Float(required=True)


class Counted(Consumed):
    name = fields.String(required=True)
    amount = fields.Integer(required=True)


class Rang(Consumed):
    name = fields.String(required=True)


class Probe(Health):
    name = "probe"
    store = Mongo(ProbeStore)

    @command("submit", Open)
    def open(self, call: Call, name: str, note: str) -> Any:
        """A new counter."""
        at = call.time_after(None, self.store.db.clock.now())
        return self.store.counters.create(call, call.creation_id(), Counter(name=name), [Fact("opened", at)], show)

    @command("work", Add)
    def add(self, call: Call, name: str, amount: int, then_crash: bool) -> Any:
        """Adds; `then_crash`: the process ends between save and publish."""
        if then_crash:
            self.store.db._nudge = lambda pending: os._exit(9)
        return self.store.counters.change(call, name, lambda c, at: add(c, at, amount), show)

    @command("work", Named)
    def add_slowly(self, call: Call, name: str) -> Any:
        """Adds one as soon as `go <name>` is in probe_effects."""
        self.store.once_more(f"began {name}")
        self.store.wait_for(f"go {name}")
        result = self.store.counters.change(call, name, lambda c, at: add(c, at, 1), show)
        self.store.once_more(f"ended {name}")
        return result

    @query("read", Named)
    def show(self, call: Call, name: str) -> Any:
        """The counter with its history."""
        return {**show(self.store.counters.get(name)), "history": self.store.counters.history(name)}

    @query("read", Compute)
    def compute(self, call: Call, seconds: float) -> Any:
        """Computes without giving way to anything."""
        _spin(seconds)
        return {"computed": seconds}

    @query("read", Named)
    def unserialisable(self, call: Call, name: str) -> Any:
        """A result that JSON cannot hold."""
        return {"name": object()}

    @query("read", Named)
    def broken(self, call: Call, name: str) -> Any:
        """A defect, with somebody's words in its exception."""
        raise KeyError(name)


class ProbeWorker(Health):
    name = "probe-worker"
    store = Mongo(ProbeStore, sweeps=True)

    @on_event("probe", "counted", Counted)
    def note(self, event: Event) -> None:
        """Counts its runs (`tries <event id>`), misbehaves as the amount says, and has one effect (`noted`)."""
        tries = self.store.once_more(f"tries {event.id}")
        MISBEHAVIOUR.get(event.data["amount"], _behave)(self.store, event, tries)
        self.store.counters.change(Cause.from_event(event), event.data["name"], note)

    @on_event("probe", "rang", Rang)
    def calm(self, event: Event) -> None:
        """Somebody heard the alarm."""
        self.store.counters.change(Cause.from_event(event), event.data["name"], lambda c, at: (c, [Fact("calmed", at)]))

    @every(seconds=0.2)
    def wake(self) -> None:
        """Rings alarms."""
        self.store.counters.wake(self.store.db.clock.now())


def _spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def _behave(store: ProbeStore, event: Event, tries: int) -> None:
    pass


def _fail_once(store: ProbeStore, event: Event, tries: int) -> None:
    if tries == 1:
        raise RuntimeError("fails once, then works")


def _always_fail(store: ProbeStore, event: Event, tries: int) -> None:
    raise RuntimeError("always fails")


def _not_yet_known_once(store: ProbeStore, event: Event, tries: int) -> None:
    if tries == 1:
        raise NotYetKnown("somebody")


def _refuse_as_stale(store: ProbeStore, event: Event, tries: int) -> None:
    raise IllegalMove("stale", rule="stale")


def _compute_long(store: ProbeStore, event: Event, tries: int) -> None:
    if tries == 1:
        _spin(COMPUTING_SECONDS)


def _wait(store: ProbeStore, event: Event, tries: int) -> None:
    store.wait_for(f"go {event.data['name']}")


def _crash_once(store: ProbeStore, event: Event, tries: int) -> None:
    if tries == 1:
        os._exit(9)


def _lose_all_races_once(store: ProbeStore, event: Event, tries: int) -> None:
    if tries == 1:
        raise Unavailable("too many others change it just now", rule="contention")


MISBEHAVIOUR = {
    FAILS_ONCE: _fail_once,
    ALWAYS_FAILS: _always_fail,
    NOT_YET_KNOWN_ONCE: _not_yet_known_once,
    STALE: _refuse_as_stale,
    COMPUTES_LONG: _compute_long,
    WAITS: _wait,
    CRASHES_ONCE: _crash_once,
    LOSES_ALL_RACES_ONCE: _lose_all_races_once,
}
