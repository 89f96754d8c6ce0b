"""Real servers, provisioned for the probe by the deploy step's own code, and the probe's processes on them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pika
import requests
from pymongo import MongoClient

from deploy.localstack import launch
from deploy.localstack.access import Access
from deploy.localstack.instance import Instance
from tests.probe.process import Running
from tests.probe.provisioned import PASSWORD, PERMISSIONS, provision
from tests.support import Patient, eventually, forget_leftovers

logging.getLogger("pika").setLevel(logging.CRITICAL)  # tests take the broker away; pytest need not hear of it

NOTE = "probe.probe.counted.note"
CALM = "probe.probe.rang.calm"
PARKING = "probe.parking"


class Lab:
    """One broker and one mongod for all tests of the kernel."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.access = Access(instance)
        self.amqp_admin = self.access.admin_amqp_uri
        self.mongo_admin = self.access.admin_mongo_uri
        self.vhost = urlsplit(self.amqp_admin).path[1:]
        self.database = MongoClient(self.mongo_admin, tz_aware=True).get_default_database()
        self._started = 0
        self._usual: dict[str, Running] = {}
        self._processes: list[Running] = []
        self.provision()

    # addresses

    def amqp_uri(self, account: str) -> str:
        return _as(self.amqp_admin, account)

    def mongo_uri(self, account: str) -> str:
        name = self.database.name
        return _as(self.mongo_admin, account).replace("authSource=admin", f"authSource={name}")

    def client(self, account: str = "importer") -> Patient:
        return Patient(self.amqp_uri(account))

    # the deploy step

    def provision(self) -> None:
        """What `loopdesk provision` does, with the probe in place of the services."""
        provision(self.amqp_admin, self.access.management_uri, self.mongo_admin)
        # Killed sooner, the broker may come back with a queue that never has a leader (rabbitmq-server issue 10070):
        # Erlang's dets holds writes back for 3 s, and the name of a quorum queue's member is one.
        self._settled_at = time.monotonic() + 4

    # processes

    def start(self, kind: str, **env: str) -> Running:
        """One more replica; does not wait until it is ready."""
        self._started += 1
        settings = {
            "PATH": os.environ["PATH"],
            "LOOPDESK_AMQP_URI": self.amqp_uri("probe"),
            "LOOPDESK_MONGO_URI": self.mongo_uri("probe"),
            "LOOPDESK_PERMISSIONS": PERMISSIONS,
            **env,
        }
        running = Running(kind, settings, self.instance.logs / f"{kind}-{self._started}.log")
        self._processes.append(running)
        return running

    def the_only(self, kind: str) -> Running:
        """A healthy replica with usual settings; there is no other after this."""
        usual = [one for one in self.alive(kind) if one is self._usual.get(kind)]
        self.stop(kind, but=usual)
        if not usual:
            self._usual[kind] = self.start(kind)
        return self._usual[kind].wait_ready()

    def alive(self, kind: str) -> list[Running]:
        return [one for one in self._processes if one.kind == kind and one.lives]

    def stop(self, kind: str, but: list[Running] | None = None) -> None:
        """Ends all replicas, but those."""
        for one in self.alive(kind):
            if one not in (but or ()):
                one.signal(signal.SIGCONT)
                one.kill()

    # looking

    def management(self, method: str, path: str, **body: Any) -> Any:
        """RabbitMQ's management API as the administrator; None where it answers nothing."""
        admin = urlsplit(self.amqp_admin)
        answer = requests.request(
            method,
            f"{self.access.management_uri}/api/{path}",
            auth=(admin.username or "", admin.password or ""),
            json=body or None,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @contextmanager
    def channel(self, account: str = "admin") -> Iterator[Any]:
        """A pika channel of an account."""
        uri = self.amqp_admin if account == "admin" else self.amqp_uri(account)
        connection = pika.BlockingConnection(pika.URLParameters(uri))
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    def depth(self, queue: str) -> int:
        """Messages that wait in it, those in hand not counted."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def take(self, queue: str, mentioning: str) -> tuple[Any, Any, bytes] | None:
        """Takes the message whose body mentions the text; leaves the others."""
        with self.channel() as channel:
            for _ in range(channel.queue_declare(queue, passive=True).method.message_count):
                method, properties, body = channel.basic_get(queue)
                if method is None:
                    return None
                if mentioning.encode() in body:
                    channel.basic_ack(method.delivery_tag)
                    return method, properties, body
            return None

    def hasten(self, tier: int, mentioning: str) -> bool:
        """Ends the wait of a message in a delay tier as the broker would: back to its queue, headers kept."""
        found = self.take(f"probe.retry.{tier}", mentioning)
        if found is None:
            return False
        method, properties, body = found
        with self.channel() as channel:
            channel.basic_publish("probe.return", method.routing_key, body, properties)
        return True

    def consumer_connections(self, queue: str) -> set[str]:
        """Names of the connections that consume from it."""
        rows = self.management("GET", f"consumers/{quote(self.vhost, safe='')}")
        channels = [one["channel_details"] for one in rows if one["queue"]["name"] == queue]
        return {one["connection_name"] for one in channels if one}  # [] for a moment, until it knows

    def cut_connection(self, queue: str) -> None:
        """The broker closes the connection that consumes from it."""
        for name in eventually(lambda: self.consumer_connections(queue)):
            self.management("DELETE", f"connections/{quote(name, safe='')}")

    def outboxes(self) -> int:
        """Documents whose outbox waits."""
        return self.database.probe_counters.count_documents({"outbox.0": {"$exists": True}})

    def counter(self, name: str) -> dict[str, Any]:
        """The whole document."""
        found = self.database.probe_counters.find_one({"name": name})
        assert found is not None
        return found

    def tries(self, name: str) -> int:
        """How often the handler of `counted` ran for this counter's events."""
        rows = self.database.probe_effects.find({"_id": {"$regex": f"^tries probe_counters/{name}/"}})
        return sum(row["n"] for row in rows)

    def flag(self, name: str) -> None:
        """Lets what waits for it go on."""
        self.database.probe_effects.update_one({"_id": name}, {"$set": {}}, upsert=True)

    # breaking

    @property
    def broker_pid(self) -> int:
        (pid,) = self.access.pids("rabbitmq")
        return pid

    def stop_server(self, server: str) -> None:
        """kill -9, and keeps it away."""
        eventually(lambda: time.monotonic() > self._settled_at)
        self.instance.order("stop", process=server, kill=True)

    def start_server(self, server: str) -> None:
        """Brings it back, and waits until it serves."""
        self.instance.order("start", process=server)
        eventually(self.broker_serves if server == "rabbitmq" else self.mongod_serves)

    def broker_serves(self) -> bool:
        try:
            with self.channel() as channel:
                channel.queue_declare(PARKING, passive=True)
            self.management("GET", "overview")
        except (pika.exceptions.AMQPError, requests.RequestException):
            return False
        return True

    def mongod_serves(self) -> bool:
        return bool(self.database.client.is_primary)

    def rabbitmqctl(self, *arguments: str) -> str:
        """The broker's own tool, in the broker's own environment."""
        environment = Path(f"/proc/{self.broker_pid}/environ").read_text().split("\0")
        env = dict(line.split("=", 1) for line in environment if "=" in line)
        command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        for one in self._processes:
            if one.lives:
                one.kill()


@contextmanager
def running_lab(name: str) -> Iterator[Lab]:
    """Servers of their own, gone with their data at the end or when this process dies."""
    forget_leftovers("probe")
    instance = Instance(name)
    launch.up(instance, "--servers-only", "--discard", f"--with-process={os.getpid()}", say=lambda line: None)
    try:
        lab = Lab(instance)
        try:
            yield lab
        finally:
            lab.close()
    finally:
        launch.down(instance, discard=True)


def _as(uri: str, account: str) -> str:
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{account}:{PASSWORD}@{host}"))
