"""Where a process may die on the way rule -> ledger -> queue -> consumer -> gateway -> receipt, and who dies there."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORKER, CONSUMER, GATEWAY = "notify-worker", "sms-consumer", "gateway"
MAILER, RELAY = "email-consumer", "relay"
INTAKE, DISPATCH, FEEDBACK = "intake-worker", "dispatch-worker", "feedback-worker"


@dataclass(frozen=True)
class Point:
    """Just before or just after a call of one function (`module:Class.method`) of one process."""

    process: str
    boundary: str
    when: str
    function: str

    @property
    def name(self) -> str:
        return f"{self.when} {self.boundary}"


@dataclass(frozen=True)
class Crash:
    """A life ends at its `nth` passage of the point."""

    point: Point
    nth: int

    def to_json(self) -> dict[str, Any]:
        return {"name": self.point.name, "when": self.point.when, "function": self.point.function, "nth": self.nth}


#: Process -> boundary -> the function that goes over it.
BOUNDARIES: dict[str, dict[str, str]] = {
    WORKER: {
        "ledger insert": "shared.aggregates:Aggregates.create",
        "publish of the message": "shared.bus.relay:Relay._taken",
        "removal of what is published": "shared.housekeeping:Housekeeping.confirmed",
        "the receipt is applied": "shared.aggregates:Aggregates.change",
        "acknowledgement of the event": "shared.bus.consumer:BusConsumer.ack_message",
    },
    CONSUMER: {
        "claim": "services.notify.consumers.store:Claims.claim",
        "send": "services.notify.consumers.sms.http:HttpGateway.send",
        "settle": "services.notify.consumers.store:Claims.settle",
        "publish of the receipt": "services.notify.consumers.broker:Broker.publish",
        "acknowledgement of the message": "services.notify.consumers.broker:Broker.acknowledge",
    },
    GATEWAY: {"the gateway's entry in its book": "tests.fault.crashing.gateway:Book.enter"},
}
#: The same of a mail: claimed -> text handed over -> the relay said yes -> recorded -> told -> acknowledged.
MAIL_BOUNDARIES: dict[str, dict[str, str]] = {
    MAILER: {
        "claim": "services.notify.consumers.store:Claims.claim",
        "send": "services.notify.consumers.email:Mailer.send",
        "hand-over of the text": "services.notify.consumers.smtp:Relay._hand_over",
        "settle": "services.notify.consumers.store:Claims.settle",
        "publish of the receipt": "services.notify.consumers.broker:Broker.publish",
        "acknowledgement of the message": "services.notify.consumers.broker:Broker.acknowledge",
    },
    RELAY: {"the relay's entry in its book": "tests.fault.crashing.gateway:Book.enter"},
}
#: From one channel to the next: refused -> the end is saved and published -> heard -> the next one is written -> noted.
CHAIN_BOUNDARIES: dict[str, dict[str, str]] = {
    WORKER: {
        "the end is saved": "shared.aggregates:Aggregates.change",
        "publish of the end": "shared.bus.relay:Relay._taken",
        "the end is heard": "services.notify.storage.fallback:Fallback.go_on",
        "the successor is written": "services.notify.storage.fallback:Fallback._write",
        "the predecessor notes it": "services.notify.domain.chain:follow",
        "the others hear of it": "services.notify.storage.notices:Notices.settle",
    },
}
#: The way back: heard -> bound and stored -> told -> the service that it concerns -> settled.
REPLY_BOUNDARIES: dict[str, dict[str, str]] = {
    WORKER: {
        "the wish is kept": "services.notify.storage.preferences:PreferencesStore.word",
        "the reply is stored": "services.notify.storage.replies:Replies.create",
        "publish of what it means": "shared.bus.relay:Relay._taken",
        "removal of what is published": "shared.housekeeping:Housekeeping.confirmed",
        "the reply is settled": "services.notify.storage.replies:Replies.change",
        "acknowledgement of the event": "shared.bus.consumer:BusConsumer.ack_message",
    },
    INTAKE: {
        "customer, ticket or question is made": "shared.aggregates:Aggregates.create",
        "publish of what came of it": "shared.bus.relay:Relay._taken",
        "acknowledgement of the event": "shared.bus.consumer:BusConsumer.ack_message",
    },
    DISPATCH: {
        "the answer is taken": "services.dispatch.store:DispatchStore.change",
        "publish of what came of it": "shared.bus.relay:Relay._taken",
        "acknowledgement of the event": "shared.bus.consumer:BusConsumer.ack_message",
    },
    FEEDBACK: {
        "the answer is taken": "shared.aggregates:Aggregates.change",
        "publish of what came of it": "shared.bus.relay:Relay._taken",
        "acknowledgement of the event": "shared.bus.consumer:BusConsumer.ack_message",
    },
}


def points(by_process: Mapping[str, Mapping[str, str]]) -> tuple[Point, ...]:
    """Each boundary, before and after."""
    return tuple(
        Point(process, boundary, when, function)
        for process, boundaries in by_process.items()
        for boundary, function in boundaries.items()
        for when in ("before", "after")
    )


POINTS, MAIL_POINTS, REPLY_POINTS = points(BOUNDARIES), points(MAIL_BOUNDARIES), points(REPLY_BOUNDARIES)
CHAIN_POINTS = points(CHAIN_BOUNDARIES)


def plan(crashes: int, dice: random.Random, points: Sequence[Point] = POINTS) -> dict[str, list[Crash]]:
    """So many crashes spread evenly over all points, in any order: process -> those of its lives, one after another."""
    each = [Crash(points[number % len(points)], dice.randint(1, 3)) for number in range(crashes)]
    dice.shuffle(each)
    processes = dict.fromkeys(point.process for point in points)
    return {name: [crash for crash in each if crash.point.process == name] for name in processes}
