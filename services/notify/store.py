"""Notify's documents, put together: the ledger, the customers, and what becomes messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import IndexModel

from services.notify.reference import NOTHING
from services.notify.reference import Reference as Rules
from services.notify.reference_schema import ReferenceData
from services.notify.storage import customers, messages
from services.notify.storage.customers import Customers
from services.notify.storage.messages import Messages
from services.notify.storage.telling import Telling
from shared.mongo import Database
from shared.reference import Reference
from shared.schemas import load

COLLECTIONS: dict[str, list[IndexModel]] = {"notify_messages": messages.INDEXES, "notify_customers": customers.INDEXES}
AGGREGATES = ("notify_messages",)


def build(body: Mapping[str, Any], version: int) -> Rules:
    """The rules in a body; `ValidationError` by path for what does not fit together."""
    return Rules.from_dict(load(ReferenceData, body), version)


class NotifyStore:
    """All that notify keeps."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reference = Reference(db, "notify", schema=ReferenceData, build=build, default=NOTHING)
        self.messages = Messages(db)
        self.customers = Customers(db)
        self.telling = Telling(self.reference, self.messages, self.customers)
