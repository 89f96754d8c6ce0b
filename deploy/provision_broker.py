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

from deploy.catalogue import CONSUMERS, MAIL_RECEIVER, subscriptions
from deploy.provision_mongo import password_of
from deploy.services import KINDS, SERVICES
from shared import lanes
from shared.bus.topology import (
    CONSUMERS_EVENTS,
    DELIVERY_LIMIT,
    MESSAGES,
    RETRY_TIERS,
    RPC_EXCHANGE,
    UNROUTED,
    Subscription,
    events_exchange,
    parking,
    retry_exchange,
    return_exchange,
    rpc_queue,
)

ANY_REPLY = r"reply\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
QUORUM = {"x-queue-type": "quorum"}
MESSAGE_KEYS = tuple(lanes.routing_key(channel, lane) for channel in lanes.CHANNELS for lane in lanes.LANES)
#: What an account may publish to consumers.events.
TOLD = {
    "sms-consumer": ("receipt", "sms_received"),
    "email-consumer": ("receipt",),
    "mail-receiver": ("receipt", "mail_received"),
}


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
            rf"{service}\.(events|parking)",
            rf"{service}\.retry\.\d+",
            replies,
            *([re.escape(MESSAGES)] if service == "notify" else []),
        ),
        read=_any(rf"rpc-{service}(-[a-z]+)?", rf"{service}\.[a-z]+\.[a-z_]+\.[a-z_]+", RPC_EXCHANGE, replies),
        topics={
            RPC_EXCHANGE: (
                _any(r"reply\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", rf"{service}(-[a-z]+)?\.ping"),
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
        write=_any(RPC_EXCHANGE, replies, *(_replays(services) if operator else [])),
        read=_any(RPC_EXCHANGE, replies, *([rf"({services})\.parking", UNROUTED] if operator else [])),
        topics={RPC_EXCHANGE: (_any(rf"({services})(-[a-z]+)?\.[a-z_]+"), _any(replies))},
        tags="monitoring" if operator else "",
    )


def _replays(services: str) -> list[str]:
    """Where parked and unrouted messages go again."""
    return [rf"({services})\.return", rf"({services}|consumers)\.events", re.escape(MESSAGES)]


def consumer_rights(account: str) -> Rights:
    """A consumer of messages: its channel's queues, and what it tells. The receiver of mails has no queue."""
    channel = account.removesuffix("-consumer")
    return Rights(
        configure="^$",
        write=_any(re.escape(CONSUMERS_EVENTS)),
        read=_any(*(re.escape(lanes.queue(channel, lane)) for lane in lanes.LANES if channel in lanes.CHANNELS)),
        topics={CONSUMERS_EVENTS: (_any(*TOLD[account]), "^$")},
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

    def queues(self) -> set[str]:
        """The names of the vhost's durable queues."""
        url = f"{self._base}/api/queues/{quote(self.vhost, safe='')}"
        answer = self._session.get(url, params={"columns": "name,durable"}, timeout=30)
        answer.raise_for_status()
        return {queue["name"] for queue in answer.json() if queue["durable"]}

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
        limit(management, service)
    # no delivery limit: what a consumer gives back while its gateway is away must wait however long that lasts
    management.policy(
        "messages", _any(*(rf"notify\.{re.escape(key)}" for key in MESSAGE_KEYS)), **dead_letters("notify")
    )
    connection = pika.BlockingConnection(pika.URLParameters(amqp_uri))
    try:
        declarer = Declarer(connection.channel())
        declarer.common()
        for service in SERVICES:
            declarer.service(service)
        declarer.messages()
        for service in SERVICES:  # a handler's queue is bound to another service's exchange: those stand now
            declarer.handlers(subscriptions(service))
    finally:
        connection.close()
    say(f"broker: {len(declarer.queues)} queues in vhost {management.vhost}")
    for name in sorted(management.queues() - declarer.queues):
        say(f"broker: queue {name} is none of this release's: see that it is empty, then delete it")
    rights = {
        **{client: client_rights(client) for client in clients},
        # after the clients: one that has a service's name by mistake must not take the service's rights away
        **{service: service_rights(service) for service in SERVICES},
        **{consumer: consumer_rights(consumer) for consumer in (*CONSUMERS, MAIL_RECEIVER)},
    }
    for account, its_rights in rights.items():
        management.account(account, password_of(account, "AMQP", environ), its_rights)
    say(f"broker: accounts {', '.join(rights)}")


def limit(management: Management, service: str) -> None:
    """End endless redelivery: after so many, a message goes to the service's parking queue."""
    handlers = rf"{service}\.[a-z]+\.[a-z_]+\.[a-z_]+"
    # a call that has expired or cannot be taken is its caller's to repeat: it is not kept
    management.policy(f"{service}-calls", _any(rf"rpc-{service}(-[a-z]+)?"), **{"delivery-limit": DELIVERY_LIMIT})
    management.policy(
        f"{service}-limits",
        _any(handlers),
        **{
            "delivery-limit": DELIVERY_LIMIT,
            **dead_letters(service),
        },
    )


def dead_letters(service: str) -> dict[str, str]:
    """A policy's part: what a queue gives up goes to the service's parking queue, and is not lost on the way."""
    return {
        "dead-letter-exchange": parking(service),
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }


class Declarer:
    """Declares durable exchanges and quorum queues over one channel, and knows which queues."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel
        self.queues: set[str] = set()

    def queue(self, name: str, bindings: Mapping[str, str], arguments: Mapping[str, Any] | None = None) -> None:
        """A queue and its bindings: exchange -> routing key."""
        self._channel.queue_declare(name, durable=True, arguments=QUORUM | dict(arguments or {}))
        for exchange, key in bindings.items():
            self._channel.queue_bind(name, exchange, key)
        self.queues.add(name)

    def exchange(self, name: str, kind: str, unroutable_to: str | None = None) -> None:
        """An exchange; what it cannot route goes to `unroutable_to`, or back to the publisher."""
        arguments = {"alternate-exchange": unroutable_to} if unroutable_to else {}
        self._channel.exchange_declare(name, kind, durable=True, arguments=arguments)

    def common(self) -> None:
        """What belongs to no single service."""
        self.exchange(UNROUTED, "fanout")
        self.queue(UNROUTED, {UNROUTED: ""})
        self.exchange(RPC_EXCHANGE, "topic")
        self.exchange(CONSUMERS_EVENTS, "topic", UNROUTED)
        self.exchange(MESSAGES, "direct", UNROUTED)

    def service(self, service: str) -> None:
        """A service's own exchanges, and every queue but its handlers'."""
        for process in (f"{service}{kind}" for kind in KINDS.get(service, ("", "-worker"))):
            self.queue(rpc_queue(process), {RPC_EXCHANGE: f"{process}.*"})
        self.exchange(events_exchange(service), "topic", UNROUTED)
        self.exchange(parking(service), "fanout")
        self.queue(parking(service), {parking(service): ""})
        self.exchange(return_exchange(service), "direct")
        for milliseconds in RETRY_TIERS:
            tier = retry_exchange(service, milliseconds)
            self.exchange(tier, "fanout")
            self.queue(tier, {tier: ""}, _tier(service, milliseconds))

    def messages(self) -> None:
        """The queues on which finished messages wait for consumers; what none can read comes back from parking."""
        for key in MESSAGE_KEYS:
            name = f"notify.{key}"
            self.queue(name, {MESSAGES: key, return_exchange("notify"): name})

    def handlers(self, subscriptions: Iterable[Subscription]) -> None:
        """A queue per handler and event: from the source's events, and back from a delay or from parking."""
        for subscription in subscriptions:
            name = subscription.queue
            exchanges = {events_exchange(subscription.source): subscription.event}
            self.queue(name, exchanges | {return_exchange(subscription.service): name})


def _tier(service: str, milliseconds: int) -> dict[str, Any]:
    return {
        "x-message-ttl": milliseconds,
        "x-dead-letter-exchange": return_exchange(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
