"""Dispatch's RPC methods: everything that a simulation needs, in pages."""

from __future__ import annotations

from typing import Any

from services.dispatch import exporting
from services.dispatch.schemas.export import ExportHistory
from services.dispatch.store import DispatchStore
from shared.bus import Call, query
from shared.mongo import Mongo


class Export:
    """Everything that a simulation needs, in pages."""

    store: Mongo[DispatchStore]

    @query("administer", ExportHistory)
    def export_history(self, call: Call, what: str, limit: int, after: str | None) -> Any:
        """A page of records as they are stored, histories whole: {rows: [...], next: cursor or null}."""
        return exporting.page(self.store.db, what, limit, after)
