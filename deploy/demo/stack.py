"""The stack `demo`: started for the demo and gone after it, with everything that it kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import pika

from deploy import parked
from deploy.localstack import launch, secrets
from deploy.localstack.instance import Instance
from shared.bus import topology
from shared.client import Client

NAME = "demo"
PLACES = ("intake", "dispatch", "feedback", "notify", topology.UNROUTED)


@contextmanager
def running(*, keep: bool, say: Callable[[str], None]) -> Iterator[Instance]:
    """The stack, up. Ends it and removes its data, also when this process is killed, unless it shall be kept.

    One that was kept by an earlier demo is used again and left alone: what is played twice is done once.
    """
    instance = Instance(NAME)
    found = instance.is_up()
    if not found:
        instance.forget()
        life = () if keep else ("--with-process", str(os.getpid()), "--discard")
        launch.up(instance, *life, say=say)
    try:
        yield instance
    finally:
        if not found and not keep:
            launch.down(instance, discard=True)


def client(instance: Instance, account: str = "importer") -> Client:
    """For calls as that account."""
    return Client(uri(instance, account), name=f"loopdesk-{NAME}")


def parked_messages(instance: Instance) -> dict[str, int]:
    """How many messages lie in each parking place."""
    connection = pika.BlockingConnection(pika.URLParameters(uri(instance, "operator")))
    try:
        return {place: parked.count(connection, parked.place_of(place)) for place in PLACES}
    finally:
        connection.close()


def uri(instance: Instance, account: str) -> str:
    """The broker's address for an account of the stack."""
    broker = urlsplit(str(instance.state()["admin"]["amqp"]))
    password = secrets.read(instance)[f"{account.upper()}_AMQP_PASSWORD"]
    place = f"{account}:{quote(password, safe='')}@{broker.hostname}:{broker.port}"
    return urlunsplit((broker.scheme, place, broker.path, "", ""))
