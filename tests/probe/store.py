"""The probe's store in the test's own process: a clock that stands still, a relay that only remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from shared.bus.relay import Pending
from shared.cause import Call, Cause, content_digest, request_key
from shared.clock import to_text
from shared.events import Event, Fact
from shared.mongo import Database
from tests.probe.lab import Lab
from tests.probe.service import Counter, ProbeStore, add, show

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MANY = 220  # connections


class StandingClock:
    """Moves when told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> datetime:
        self.at += timedelta(**time)
        return self.at


@dataclass
class Bench:
    """A store and what it tells the relay."""

    store: ProbeStore
    clock: StandingClock
    nudged: list[Pending] = field(default_factory=list)

    @property
    def counters(self) -> Any:
        return self.store.counters

    def open(self, name: str, cause: Call | None = None) -> Any:
        """A new counter."""
        cause = cause or a_call("open", name=name)
        at = cause.time_after(None, self.clock.now())
        return self.counters.create(cause, cause.creation_id(), Counter(name=name), [Fact("opened", at)], show)

    def add(self, name: str, amount: int, cause: Cause | None = None) -> Any:
        """Adds by a call of its own, unless one is given."""
        cause = cause or a_call("add", name=name, amount=amount)
        return self.counters.change(cause, name, lambda c, at: add(c, at, amount), show)

    def document(self, name: str) -> dict[str, Any]:
        """The whole document."""
        found = self.counters.collection.find_one({"name": name})
        assert found is not None
        return dict(found)

    def types(self, name: str) -> list[str]:
        """The types of the history's entries."""
        return [entry["type"] for entry in self.counters.history(name)]

    def sweep(self) -> list[Pending]:
        """What the sweep hands to the relay of this process."""
        handed: list[Pending] = []
        self.store.db.housekeeping.relay_forgotten(handed.append)
        return handed

    def spill(self) -> None:
        """What housekeeping does every few seconds."""
        self.store.db.housekeeping.spill()


@contextmanager
def bench(lab: Lab, *listeners: CommandListener, client: MongoClient[dict[str, Any]] | None = None) -> Iterator[Bench]:
    """On the real database, with the account of the service."""
    # its clock stands on a day that may be long over: what expires there must not while a test runs
    lab.database.client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
    clock, nudged = StandingClock(), []
    client = client or MongoClient(
        lab.mongo_uri("probe"), tz_aware=True, w="majority", journal=True, maxPoolSize=MANY, event_listeners=listeners
    )
    with client:
        yield Bench(ProbeStore(Database(client, clock, nudged.append)), clock, nudged)


def a_call(method: str = "add", request_id: str | None = None, caller: str = "importer", **content: Any) -> Call:
    """A command as the edge makes it; `at` and `expected_version` are part of its content."""
    request_id = request_id or uuid4().hex
    at, version = content.get("at"), content.get("expected_version")
    wire = {name: to_text(value) if isinstance(value, datetime) else value for name, value in content.items()}
    return Call(
        ref=f"call {method} by {caller}",
        key=request_key(caller, method, request_id),
        digest=content_digest(wire),
        actor=caller,
        at=at,
        expected_version=version,
        caller=caller,
        permissions=frozenset({"backdate"}),
        method=method,
        request_id=request_id,
    )


def an_event(id: str | None = None, at: datetime = NOON, **more: Any) -> Event:
    """Somebody else's event."""
    event = Event(
        id=id or uuid4().hex,
        type="counted",
        source="probe",
        aggregate_id="x",
        aggregate_version=1,
        number=1,
        at=at,
        recorded_at=at,
        data={},
    )
    return replace(event, **more)
