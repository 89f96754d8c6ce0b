"""Notify's store on the real database in the test's own process: a clock that stands still, and dies when told to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from deploy import catalogue
from services.notify.store import NotifyStore
from services.notify.tokens import SECRET
from shared.cause import Cause
from shared.events import Event
from shared.mongo import Database
from tests.probe.store import a_call
from tests.support import Stack
from tests.unit.notify.builders import the_config

#: Noon in London, evening in Shanghai, and later than now: documents that expire must not while a test runs.
NOON = datetime(2031, 3, 3, 12, 0, tzinfo=UTC)
TEXT = {"text": "{{ ticket_no }}"}
TEXTS = dict.fromkeys(("zh-CN", "en"), TEXT)
MAILS = {language: TEXT | {"subject": "{{ ticket_no }}", "html": "<p>x</p>"} for language in ("zh-CN", "en")}
DIGEST = {"after": 3, "within": "10m", "every": "10m"}


def a_rule(event: str, audience: str, *channels: str, **more: Any) -> dict[str, Any]:
    known = {"channels": list(channels), "template": "plain", "urgency": "normal", "valid_for": "3d"}
    return {"event": event, "audience": audience, **known, **more}


#: Who is told here: customers, at most twice a day of fees, never of surveys once it is closed; staff, by digests.
RULES = [
    a_rule("work_resolved", "customer", "sms", "email", kind="progress", obsolete=["work_reopened"]),
    a_rule("work_closed", "customer", "sms", kind="progress", urgency="urgent"),
    a_rule("fee_recorded", "customer", "email", kind="capped"),
    a_rule("fee_voided", "customer", "email", kind="legal"),
    a_rule("work_assigned", "agent", "email", kind="work", urgency="urgent"),
    a_rule("survey_due", "customer", "email", kind="survey", obsolete=["work_reopened", "work_closed"]),
]


def body() -> dict[str, Any]:
    """The shipped reference data with rules of the tests' own: quiet from 22:00 to 08:00 in London."""
    name = {"en": "x", "zh-CN": "x"}
    kinds = {
        "progress": {"name": name},
        "survey": {"name": name},
        "capped": {"name": name, "per_day": 2, "quiet": False},
        "legal": {"name": name, "obligatory": True, "quiet": False},
        "work": {"name": name, "quiet": False, "digest": DIGEST},
    }
    config = the_config()
    own = {"rules": RULES, "kinds": kinds, "time_zone": "Europe/London", "default_language": "en"}
    templates = {"plain": {"sms": TEXTS, "email": MAILS}, "digest": config["templates"]["digest"]}
    kept = ("survey_link", "unsubscribe_link", "staff", "quiet_hours")
    return deepcopy({**{name: config[name] for name in kept if name in config}, **own, "templates": templates})


class Crash(Exception):
    """The process ends here."""


class Clock:
    """Stands still until it is moved; with `dies_in` 3, whoever reads it for the third time from now on dies."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.dies_in: int | None = None

    def now(self) -> datetime:
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.dies_in = None
                raise Crash
        return self.at


class Commands(CommandListener):
    """What the database is asked, and about which collection."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.seen.append((event.command_name, str(event.command.get(event.command_name))))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@dataclass
class Indoors:
    """The store, and what its processes would do with it."""

    store: NotifyStore
    clock: Clock
    db: Database
    commands: Commands

    def begin_anew(self) -> Indoors:
        """By day, with nothing in the ledger."""
        self.clock.at, self.clock.dies_in = NOON, None
        for name in ("messages", "preferences", "tallies", "matters", "customers"):
            self.db.collection(f"notify_{name}").delete_many({})
        self.store.holding.obsolescence._waiting.clear()  # as if a second had passed
        self.apply()
        return self

    def pass_by(self, **time: float) -> None:
        """Time goes by, and nothing is done."""
        self.clock.at += timedelta(**time)

    def wake(self) -> None:
        """The timers, until nothing is due."""
        while self.store.messages.wake(self.clock.now(), act=self.store.holding.look) or self.store.releasing.go_on():
            pass

    def until(self, **time: float) -> None:
        """Time goes by, and the timer does its work."""
        self.pass_by(**time)
        self.wake()
        self.hear()

    def hear(self) -> None:
        """What notify tells itself, all of it again and again: handlers are safe twice."""
        for entry in self._outbox("notify.events"):
            event = Event.from_wire(json.loads(entry["body"]))
            if event.type == "digest_moved":
                self.store.holding.digests.follow(event.data["message_id"], Cause.from_event(event))
            elif event.type == "message_ended":
                self.store.fallback.go_on(event)
            elif event.type == "message_reached":
                self.store.notices.settle(Cause.from_event(event), event.data["message_id"])

    def _outbox(self, exchange: str) -> Iterator[Mapping[str, Any]]:
        for doc in self.store.messages.collection.find({}, {"outbox": 1}).sort("_id", 1):
            yield from (entry for entry in doc.get("outbox", []) if entry["exchange"] == exchange)

    def sent(self, recipient: str | None = None) -> list[dict[str, Any]]:
        """What the consumers were given, in the order of the occurrences."""
        given = [json.loads(entry["body"]) for entry in self._outbox("notify.messages")]
        return [one for one in given if recipient in (None, one["to"])]

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        return list(self.store.messages.collection.find(wanted).sort("_id", 1))

    def row(self, **wanted: Any) -> dict[str, Any]:
        (row,) = self.rows(**wanted)
        return row

    def delivered(self, message_id: str, state: str = "sent") -> None:
        """A consumer's receipt."""
        from services.notify.domain import ledger

        channel = self.store.messages.get(message_id).channel
        cause = Cause(ref="receipt", key=uuid4().hex, at=self.clock.at)
        self.store.messages.change(
            cause, message_id, lambda row, at: ledger.receive(row, at, state=state, channel=channel)
        )

    def told_of(self, message_id: str, state: str) -> None:
        """The worker hears a consumer's receipt."""
        from services.notify.worker.messages import FollowsMessages

        data: dict[str, Any] = {
            "message_id": message_id,
            "channel": self.store.messages.get(message_id).channel,
            "state": state,
        }
        data |= dict.fromkeys(("detail", "consumer", "gateway_id", "parts"))
        at = self.clock.at
        event = Event(
            id=f"{message_id}/{state}/{uuid4().hex}",
            type="receipt",
            source="consumers",
            aggregate_id=message_id,
            aggregate_version=1,
            number=1,
            at=at,
            recorded_at=at,
            data=data,
        )
        type("Worker", (FollowsMessages,), {"store": self.store, "name": "notify"})().take_receipt(event)

    def apply(self, change: Callable[[dict[str, Any]], object] = lambda made: None) -> None:
        """Reference data in force."""
        made = body()
        change(made)
        self.store.reference.apply(a_call("apply_reference", body=made), made)


@contextmanager
def indoors(stack: Stack) -> Iterator[Indoors]:
    """A database of the test's own on the stack's server, provisioned as the deploy step does it."""
    os.environ.setdefault(SECRET, "a secret of the tests only")
    name = f"indoors_{uuid4().hex[:10]}"
    uri = urlunsplit(urlsplit(stack.admin_mongo_uri)._replace(path=f"/{name}"))
    commands = Commands()
    options: dict[str, Any] = {"tz_aware": True, "w": "majority", "journal": True, "authSource": "admin"}
    with MongoClient(uri, **options, event_listeners=[commands]) as client:
        database = client.get_default_database()
        for collection, indexes in catalogue.collections("notify").items():
            if indexes:
                database[collection].create_indexes(indexes)
        clock = Clock(NOON)
        db = Database(client, clock, lambda pending: None)
        try:
            yield Indoors(NotifyStore(db), clock, db, commands)
        finally:
            client.drop_database(name)
