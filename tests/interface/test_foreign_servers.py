"""The local stack on a RabbitMQ and a MongoDB that somebody else runs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from deploy.localstack import launch, management
from deploy.localstack.instance import Instance
from tests.support import Stack, eventually


@pytest.fixture(scope="module")
def theirs() -> Iterator[Stack]:
    """Servers of somebody else."""
    instance = Instance(f"test-{os.getpid()}-theirs")
    launch.up(instance, "--servers-only", "--discard", f"--with-process={os.getpid()}")
    yield Stack(instance)
    launch.down(instance, discard=True)


def test_a_stack_on_foreign_servers_works_and_leaves_them_as_they_were(theirs: Stack, monkeypatch: pytest.MonkeyPatch):
    for variable, uri in theirs.admin().items():
        monkeypatch.setenv(variable, uri)
    before = seen(theirs)
    instance = Instance(f"test-{os.getpid()}-guest")
    launch.up(instance, "--discard", f"--with-process={os.getpid()}")
    guest = Stack(instance)
    try:
        assert set(guest.state["processes"]).isdisjoint({"rabbitmq", "epmd", "mongo"})
        assert guest.state["amqp"]["vhost"] == guest.state["mongo"]["database"] == f"loopdesk-{instance.name}"
        eventually(lambda: guest.client("operator").call("intake", "ping"))
    finally:
        guest.close()
        launch.down(instance, discard=True)
    assert seen(theirs) == before


def seen(stack: Stack) -> dict[str, list[str]]:
    """Virtual hosts, accounts, databases."""

    def names(path: str) -> list[str]:
        return sorted(one["name"] for one in management.ask(stack.management_uri, stack.admin_amqp_uri, path))

    with MongoClient(stack.admin_mongo_uri) as client:
        return {"vhosts": names("vhosts"), "users": names("users"), "databases": sorted(client.list_database_names())}


@pytest.mark.parametrize(
    ("variable", "uri"),
    [("LOOPDESK_AMQP_ADMIN_URI", "amqps://a:b@host"), ("LOOPDESK_MONGO_ADMIN_URI", "mongodb+srv://a:b@host")],
)
def test_an_address_that_cannot_be_used_is_named(variable: str, uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(variable, uri)
    instance = Instance(f"test-{os.getpid()}-guest")
    with pytest.raises(launch.StackError, match=variable):
        launch.up(instance, "--servers-only", "--discard")
    instance.forget()
