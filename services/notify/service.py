"""Notify's RPC methods."""

from __future__ import annotations

from typing import Any

from services.notify import schemas
from services.notify.service_previews import Previews
from services.notify.store import NotifyStore
from shared.bus import Call, Health, query
from shared.mongo import Mongo
from shared.reference import ReferenceData
from shared.verification import Verification


class Notify(Health, Previews, ReferenceData, Verification):
    """Who is told: the ledger, for reading. Messages come from events only."""

    name = "notify"
    store = Mongo(NotifyStore)

    @query("read", schemas.FindMessages)
    def find_messages(self, call: Call, limit: int, after: str | None = None, **filters: Any) -> Any:
        """A page, newest first: {messages: [...], next: cursor of the next page, or null}."""
        found, more = self.store.messages.listed(filters, limit, after)
        return {"messages": [schemas.summary(message) for message in found], "next": more}

    @query("read", schemas.GetMessage)
    def get_message(self, call: Call, message_id: str) -> Any:
        """The message with its texts and its whole history. Raises NotFound."""
        return schemas.message(*self.store.messages.shown(message_id))
