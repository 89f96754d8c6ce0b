from __future__ import annotations

import re

from deploy.catalogue import CONSUMERS, collections
from deploy.provision_broker import service_rights
from deploy.provision_mongo import actions
from deploy.services import SERVICES


def test_nobody_may_change_what_has_happened() -> None:
    kept = {
        name for account in (*SERVICES, *CONSUMERS) for name in collections(account) if "update" not in actions(name)
    }
    assert kept == {f"{service}_{what}" for service in SERVICES for what in ("history", "requests", "reference")}


def test_a_service_writes_where_it_publishes_and_nowhere_else() -> None:
    write = re.compile(service_rights("dispatch").write)
    for exchange in ("nameko-rpc", "dispatch.events", "dispatch.parking", "dispatch.retry.5000", "reply.dispatch.x"):
        assert write.search(exchange), exchange
    for exchange in ("", "dispatch.return", "intake.events", "notify.messages", "unrouted", "consumers.events"):
        assert not write.search(exchange), exchange
