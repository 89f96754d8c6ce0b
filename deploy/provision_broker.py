"""The broker: vhost, exchanges, queues, policies, accounts, and for each account the least that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pika
import requests
from pika.adapters.blocking_connection import BlockingChannel

from deploy.catalogue import CONSUMERS, PROCESSES, SERVICES, subscriptions
from deploy.provision_mongo import password_of
from shared.bus.topology import (
    CONSUMERS_EVENTS,
    DELIVERY_LIMIT,
    MESSAGES,
    RETRY_TIERS,
    RPC_EXCHANGE,
    UNROUTED,
    events_exchange,
    owner,
    parking,
    retry_exchange,
    return_exchange,
    rpc_queue,
)

QUORUM = {"x-queue-type": "quorum"}
MESSAGE_KEYS = tuple(f"{channel}.{lane}" for channel in ("sms", "email") for lane in ("urgent", "bulk"))


@dataclass(frozen=True)
class Rights:
    """What an account may do: RabbitMQ's regular expressions, and per topic exchange those on routing keys."""

    configure: str
    write: str
    read: str
    topics: Mapping[str, tuple[str, str]]  # exchange -> (write, read)
    tags: str = ""


def _any(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def _replies(account: str) -> str:
    return rf"reply\.{re.escape(account)}\.[A-Za-z0-9_-]+"


def service_rights(service: str) -> Rights:
    """A service: its own queues and exchanges, replies, and pings of itself."""
    replies = _replies(service)
    return Rights(
        configure=_any(replies),
        write=_any(
            RPC_EXCHANGE,
            rf"{service}\.(events|return|parking)",
            rf"{service}\.retry\.\d+",
            replies,
            *([re.escape(MESSAGES)] if service == "notify" else []),
        ),
        read=_any(rf"rpc-{service}(-worker)?", rf"{service}\.[a-z]+\.[a-z_]+\.[a-z_]+", RPC_EXCHANGE, replies),
        topics={
            RPC_EXCHANGE: (
                _any(r"reply\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", rf"{service}(-worker)?\.ping"),
                _any(replies),
            ),
        },
    )


def client_rights(account: str) -> Rights:
    """A calling system: requests to the services, replies to itself; `operator` also sees to parked messages."""
    replies, operator = _replies(account), account == "operator"
    services = "|".join(SERVICES)
    return Rights(
        configure=_any(replies),
        write=_any(RPC_EXCHANGE, replies, *([rf"({services})\.return"] if operator else [])),
        read=_any(RPC_EXCHANGE, replies, *([rf"({services})\.parking", UNROUTED] if operator else [])),
        topics={RPC_EXCHANGE: (_any(rf"({services})(-worker)?\.[a-z_]+"), _any(replies))},
        tags="monitoring" if operator else "",
    )


def consumer_rights(account: str) -> Rights:
    """A consumer of messages: its queues, and receipts."""
    channel = account.partition("-")[0]
    return Rights(
        configure="^$",
        write=_any(re.escape(CONSUMERS_EVENTS)),
        read=_any(rf"notify\.{channel}\.(urgent|bulk)"),
        topics={CONSUMERS_EVENTS: ("^receipt$", "^$")},
    )


class Management:
    """RabbitMQ's management API, as the administrator in the AMQP URI."""

    def __init__(self, base: str, amqp_uri: str) -> None:
        parts = urlsplit(amqp_uri)
        self.vhost = unquote(parts.path[1:]) or "/"
        self._base = base.rstrip("/")
        self._admin = unquote(parts.username or "guest")
        self._session = requests.Session()
        self._session.auth = (self._admin, unquote(parts.password or "guest"))

    def put(self, *path: str, **body: Any) -> None:
        """PUT /api/<path>; raises with the broker's reason."""
        url = f"{self._base}/api/{'/'.join(quote(part, safe='') for part in path)}"
        answer = self._session.put(url, json=body, timeout=30)
        if not answer.ok:
            raise SystemExit(f"broker refuses PUT /api/{'/'.join(path)}: {answer.status_code} {answer.text[:300]}")

    def make_vhost(self) -> None:
        """The vhost, and the administrator's own rights in it."""
        self.put("vhosts", self.vhost)
        self.put("permissions", self.vhost, self._admin, configure=".*", write=".*", read=".*")

    def account(self, name: str, password: str, rights: Rights) -> None:
        """An account with exactly these rights."""
        self.put("users", name, password=password, tags=rights.tags)
        self.put("permissions", self.vhost, name, configure=rights.configure, write=rights.write, read=rights.read)
        for exchange, (write, read) in rights.topics.items():
            self.put("topic-permissions", self.vhost, name, exchange=exchange, write=write, read=read)

    def policy(self, name: str, pattern: str, **definition: Any) -> None:
        """A policy on queues; limits stand here and not in arguments, since arguments cannot be changed later."""
        self.put("policies", self.vhost, name, pattern=pattern, **{"apply-to": "queues"}, definition=definition)


def provision_broker(
    amqp_uri: str, management_uri: str, clients: Iterable[str], environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Make what is missing, bring rights and passwords up to date."""
    management = Management(management_uri, amqp_uri)
    management.make_vhost()
    for service in SERVICES:
        _policies(management, service)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_uri))
    try:
        queues = _objects(connection.channel())
    finally:
        connection.close()
    say(f"broker: {queues} queues in vhost {management.vhost}")
    rights = {
        **{service: service_rights(service) for service in SERVICES},
        **{client: client_rights(client) for client in clients},
        **{consumer: consumer_rights(consumer) for consumer in CONSUMERS},
    }
    for account, its_rights in rights.items():
        management.account(account, password_of(account, "AMQP", environ), its_rights)
    say(f"broker: accounts {', '.join(rights)}")


def _policies(management: Management, service: str) -> None:
    dead = {
        "dead-letter-exchange": parking(service),
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }
    limited = {"delivery-limit": DELIVERY_LIMIT, **dead}
    handlers = rf"{service}\.({'|'.join((*SERVICES, 'consumers'))})\.[a-z_]+\.[a-z_]+"
    management.policy(f"{service}-limits", _any(rf"rpc-{service}(-worker)?", handlers), **limited)


def _objects(channel: BlockingChannel) -> int:
    declared = 0

    def queue(name: str, arguments: Mapping[str, Any] = QUORUM) -> None:
        nonlocal declared
        channel.queue_declare(name, durable=True, arguments=dict(arguments))
        declared += 1

    def exchange(name: str, kind: str, arguments: Mapping[str, Any] | None = None) -> None:
        channel.exchange_declare(name, kind, durable=True, arguments=dict(arguments or {}))

    exchange(UNROUTED, "fanout")
    queue(UNROUTED)
    channel.queue_bind(UNROUTED, UNROUTED)
    exchange(RPC_EXCHANGE, "topic")
    for process in PROCESSES:
        queue(rpc_queue(process))
        channel.queue_bind(rpc_queue(process), RPC_EXCHANGE, f"{process}.*")
    for source in (*map(events_exchange, SERVICES), CONSUMERS_EVENTS):
        exchange(source, "topic", {"alternate-exchange": UNROUTED})
    for service in SERVICES:
        exchange(parking(service), "fanout")
        queue(parking(service))
        channel.queue_bind(parking(service), parking(service))
        exchange(return_exchange(service), "direct")
        for milliseconds in RETRY_TIERS:
            tier = retry_exchange(service, milliseconds)
            exchange(tier, "fanout")
            queue(tier, QUORUM | _tier(service, milliseconds))
            channel.queue_bind(tier, tier)
        for subscription in subscriptions(service):
            queue(subscription.queue)
            channel.queue_bind(subscription.queue, events_exchange(subscription.source), subscription.event)
            channel.queue_bind(subscription.queue, return_exchange(owner(service)), subscription.queue)
    exchange(MESSAGES, "direct", {"alternate-exchange": UNROUTED})
    for key in MESSAGE_KEYS:
        queue(f"notify.{key}")
        channel.queue_bind(f"notify.{key}", MESSAGES, key)
    return declared


def _tier(service: str, milliseconds: int) -> dict[str, Any]:
    return {
        "x-message-ttl": milliseconds,
        "x-dead-letter-exchange": return_exchange(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
