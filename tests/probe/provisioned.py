"""The deploy step's own code, made to see the probe where it looks for the services."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from deploy import catalogue, provision_broker, provision_mongo
from tests.probe import service

SERVICES = ("probe", "other", "notify")  # the last because consumers' queues hang on it
CLIENTS = ("importer", "clerk", "reader", "outsider", "operator")
PERMISSIONS = (
    "importer=submit,work,read,backdate;clerk=submit,work,read;reader=read;operator=administer,read;probe=read"
)
PASSWORD = "pw"


def provision(amqp_admin: str, management: str, mongo_admin: str) -> None:
    """Broker objects, accounts, collections and indexes."""
    accounts = (*SERVICES, *CLIENTS, *catalogue.CONSUMERS, catalogue.MAIL_RECEIVER)
    environ = {
        f"{account.upper().replace('-', '_')}_{kind}_PASSWORD": PASSWORD
        for account in accounts
        for kind in ("AMQP", "MONGO")
    }
    with probe_in_place_of_the_services():
        provision_mongo.provision_mongo(mongo_admin, environ, lambda text: None)
        provision_broker.provision_broker(amqp_admin, management, CLIENTS, environ, lambda text: None)


@contextmanager
def probe_in_place_of_the_services() -> Iterator[None]:
    """The deploy step's code sees the probe and `other` where it looks for services."""
    modules: dict[str, Any] = {f"services.probe.{room}": service for room in ("worker", "store")}
    for name in SERVICES[1:]:  # no code, only names that the probe must not touch
        modules[f"services.{name}.store"] = SimpleNamespace(COLLECTIONS={f"{name}_things": []}, AGGREGATES=())
        modules[f"services.{name}.worker"] = SimpleNamespace(**{f"{name.capitalize()}Worker": object})
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(sys.modules, modules))
        for module in (provision_broker, provision_mongo):
            stack.enter_context(mock.patch.object(module, "SERVICES", SERVICES))
        yield
