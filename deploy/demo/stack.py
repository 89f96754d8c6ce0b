"""The stack of the demo: started for the demo and gone after it, with everything that it kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pika

from deploy import parked
from deploy.localstack import launch
from deploy.localstack.access import Access
from deploy.localstack.instance import Instance
from shared.bus import topology
from shared.client import Client

PLACES = ("intake", "dispatch", "feedback", "notify", topology.UNROUTED)


@contextmanager
def running(name: str, *, keep: bool, say: Callable[[str], None]) -> Iterator[Instance]:
    """The stack, up. Ends it and removes its data, also when this process is killed, unless it shall be kept.

    One that was kept by an earlier demo is used again and left alone: what is played twice is done once.
    """
    instance = Instance(name)
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
    return Client(Access(instance).amqp_uri(account), name="loopdesk-demo")


def parked_messages(instance: Instance) -> dict[str, int]:
    """How many messages lie in each parking place."""
    connection = pika.BlockingConnection(pika.URLParameters(Access(instance).amqp_uri("operator")))
    try:
        return {place: parked.count(connection, parked.place_of(place)) for place in PLACES}
    finally:
        connection.close()
