"""Dispatch's RPC methods: who gets the work, and why it was that agent."""

from __future__ import annotations

from typing import Any

from services.dispatch import explaining_assignment, schemas_assigning
from services.dispatch.store import DispatchStore
from shared.bus import Call, query
from shared.mongo import Mongo


class Assigning:
    """Who gets the work, and why it was that agent."""

    store: Mongo[DispatchStore]

    @query("read", schemas_assigning.ExplainAssignment)
    def explain_assignment(self, call: Call, assignment: int | None, **named: str) -> Any:
        """Every candidate of a choice: what excluded it, or its score; the choice made again. Raises NotFound."""
        order_no = self.store.order_no(**named)
        order, entries = self.store.orders.get(order_no), self.store.orders.entries(order_no)
        document = self.store.assignments.get(order_no, assignment)
        return explaining_assignment.assignment(order, document, entries, self.store.books)
