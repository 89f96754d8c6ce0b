"""The relay: outbox entries go to the broker right after the write that made them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet.queue import Full, LightQueue
from nameko.extensions import SharedExtension

from shared.bus.publisher import Message, Publisher, PublishFailed, Refused
from shared.settings import Settings

log = logging.getLogger("loopdesk.relay")

BATCH = 500  # documents: fewer would spend a broadcast's time waiting for confirms
WAITING = 5_000  # documents; beyond that the sweep finds them
PROPERTIES = ("priority", "expiration")


@dataclass(frozen=True)
class Pending:
    """A document whose outbox entries wait."""

    collection: str
    id: str
    entries: Sequence[dict[str, Any]]


def to_message(entry: dict[str, Any]) -> Message:
    """An outbox entry as a message."""
    properties = {name: entry[name] for name in PROPERTIES if name in entry}
    return Message(entry.get("message_id", entry["id"]), entry["exchange"], entry["key"], entry["body"], {}, properties)


class Relay(SharedExtension):
    """Publishes what it is nudged with; what it cannot publish stays in its document for the sweep."""

    def __init__(self) -> None:
        self.confirmed: Callable[[Sequence[Pending]], None] = lambda done: None
        self._waiting: LightQueue = LightQueue(WAITING)
        self._thread: Any = None
        self._publisher: Publisher | None = None

    def setup(self) -> None:
        """Prepare; connects when there is something to publish."""
        settings: Settings = self.container.config["LOOPDESK"]
        self._publisher = Publisher(settings.amqp_uri)

    def start(self) -> None:
        """Begin to publish."""
        self._thread = self.container.spawn_managed_thread(self._run, identifier="relay")

    def stop(self) -> None:
        """Publish what waits, then end."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.wait()
            self._thread = None

    def nudge(self, pending: Pending) -> None:
        """Have these entries published soon; never blocks."""
        try:
            self._waiting.put_nowait(pending)
        except Full:
            return

    def hand(self, pending: Pending) -> None:
        """The same from somebody with a great many of them: waits while more than two batches do."""
        while self._waiting.qsize() >= 2 * BATCH:
            eventlet.sleep(0.005)
        self.nudge(pending)

    def deliver(self, batch: Sequence[Pending]) -> list[Pending]:
        """Publish these, and wait; gives those that the broker has not taken. Takes them out of no outbox."""
        try:
            taken = {pending.id for pending in self._taken(batch)}
        except PublishFailed as error:
            log.warning("broker away", extra={"reason": str(error), "documents": len(batch)})
            eventlet.sleep(0.5)
            return list(batch)
        return [pending for pending in batch if pending.id not in taken]

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            self._relay([pending for pending in batch if pending is not None])
            if None in batch:
                return

    def _relay(self, batch: Sequence[Pending]) -> None:
        try:
            if taken := self._taken(batch):
                self.confirmed(taken)
        except PublishFailed as error:
            log.warning("broker away; the sweep will publish", extra={"reason": str(error), "documents": len(batch)})
            eventlet.sleep(0.5)
        except Exception as error:  # noqa: BLE001 - the bus edge: entries stay in their documents, the process lives
            log.warning("confirmed, but not removed; will be published again", extra={"reason": type(error).__name__})

    def _taken(self, batch: Sequence[Pending]) -> Sequence[Pending]:
        """Those of the batch that the broker has now; what it refuses stays behind and takes no other with it."""
        if not batch or self._publisher is None:
            return []
        try:
            unroutable = self._publisher.publish([to_message(entry) for pending in batch for entry in pending.entries])
        except (Refused, KeyError, TypeError, ValueError) as error:
            if len(batch) > 1:
                return [taken for pending in batch for taken in self._taken([pending])]
            document = f"{batch[0].collection}/{batch[0].id}"
            log.error("cannot be published; it is kept", extra={"document": document, "reason": type(error).__name__})
            return []
        if not unroutable:
            return batch
        log.error("no queue takes this event; it is kept", extra={"events": sorted(unroutable)})
        return [p for p in batch if not any(to_message(e).id in unroutable for e in p.entries)]
