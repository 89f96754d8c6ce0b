"""A small service of our own kind, to try the kernel with: counters that add up and tell of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from marshmallow import fields, validate
from pymongo import ASCENDING, IndexModel

from shared.aggregates import Aggregates
from shared.bus import Call, Health, command, every, on_event, query
from shared.cause import Cause
from shared.errors import IllegalMove, NotYetKnown
from shared.events import Aggregate, Event, Fact
from shared.mongo import Database, Mongo
from shared.schemas import Consumed, Key, Request, Text

COLLECTIONS = {
    "probe_counters": [IndexModel([("name", ASCENDING)], name="name", unique=True)],
    "probe_effects": [],
}
AGGREGATES = ("probe_counters",)


@dataclass(frozen=True, kw_only=True)
class Counter(Aggregate):
    name: str
    total: int = 0
    alarm_at: datetime | None = None
    alarms: int = 0


def add(counter: Counter, at: datetime, amount: int) -> tuple[Counter, list[Fact]]:
    if amount == 13:
        raise IllegalMove("thirteen is not counted", rule="no_thirteen")
    after = replace(counter, total=counter.total + amount, alarm_at=at + timedelta(seconds=amount) if amount > 0 else None)
    return after, [Fact("counted", at, {"amount": amount})]


def advance(counter: Counter, to: datetime) -> tuple[Counter, list[Fact]]:
    if counter.alarm_at is None or counter.alarm_at > to:
        return counter, []
    return replace(counter, alarm_at=None, alarms=counter.alarms + 1), [Fact("rang", counter.alarm_at)]


def show(counter: Counter) -> dict[str, Any]:
    return {"name": counter.name, "total": counter.total, "alarms": counter.alarms, "version": counter.version}


def _document(counter: Counter) -> dict[str, Any]:
    return {"name": counter.name, "total": counter.total, "alarm_at": counter.alarm_at, "alarms": counter.alarms}


def _state(doc: Mapping[str, Any]) -> Counter:
    names = ("name", "total", "alarm_at", "alarms", "version", "last_at", "replay_until")
    return Counter(**{name: doc.get(name) for name in names})


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
            published={
                "counted": lambda state, fact: {"name": state.name, "total": state.total, **fact.data},
                "rang": lambda state, fact: {"name": state.name},
                "opened": lambda state, fact: {"name": state.name},
            },
            unheard=("opened",),
            advance=advance,
            next_due=lambda state: state.alarm_at,
            key="name",
        )


class Open(Request):
    name = Key(40, required=True)
    note = Text(4000, load_default="")


class Add(Request):
    name = Key(40, required=True)
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(-1000, 1000))
    then_crash = fields.Boolean(load_default=False)


class Named(Request):
    name = Key(40, required=True)


class Nap(Request):
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
        counter = Counter(name=name)
        return self.store.counters.create(
            call, call.creation_id(), counter, [Fact("opened", call.at or self.store.db.clock.now())], show
        )

    @command("work", Add)
    def add(self, call: Call, name: str, amount: int, then_crash: bool) -> Any:
        if then_crash:  # between save and publish: the relay never hears of it
            self.store.db._nudge = lambda pending: os._exit(9)
        return self.store.counters.change(call, name, lambda c, at: add(c, at, amount), show)

    @query("read", Named)
    def show(self, call: Call, name: str) -> Any:
        return {**show(self.store.counters.get(name)), "history": self.store.counters.history(name)}

    @query("read", Nap)
    def compute(self, call: Call, seconds: float) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        return {"computed": seconds}

    @query("read", Named)
    def unserialisable(self, call: Call, name: str) -> Any:
        return {"name": object()}

    @query("read", Named)
    def broken(self, call: Call, name: str) -> Any:
        raise KeyError(name)


class ProbeWorker(Health):
    name = "probe-worker"
    store = Mongo(ProbeStore, sweeps=True)

    @on_event("probe", "counted", Counted)
    def note(self, event: Event) -> None:
        """Counts its runs (`tries`) and, once per event, its effect (`_id`); fails as the amount says."""
        tries = self.store.effects.find_one_and_update(
            {"_id": f"tries {event.id}"}, {"$inc": {"n": 1}}, upsert=True, return_document=True
        )["n"]
        amount = event.data["amount"]
        if amount == 500 and tries <= 1:
            raise RuntimeError("fails once, then works")
        if amount == 501:
            raise RuntimeError("always fails")
        if amount == 502 and tries == 1:
            raise NotYetKnown("somebody")
        if amount == 503:
            raise IllegalMove("stale", rule="stale")
        if amount == 504 and tries == 1:
            until = time.monotonic() + 7
            while time.monotonic() < until:
                pass
        self.store.effects.update_one(
            {"_id": f"done {event.id}"}, {"$inc": {"n": 1}, "$set": {"name": event.data["name"]}}, upsert=True
        )

    @on_event("probe", "rang", Rang)
    def calm(self, event: Event) -> None:
        self.store.counters.change(
            Cause.from_event(event), event.data["name"], lambda c, at: (c, [Fact("calmed", at)])
        )

    @every(seconds=0.2)
    def wake(self) -> None:
        self.store.counters.wake(self.store.db.clock.now())
