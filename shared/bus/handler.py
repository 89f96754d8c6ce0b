"""The durable event handler: acknowledged only when done; retried with growing delay, then parked."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import eventlet
from kombu import Queue
from marshmallow import Schema
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension, register_entrypoint
from nameko.messaging import Consumer

from shared.bus.consumer import BusConsumer
from shared.bus.publisher import Message, Publisher, PublishFailed
from shared.bus.topology import (
    ATTEMPTS,
    OUTAGE_TIER,
    PARKED_AT,
    QUEUE,
    REASON,
    RETRY_TIERS,
    Subscription,
    owner,
    parking,
    retry_exchange,
)
from shared.clock import SystemClock, to_text
from shared.errors import LoopdeskError, NotYetKnown, Unavailable, ValidationError
from shared.events import Event
from shared.outage import describe, is_outage
from shared.schemas import load
from shared.settings import Settings

log = logging.getLogger("loopdesk.events")
clock = SystemClock()
PREFETCH = 10


@dataclass(frozen=True)
class Verdict:
    """How handling an event ended: `done`, `refused`, `retry`, `wait` (outage) or `park`, and why."""

    kind: str
    reason: str = ""


def judge(error: BaseException) -> Verdict:
    """What becomes of an event whose handler raised `error`."""
    if isinstance(error, ValidationError):
        return Verdict("park", str(error))
    if isinstance(error, Unavailable) or is_outage(error):
        return Verdict("wait", type(error).__name__)
    if isinstance(error, LoopdeskError):
        return Verdict("refused", f"{error.code}: {error.message}")
    if isinstance(error, NotYetKnown):
        return Verdict("retry", f"not yet known: {error}")
    return Verdict("retry", describe(error))


def on_event(source: str, event_type: str, schema: type[Schema]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Entrypoint of a handler: `handler(self, event)`, `event.data` being what `schema` loaded.

    Raise a `LoopdeskError` to refuse what is stale, `NotYetKnown` to see it again later; anything else is retried.
    """

    def register(method: Callable[..., Any]) -> Callable[..., Any]:
        handler = getattr(method, "handler", method)  # several events may have one handler

        @functools.wraps(handler)
        def guarded(service: Any, event: Event) -> Verdict:
            started = time.perf_counter()
            verdict = Verdict("done")
            try:
                handler(service, event)
            except Exception as error:
                verdict = judge(error)
                if verdict.kind == "retry" and not isinstance(error, NotYetKnown):
                    log.exception("a handler failed", extra={"event_id": event.id, "handler": handler.__name__})
            log.info(
                "event",
                extra={
                    "type": event.type,
                    "event_id": event.id,
                    "handler": f"{service.name}.{handler.__name__}",
                    "outcome": verdict.kind,
                    "reason": verdict.reason,
                    "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            return verdict

        guarded.handler = handler  # type: ignore[attr-defined]
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            register_entrypoint(guarded, entrypoint)
        register_entrypoint(guarded, EventHandler(source, event_type, schema))
        return guarded

    return register


class Disposal(SharedExtension):
    """Where failed events go: a delay tier or the parking queue, confirmed before the original is acknowledged."""

    def setup(self) -> None:
        """Prepare; connects when first needed."""
        settings: Settings = self.container.config["LOOPDESK"]
        self._publisher = Publisher(settings.amqp_uri)
        self._service = owner(self.container.service_name)

    def send(self, message: Any, queue: str, verdict: Verdict) -> None:
        """Publish a copy to where `verdict` sends it; `PublishFailed` if that is not certain."""
        headers = {name: value for name, value in (message.headers or {}).items() if not name.startswith("x-")}
        attempts = headers.get(ATTEMPTS, 0)
        attempts = attempts if isinstance(attempts, int) else 0
        exchange = self._exchange(verdict, attempts)
        counted = attempts + (verdict.kind != "wait")
        headers |= {ATTEMPTS: counted, QUEUE: queue, REASON: verdict.reason[:500]}
        if exchange == parking(self._service):
            headers[PARKED_AT] = to_text(clock.now())
        body = message.body if isinstance(message.body, str) else bytes(message.body)  # as it came, readable or not
        copy = Message(str(message.properties.get("message_id") or ""), exchange, queue, body, headers)
        if self._publisher.publish([copy]):
            raise PublishFailed(f"nothing takes {exchange}")

    def _exchange(self, verdict: Verdict, attempts: int) -> str:
        if verdict.kind == "wait":
            return retry_exchange(self._service, OUTAGE_TIER)
        if verdict.kind == "retry" and attempts < len(RETRY_TIERS):
            return retry_exchange(self._service, RETRY_TIERS[attempts])
        return parking(self._service)


class EventHandler(Consumer):
    """nameko's consumer of one event type for one handler, on the queue that provisioning made."""

    queue_consumer = BusConsumer()
    disposal = Disposal()
    prefetch = PREFETCH

    def __init__(self, source: str, event_type: str, schema: type[Schema]) -> None:
        self.source = source
        self.event_type = event_type
        self.schema = schema
        super().__init__(queue=None)

    def subscription(self, process: str, handler: str) -> Subscription:
        """What provisioning makes a queue for."""
        return Subscription(owner(process), self.source, self.event_type, handler)

    def setup(self) -> None:
        """Consume from the queue; nothing is declared here."""
        name = self.subscription(self.container.service_name, self.method_name).queue
        self.queue = Queue(name, no_declare=True)
        super().setup()

    def take(self, message: Any) -> None:
        """One raw event: to a worker, or parked at once."""
        self.container.spawn_managed_thread(functools.partial(self._take, message), identifier=self.event_type)

    def _take(self, message: Any) -> None:
        try:
            event = self._event(message)
        except ValidationError as error:
            log.error("unreadable event parked", extra={"queue": self.queue.name, "reason": str(error)})
            self._dispose(message, Verdict("park", str(error)))
            return
        try:
            self.container.spawn_worker(
                self, (event,), {}, context_data={}, handle_result=functools.partial(self._finish, message)
            )
        except ContainerBeingKilled:
            self.queue_consumer.requeue_message(message)

    def _event(self, message: Any) -> Event:
        try:
            raw = message.body
            event = Event.from_wire(json.loads(bytes(raw) if not isinstance(raw, str) else raw))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise ValidationError({"event": [f"not an event: {type(error).__name__} {error}"[:200]]}) from None
        if event.schema_version != 1:
            raise ValidationError({"schema_version": [f"{event.schema_version} is not known here"]})
        return replace(event, data=load(self.schema, event.data))

    def _finish(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        self._dispose(message, result if exc_info is None else judge(exc_info[1]))
        return result, None

    def _dispose(self, message: Any, verdict: Verdict) -> None:
        if verdict.kind in ("retry", "wait", "park"):
            try:
                self.disposal.send(message, self.queue.name, verdict)
            except Exception as error:  # noqa: BLE001 - the bus edge: nameko ends the process for what comes out of here
                log.warning("kept on its queue", extra={"queue": self.queue.name, "reason": repr(error)[:200]})
                eventlet.sleep(1)
                self.queue_consumer.requeue_message(message)
                return
        self.queue_consumer.ack_message(message)
