"""Names on the bus, in one place: exchanges, queues, routing keys and headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

RPC_EXCHANGE = "nameko-rpc"
UNROUTED = "unrouted"  # alternate exchange and queue for events that no queue takes
MESSAGES = "notify.messages"
CONSUMERS_EVENTS = "consumers.events"

#: Waits before a failed event comes back, in milliseconds; after the last it is parked.
RETRY_TIERS = (1_000, 5_000, 30_000, 120_000, 600_000)
#: Wait when only the database is away: does not count as an attempt.
OUTAGE_TIER = 5_000
DELIVERY_LIMIT = 20

# names that do not begin with x-: RabbitMQ keeps those across republishing
ATTEMPTS = "loopdesk-attempts"
QUEUE = "loopdesk-queue"
REASON = "loopdesk-reason"
PARKED_AT = "loopdesk-parked-at"

REPLY_ADDRESS = re.compile(r"reply\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, order=True)
class Subscription:
    """One handler of one event type: one queue."""

    service: str
    source: str
    event: str
    handler: str

    @property
    def queue(self) -> str:
        """`<service>.<source>.<event>.<handler>`."""
        return f"{self.service}.{self.source}.{self.event}.{self.handler}"


def owner(process: str) -> str:
    """The service that a process belongs to: `intake` for `intake` and `intake-worker`."""
    return process.partition("-")[0]


def rpc_queue(process: str) -> str:
    """The queue on which a process takes calls."""
    return f"rpc-{process}"


def events_exchange(source: str) -> str:
    """Where a service's events are published, by type."""
    return f"{source}.events"


def return_exchange(service: str) -> str:
    """Leads back to a handler's queue by the queue's name."""
    return f"{service}.return"


def retry_exchange(service: str, milliseconds: int) -> str:
    """Exchange and queue of a delay tier."""
    return f"{service}.retry.{milliseconds}"


def parking(service: str) -> str:
    """Exchange and queue of what cannot be handled."""
    return f"{service}.parking"
