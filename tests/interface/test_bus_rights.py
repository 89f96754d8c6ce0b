"""Least rights on the real broker and database: nobody can do another's work, or speak in another's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker, UnroutableError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.provision_broker import MESSAGE_KEYS
from shared.bus.topology import CONSUMERS_EVENTS, DELIVERY_LIMIT, MESSAGES, RETRY_TIERS, RPC_EXCHANGE, UNROUTED
from tests.probe.lab import NOTE, Lab

Attempt = Callable[[Any], object]


def publish(exchange: str, key: str) -> Attempt:
    def attempt(channel: Any) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}", mandatory=True)

    return attempt


def bind(exchange: str, key: str, account: str) -> Attempt:
    """Binds a queue of the account's own."""

    def attempt(channel: Any) -> None:
        queue = f"reply.{account}.mine"
        channel.queue_declare(queue, exclusive=True)
        channel.queue_bind(queue, exchange, key)

    return attempt


def declare(queue: str, **arguments: Any) -> Attempt:
    return lambda channel: channel.queue_declare(queue, durable=True, arguments=arguments)


def consume(queue: str) -> Attempt:
    return lambda channel: channel.basic_get(queue)


FORBIDDEN: dict[tuple[str, str], Attempt] = {
    ("probe", "take another service's calls by binding"): bind(RPC_EXCHANGE, "other.#", "probe"),
    ("probe", "take its own calls by another binding"): bind(RPC_EXCHANGE, "probe.open", "probe"),
    ("probe", "take all calls"): bind(RPC_EXCHANGE, "#", "probe"),
    ("probe", "take another's replies"): bind(RPC_EXCHANGE, "reply.importer.x", "probe"),
    ("probe", "listen to another's events unasked"): bind("other.events", "#", "probe"),
    ("probe", "take from another service's queue"): consume("rpc-other"),
    ("probe", "take from another service's parking"): consume("other.parking"),
    ("probe", "take what is unrouted"): consume(UNROUTED),
    ("probe", "call another service"): publish(RPC_EXCHANGE, "other.do_something"),
    ("probe", "call itself"): publish(RPC_EXCHANGE, "probe.open"),
    ("probe", "tell another's events"): publish("other.events", "told"),
    ("probe", "tell a consumer's receipt"): publish(CONSUMERS_EVENTS, "receipt"),
    ("probe", "hand messages to consumers"): publish(MESSAGES, MESSAGE_KEYS[0]),
    ("probe", "send into another's queues"): publish("other.return", "other.x.y.z"),
    ("probe", "send by the default exchange"): publish("", "rpc-other"),
    ("probe", "declare a queue"): declare("probe.probe.new.handler"),
    ("probe", "declare an exchange"): lambda channel: channel.exchange_declare("probe.more", "topic"),
    ("probe", "delete a queue"): lambda channel: channel.queue_delete(NOTE),
    ("probe", "purge a queue"): lambda channel: channel.queue_purge("other.parking"),
    ("probe", "send dead letters elsewhere"): declare(
        "reply.probe.x", **{"x-dead-letter-exchange": "other.events", "x-dead-letter-routing-key": "told"}
    ),
    ("importer", "answer in a service's name"): publish(RPC_EXCHANGE, "reply.clerk.x"),
    ("importer", "tell events"): publish("probe.events", "counted"),
    ("importer", "send into a service's queues"): publish("probe.return", NOTE),
    ("importer", "send by the default exchange"): publish("", "rpc-probe"),
    ("importer", "take a service's calls"): consume("rpc-probe"),
    ("importer", "take all calls"): bind(RPC_EXCHANGE, "#", "importer"),
    ("importer", "take a service's calls by binding"): bind(RPC_EXCHANGE, "probe.*", "importer"),
    ("importer", "take another caller's replies"): bind(RPC_EXCHANGE, "reply.clerk.*", "importer"),
    ("importer", "listen to events"): bind("probe.events", "#", "importer"),
    ("importer", "look into parking"): consume("probe.parking"),
    ("operator", "answer in a service's name"): publish(RPC_EXCHANGE, "reply.clerk.x"),
    ("operator", "take from a handler's queue"): consume(NOTE),
    ("sms-consumer", "take e-mails"): consume("notify.email.urgent"),
    ("sms-consumer", "call a service"): publish(RPC_EXCHANGE, "probe.open"),
    ("sms-consumer", "tell events of other types"): publish(CONSUMERS_EVENTS, "told"),
    ("sms-consumer", "tell a service's events"): publish("probe.events", "counted"),
    ("sms-consumer", "tell of mails"): publish(CONSUMERS_EVENTS, "mail_received"),
    ("email-consumer", "tell of SMS"): publish(CONSUMERS_EVENTS, "sms_received"),
    ("email-consumer", "tell of mails"): publish(CONSUMERS_EVENTS, "mail_received"),
    ("mail-receiver", "tell of SMS"): publish(CONSUMERS_EVENTS, "sms_received"),
    ("mail-receiver", "take messages"): consume("notify.email.urgent"),
}


@pytest.mark.parametrize(("account", "what"), FORBIDDEN, ids=lambda text: text.replace(" ", "_"))
def test_the_broker_does_not_let(lab: Lab, account: str, what: str) -> None:
    attempt = FORBIDDEN[account, what]
    with lab.channel(account) as channel, pytest.raises(ChannelClosedByBroker) as refused:
        attempt(channel)
    assert refused.value.reply_code == 403, refused.value


ALLOWED: dict[tuple[str, str], Attempt] = {
    ("probe", "tell its own events"): publish("probe.events", "of a type that nobody hears"),
    ("probe", "ping itself"): publish(RPC_EXCHANGE, "probe.ping"),
    ("probe", "take its calls"): consume("rpc-probe-worker"),
    ("importer", "have replies"): bind(RPC_EXCHANGE, "reply.importer.mine", "importer"),
    ("operator", "look into parking"): consume("other.parking"),
    ("operator", "look into what is unrouted"): consume(UNROUTED),
    ("sms-consumer", "take its messages"): consume("notify.sms.normal"),
    ("sms-consumer", "tell of SMS"): publish(CONSUMERS_EVENTS, "sms_received"),
    ("mail-receiver", "tell of mails"): publish(CONSUMERS_EVENTS, "mail_received"),
    ("mail-receiver", "tell of bounces"): publish(CONSUMERS_EVENTS, "receipt"),
}


def test_provisioning_twice_changes_nothing(lab: Lab) -> None:
    what = ("name", "source", "destination", "routing_key", "user", "exchange", "pattern", "definition")
    rights = ("configure", "write", "read", "arguments", "durable", "type")

    def seen() -> Any:
        return [
            sorted(repr({key: row[key] for key in (*what, *rights) if key in row}) for row in rows)
            for kind in ("exchanges", "queues", "bindings", "policies", "permissions", "topic-permissions")
            for rows in [lab.management("GET", kind)]
        ]

    before = seen()
    lab.provision()
    assert seen() == before


def test_queues_and_events_survive_the_broker_and_limits_stand_in_policies(lab: Lab) -> None:
    queues = {row["name"]: row for row in lab.management("GET", f"queues/{lab.vhost}")}
    own = {name: row for name, row in queues.items() if name.startswith(("probe.", "rpc-", "notify.", "other."))}
    assert {"rpc-probe", "rpc-probe-worker", NOTE, "probe.parking", UNROUTED} <= queues.keys()
    assert {f"probe.retry.{tier}" for tier in RETRY_TIERS} <= queues.keys()
    for name, row in own.items():
        assert row["durable"], name
        assert row["type"] == "quorum", name
        assert "x-delivery-limit" not in row["arguments"], name
    policy = lab.management("GET", f"policies/{lab.vhost}/probe-limits")["definition"]
    assert policy["delivery-limit"] == DELIVERY_LIMIT
    assert policy["dead-letter-exchange"] == "probe.parking"
    assert policy["dead-letter-strategy"] == "at-least-once"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda db: db.other_things.find_one({}),
        lambda db: db.other_things.insert_one({"x": 1}),
        lambda db: db.consumer_sms_messages.find_one({}),
        lambda db: db.probe_of_my_own.insert_one({"x": 1}),
        lambda db: db.probe_counters.drop(),
        lambda db: db.probe_counters.create_index("x"),
        lambda db: db.list_collection_names(),
        lambda db: db.command("usersInfo", 1),
        lambda db: db.client["admin"].system.users.find_one({}),
        lambda db: db.client["local"]["oplog.rs"].find_one({}),
        lambda db: db.client["elsewhere"].things.insert_one({"x": 1}),
    ],
    ids=[
        "read_anothers_collection",
        "write_anothers_collection",
        "read_a_consumers_store",
        "make_a_collection",
        "drop_its_own_collection",
        "make_an_index",
        "list_collections",
        "list_accounts",
        "read_accounts",
        "read_the_oplog",
        "write_another_database",
    ],
)
def test_the_database_does_not_let_a_service(lab: Lab, attempt: Callable[[Any], object]) -> None:
    with MongoClient(lab.mongo_uri("probe")) as client, pytest.raises(OperationFailure) as refused:
        attempt(client.get_default_database())
    assert refused.value.code == 13  # Unauthorized


def test_nobody_comes_in_without_the_password(lab: Lab) -> None:
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(lab.amqp_uri("probe").replace(":pw@", ":guessed@")))
    guessed = lab.mongo_uri("probe").replace(":pw@", ":guessed@")
    with MongoClient(guessed) as client, pytest.raises(OperationFailure):
        client.get_default_database().probe_counters.find_one({})


@pytest.mark.parametrize(("account", "what"), ALLOWED, ids=lambda text: text.replace(" ", "_"))
def test_the_broker_lets(lab: Lab, account: str, what: str) -> None:
    lab.stop("probe-worker")
    with lab.channel(account) as channel:
        try:
            ALLOWED[account, what](channel)
        except UnroutableError:
            pytest.fail("nothing takes it")
