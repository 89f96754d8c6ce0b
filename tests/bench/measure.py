"""What is measured of Loopdesk itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pika

from deploy.declared import CONFIG, load
from deploy.localstack import launch
from deploy.localstack.instance import Instance
from shared import lanes
from shared.client import Client, Request
from shared.errors import LoopdeskError
from tests.support import Stack, until_noticed

TEAM, CATEGORY, WINDOW, AGENTS = "service-desk", "other", 50, 20

MESSAGE_QUEUES = tuple(lanes.queue(channel, lane) for channel in lanes.CHANNELS for lane in lanes.LANES)


@contextmanager
def running() -> Iterator[Stack]:
    """A stack of the bench's own, discarded afterwards."""
    instance = Instance("bench")
    launch.up(instance, "--discard", say=lambda line: None)
    stack = Stack(instance)
    try:
        yield stack
    finally:
        stack.close()
        launch.down(instance, discard=True)


@dataclass
class Desk:
    """The running stack with a customer and a roomy team, as the bench sees it."""

    stack: Stack
    client: Client = field(init=False)
    customer: str = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.stack.client("importer")

    def prepare(self) -> None:
        """One customer, a team of agents with room for all, and no digest: each ticket is told of by itself."""
        save = self.client.command("intake", "save_customer", name="Bench", email="bench@example.com", language="en")
        self.customer = save["customer_id"]
        for number in range(AGENTS):
            agent = {"agent_id": f"bench.{number}", "name": "Bench", "teams": [TEAM], "capacity": 1_000_000}
            self.client.command("dispatch", "save_agent", **agent)
            self.client.command("dispatch", "set_presence", agent_id=agent["agent_id"], status="available")
        self._tell_each()

    def _tell_each(self) -> None:
        """A burst is looked for by the same read as ever, but it takes more messages than the bench sends anybody."""
        bodies, faults = load(CONFIG)
        assert not faults, faults
        body = bodies["notify"]
        body["kinds"]["work"]["digest"] |= {"after": 1000, "within": "1m"}
        self.stack.client("operator").call("notify", "apply_reference", body=body, request_id=uuid4().hex)
        until_noticed()

    def submission(self) -> Request:
        """A contact of usual size."""
        return Request.command(
            "intake",
            "submit_ticket",
            customer_id=self.customer,
            channel="phone",
            subject="The router restarts every few minutes",
            text="Since this morning the router restarts every few minutes. " * 6,
            type="fault",
            category=CATEGORY,
            impact="medium",
            urgency="medium",
        )


def pipelined(client: Client, make: Callable[[], Request], number: int) -> float:
    """Answered calls a second with a window of unanswered ones; a refusal ends the bench."""
    requests = [make() for _ in range(number)]
    began = time.perf_counter()
    for answer in client.stream(requests, window=WINDOW, timeout=60):
        if isinstance(answer, LoopdeskError):
            raise answer
    return number / (time.perf_counter() - began)


def one_at_a_time(client: Client, make: Callable[[], Request], number: int) -> float:
    """Answered calls a second, each sent after the answer to the one before."""
    requests = [make() for _ in range(number)]
    began = time.perf_counter()
    for request in requests:
        client.result(client.send(request))
    return number / (time.perf_counter() - began)


def echo() -> Request:
    """What the bare echo is asked: as large as a submission."""
    return Request("echo", "echo", {"text": "x" * 400, "subject": "y" * 40, "request_id": uuid4().hex})


class Tap:
    """A queue of the bench's own that gets a copy of every message that notify hands over."""

    def __init__(self, stack: Stack) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri))
        self._channel = self._connection.channel()
        self._queue = self._channel.queue_declare("", exclusive=True).method.queue
        for queue in MESSAGE_QUEUES:
            self._channel.queue_bind(self._queue, "notify.messages", queue.removeprefix("notify."))
        self._channel.basic_consume(self._queue, self._take, auto_ack=True)
        self.count = 0

    def _take(self, *_: Any) -> None:
        self.count += 1

    def wait_for(self, count: int, seconds: float) -> None:
        """Until that many have come in all."""
        until = time.monotonic() + seconds
        while self.count < count:
            if time.monotonic() > until:
                raise SystemExit(f"only {self.count} of {count} messages came within {seconds:.0f} s")
            self._connection.process_data_events(time_limit=0.05)

    def close(self) -> None:
        """Take the queue away."""
        self._connection.close()


def events_waiting(stack: Stack) -> int:
    """Messages on all queues but those of the consumers."""
    return sum(number for queue, number in stack.queues().items() if queue not in MESSAGE_QUEUES)


@contextmanager
def no_messages(stack: Stack) -> Iterator[None]:
    """The consumers stand still meanwhile, and what waited for them is thrown away."""
    for consumer in ("sms-consumer", "email-consumer"):
        stack.stop_process(consumer)
    connection = pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri))
    for queue in MESSAGE_QUEUES:
        connection.channel().queue_purge(queue)
    connection.close()
    yield
    for consumer in ("sms-consumer", "email-consumer"):
        stack.start_process(consumer)


def loop_rate(desk: Desk, tap: Tap, number: int) -> float:
    """Tickets a second from the first submission to the last assigned agent's message on its queue."""
    start = tap.count
    requests = [desk.submission() for _ in range(number)]
    began = time.perf_counter()
    for answer in desk.client.stream(requests, window=WINDOW, timeout=120):
        if isinstance(answer, LoopdeskError):
            raise answer
    tap.wait_for(start + number, 300)
    return number / (time.perf_counter() - began)


def loop_latencies(desk: Desk, tap: Tap, number: int) -> list[float]:
    """Milliseconds from the answered submission to the message on the queue, one ticket at a time."""
    found = []
    for _ in range(number):
        start = tap.count
        desk.client.result(desk.client.send(desk.submission()))
        began = time.perf_counter()
        tap.wait_for(start + 1, 30)
        found.append((time.perf_counter() - began) * 1000)
    return found


def call_milliseconds(client: Client, requests: Sequence[Request]) -> float:
    """Median time of one call."""
    found = []
    for request in requests:
        began = time.perf_counter()
        client.result(client.send(request))
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)
