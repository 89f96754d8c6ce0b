"""What the services declare, read off their classes: handlers, collections, indexes. The only importer of all four."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from pymongo import ASCENDING, IndexModel

from deploy.services import KINDS
from services.notify.consumers import store as consumer_store
from services.notify.consumers.sms import store as sms_store
from shared.aggregates import AGGREGATE_INDEXES
from shared.bus.handler import EventHandler
from shared.bus.topology import Subscription

CONSUMERS = ("sms-consumer", "email-consumer")
#: Takes the mails that come in: an account at the broker, no queue and no collection.
MAIL_RECEIVER = "mail-receiver"


def worker(service: str) -> Any:
    """The class that holds a service's handlers."""
    return getattr(importlib.import_module(f"services.{service}.worker"), f"{service.capitalize()}Worker")


def timed(service: str) -> list[Any]:
    """The classes that hold a service's timers: the worker, and the processes of other kinds."""
    others = [kind.removeprefix("-") for kind in KINDS.get(service, ()) if kind not in ("", "-worker")]
    modules = {kind: importlib.import_module(f"services.{service}.{kind}") for kind in others}
    return [worker(service), *(getattr(modules[kind], service.capitalize() + kind.capitalize()) for kind in others)]


def subscriptions(service: str) -> Iterator[Subscription]:
    """Every (event, handler) of a service."""
    cls = worker(service)
    for name in sorted(dir(cls)):
        for entrypoint in getattr(getattr(cls, name), "nameko_entrypoints", ()):
            if isinstance(entrypoint, EventHandler):
                yield entrypoint.subscription(cls.name, name)


def collections(account: str) -> dict[str, list[IndexModel]]:
    """Every collection that a service or consumer owns, with its indexes, the kernel's own included."""
    if account in CONSUMERS:
        name = f"consumer_{account.partition('-')[0]}_messages"
        beside = sms_store.COLLECTIONS if account == "sms-consumer" else {}
        return {name: consumer_store.COLLECTIONS[name], **beside}
    return _collections_of(account)


def _collections_of(service: str) -> dict[str, list[IndexModel]]:
    store = importlib.import_module(f"services.{service}.store")
    found = {name: list(indexes) for name, indexes in store.COLLECTIONS.items()}
    for name in store.AGGREGATES:
        found.setdefault(name, []).extend(AGGREGATE_INDEXES)
    found[f"{service}_history"] = [
        IndexModel([("aggregate", ASCENDING), ("number", ASCENDING)], name="aggregate_number", unique=True)
    ]
    found[f"{service}_requests"] = [IndexModel([("until", ASCENDING)], name="expiry", expireAfterSeconds=0)]
    found.setdefault(f"{service}_reference", [])
    return found
