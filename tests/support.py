"""What tests share: polling, and the running stack as they see it."""

from __future__ import annotations

import fcntl
import json
import mailbox
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pika
from pika.exceptions import AMQPError
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConnectionFailure

from deploy.localstack import management
from deploy.localstack.access import Access
from deploy.localstack.instance import HOME, Instance
from shared.bus.topology import parking
from shared.client import Client, Request
from shared.errors import LoopdeskError
from shared.reference import FRESH_FOR

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
ANSWER_SECONDS = 30.0
PAUSE_SECONDS = 0.05
#: Asking again may help: what a test waits for is not so yet, or a server is just coming back.
NOT_YET = (AssertionError, LoopdeskError, OSError, ConnectionFailure, AMQPError)


def at_any_hour(notify: Mapping[str, Any]) -> dict[str, Any]:
    """Reference data of notify by which nothing waits for the night to end or for a burst to be over."""
    kinds = {code: {**kind, "digest": None, "per_day": None} for code, kind in notify["kinds"].items()}
    return {**notify, "quiet_hours": None, "kinds": kinds}


def eventually(condition: Callable[[], T], timeout: float = PATIENCE_SECONDS) -> T:
    """Asks until the answer is true, and gives it.

    A failed assertion, a refusal of a service or a server that is away counts as "not yet".

    Raises: AssertionError with the last of it.
    """
    until = time.monotonic() + timeout
    while True:
        try:
            if answer := condition():
                return answer
            last: object = f"answered {answer!r}"
        except NOT_YET as trouble:
            last = repr(trouble)
        if time.monotonic() > until:
            raise AssertionError(f"not within {timeout:.0f} s: {last}")
        time.sleep(PAUSE_SECONDS)


def until_noticed() -> None:
    """Returns when every process works by the reference data applied before: none trusts older ones longer."""
    noticed_at = time.monotonic() + FRESH_FOR + 0.2
    eventually(lambda: time.monotonic() > noticed_at)


def forget_leftovers(kind: str) -> None:
    """Removes what test runs that were killed have left of stacks `<kind>-<process id>`; others may run just now."""
    for left in HOME.glob(f"{kind}-[0-9]*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists():
            Instance(left.name).forget()


@contextmanager
def locked_sink(stack: Stack) -> Iterator[None]:
    """Nobody can write to the file of SMS: their consumer waits with what it has in hand."""
    with (stack.folder("sms") / "sent.jsonl").open("ab") as sink:
        fcntl.flock(sink, fcntl.LOCK_EX)
        yield


class Patient(Client):
    """Waits for an answer as long as a busy machine may need; the product's own gives up after ten seconds."""

    def call(self, service: str, method: str, /, *, timeout: float = ANSWER_SECONDS, **fields: Any) -> Any:
        """As `Client.call`."""
        return super().call(service, method, timeout=timeout, **fields)

    def command(self, service: str, method: str, /, *, timeout: float = ANSWER_SECONDS, **fields: Any) -> Any:
        """As `Client.command`."""
        return super().command(service, method, timeout=timeout, **fields)

    def stream(
        self, requests: Iterable[Request], *, window: int = 100, timeout: float = 2 * ANSWER_SECONDS
    ) -> Iterator[Any | LoopdeskError]:
        """As `Client.stream`, with which `call_many` asks."""
        return super().stream(requests, window=window, timeout=timeout)

    def call_many(
        self, requests: Iterable[Request], *, window: int = 100, timeout: float = 2 * ANSWER_SECONDS
    ) -> list[Any | LoopdeskError]:
        """As `Client.call_many`."""
        return super().call_many(requests, window=window, timeout=timeout)


class Stack(Access):
    """A running stack: whom to call, what to look at, and how to break it. The supervisor mends what is broken."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        object.__setattr__(self, "_clients", [])

    def client(self, account: str) -> Patient:
        """A new client, closed at the end of the session at the latest."""
        client = Patient(self.amqp_uri(account))
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Closes all clients."""
        while self._clients:
            self._clients.pop().close()

    # looking

    @cached_property
    def database(self) -> Database[dict[str, Any]]:
        """All collections, as the administrator."""
        name = self.state["mongo"]["database"]
        return MongoClient(self.admin_mongo_uri, tz_aware=True)[name]

    def queues(self) -> dict[str, int]:
        """Queue -> messages in it, ready or in hand."""
        return {one["name"]: one.get("messages", 0) for one in self.management(f"queues/{self._vhost}")}

    def management(self, path: str) -> Any:
        """What RabbitMQ's management API answers to GET /api/<path>."""
        return management.ask(self.management_uri, self.admin_amqp_uri, path)

    def parked(self, service: str) -> list[bytes]:
        """The bodies of what is parked for a service; all of it stays there.

        Others' events may be among them: news of what a test has feigned is parked minutes later, when whoever else
        heard of it has tried in vain for the last time.
        """
        with self._channel() as channel:
            bodies = []
            while (got := channel.basic_get(parking(service)))[0] is not None:
                bodies.append(bytes(got[2]))
            return bodies  # unacknowledged, so they go back

    def ready(self, *queues: str) -> int:
        """Messages that wait in them, as of now; those in hand are not counted. What `queues` tells is seconds old."""
        with self._channel() as channel:
            return sum(int(channel.queue_declare(name, passive=True).method.message_count) for name in queues)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        connection = pika.BlockingConnection(pika.URLParameters(self.admin_amqp_uri))
        try:
            yield connection.channel()
        finally:
            connection.close()

    @property
    def _vhost(self) -> str:
        return quote(self.state["amqp"]["vhost"], safe="")

    def mails(self) -> list[Message]:
        """What the mail server was given."""
        return list(mailbox.Maildir(self.folder("mail")))

    def texts(self) -> list[dict[str, Any]]:
        """What the SMS consumer has sent."""
        sink = self.folder("sms") / "sent.jsonl"
        return [json.loads(line) for line in sink.read_text().splitlines()] if sink.exists() else []

    def log_text(self, process: str, replica: int = 1) -> str:
        """A replica's whole log."""
        return self.log(process, replica).read_text(errors="replace")

    def deaths(self, process: str) -> int:
        """How often it ended without being asked to."""
        return sum(one["deaths"] for one in self.state["processes"][process])

    # breaking

    def kill(self, process: str, number: signal.Signals = signal.SIGKILL) -> list[int]:
        """Signals every replica; the supervisor starts those that die again, with a small backoff."""
        pids = self.pids(process)
        for pid in pids:
            with suppress(ProcessLookupError):  # it has just died, and the supervisor has not yet written that down
                os.kill(pid, number)
        return pids

    def kill_broker(self) -> None:
        """kill -9, and waits until it is seen dead; the supervisor starts it again."""
        self.kill_and_wait("rabbitmq")

    def kill_mongod(self) -> None:
        """kill -9, and waits until it is seen dead; the supervisor starts it again."""
        self.kill_and_wait("mongo")

    def kill_and_wait(self, process: str) -> None:
        """kill -9 to every replica, and waits until none of them lives."""
        killed = self.kill(process)
        eventually(lambda: not set(killed) & set(self.pids(process)))

    def stop_process(self, process: str, *, kill: bool = False) -> None:
        """Ends it and keeps it ended."""
        self.instance.order("stop", process=process, kill=kill)

    def start_process(self, process: str) -> None:
        """Starts what was stopped."""
        self.instance.order("start", process=process)

    def restart(self, process: str, *, kill: bool = False) -> None:
        """Ends it and starts it again."""
        self.instance.order("restart", process=process, kill=kill)

    def scale(self, process: str, replicas: int) -> None:
        """Brings it to so many replicas."""
        self.instance.order("scale", process=process, replicas=replicas)
