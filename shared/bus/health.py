"""What every process answers: whether it is well."""

from __future__ import annotations

from typing import Any

from shared.bus.method import query
from shared.cause import Call
from shared.schemas import Request


class Health:
    """Mixin: `ping` answers when the process, its broker connection and its database work."""

    name: str
    store: Any

    @query(None, Request)
    def ping(self, call: Call) -> dict[str, str]:
        """`{"service": name, "status": "ok"}`; `Unavailable` when the database is away."""
        self.store.db.ping()
        return {"service": self.name, "status": "ok"}
