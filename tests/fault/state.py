"""All that a stack has stored and sent, at one moment, as the administrator sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tests.support import Stack

Document = Mapping[str, Any]

#: Collections whose documents have an outbox and a history.
AGGREGATES = (
    *("intake_tickets", "intake_customers", "dispatch_orders", "dispatch_agents"),
    *("feedback_cases", "notify_messages"),
)


class State:
    """All documents at one moment, histories merged with what has left the documents."""

    def __init__(self, stack: Stack) -> None:
        self._database = stack.database
        self.stack = stack
        self.tickets = self._all("intake_tickets", "ticket_no")
        self.orders = self._all("dispatch_orders")
        self.agents = self._all("dispatch_agents")
        self.assignments = {row["_id"]: row for row in self._database["dispatch_assignments"].find()}
        self.cases = self._all("feedback_cases")
        self.work = self._all("feedback_work")
        self.messages = self._all("notify_messages")
        self.customers = self._all("intake_customers")
        self.texts = stack.texts()
        self.mail_ids = [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in stack.mails()]

    def _all(self, collection: str, key: str = "_id") -> dict[str, dict[str, Any]]:
        found = {row[key]: dict(row) for row in self._database[collection].find()}
        spilled: dict[str, list[Document]] = defaultdict(list)
        for entry in self._database[f"{collection.partition('_')[0]}_history"].find({}):
            spilled[entry["aggregate"]].append(entry)
        for row in found.values():
            kept = {
                entry["number"]: entry for entry in [*spilled[f"{collection}/{row['_id']}"], *row.get("history", [])]
            }
            row["history"] = [kept[number] for number in sorted(kept)]
        return found

    @property
    def aggregates(self) -> dict[str, dict[str, Any]]:
        """Name -> document, of every collection that has a history."""
        kinds = {"ticket": self.tickets, "order": self.orders, "agent": self.agents, "case": self.cases}
        kinds |= {"message": self.messages, "customer": self.customers}
        return {f"{kind} {key}": row for kind, rows in kinds.items() for key, row in rows.items()}


def types(row: Document) -> list[str]:
    """What happened, in order."""
    return [entry["type"] for entry in row["history"]]


def order_no_of(ticket_no: str) -> str:
    """A ticket's work order."""
    return "W-" + ticket_no.removeprefix("T-")
