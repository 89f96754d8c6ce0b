"""What the tests of the ledger share: customers with something to be told, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.client import Client
from shared.events import Event
from tests.interface.feigned import Feigned
from tests.interface.test_notify import Matter, a_receipt
from tests.support import Stack, eventually

LONG_AGO = datetime.now(UTC) - timedelta(days=30)
CHAIN = ["sms", "email", "call"]


def by_all_channels(body: dict[str, Any]) -> None:
    """Customers are told of the end by SMS, else by mail, else by a call; the shift's log by mail only."""
    for rule in body["rules"]:
        if (rule["event"], rule["audience"]) == ("work_closed", "customer"):
            rule |= {"channels": CHAIN, "urgency": "normal", "valid_for": "2d"}
    body["calls"] = {"lease": "15m", "again": "2h", "attempts": 2}


class Told:
    """A customer who was told that a matter is closed, or of what `tell` says, and the messages of that."""

    def __init__(
        self,
        stack: Stack,
        desk: Client,
        world: Feigned,
        tell: Callable[[Matter], Event] = Matter.closed,
        **customer: Any,
    ) -> None:
        self.stack, self.desk, self.world = stack, desk, world
        self.matter = Matter(**customer)
        world.tell(self.matter.customer_saved(), tell(self.matter))
        self.first = self.until(lambda: self.rows()[0] if self.rows() else None)

    def rows(self) -> list[dict[str, Any]]:
        """All messages, in order of writing."""
        found = self.desk.call("notify", "find_messages", ticket_no=self.matter.ticket_no)["messages"]
        return sorted(found, key=lambda row: row["written_at"])

    def row(self, channel: str) -> dict[str, Any]:
        """The message by this channel, once there is one."""

        def found() -> dict[str, Any] | None:
            return next((row for row in self.rows() if row["channel"] == channel), None)

        return self.until(found)

    def in_state(self, channel: str, *states: str) -> dict[str, Any]:
        """The message by this channel, once it has come to one of these states."""

        def there() -> dict[str, Any] | None:
            row = self.row(channel)
            return row if row["state"] in states else None

        return self.until(there)

    def receipt(self, channel: str, state: str, message_id: str | None = None) -> None:
        """A consumer says so."""
        self.world.tell(a_receipt(message_id or self.row(channel)["message_id"], state, channel))

    def as_if_without_a_word(self, channel: str, state: str = "handed_over") -> None:
        """The message has been in this state for a month, and its timer is due."""
        long_ago = {"state": state, "since": LONG_AGO, "timer_at": LONG_AGO}
        message_id = self.in_state(channel, "sent", "unknown")["message_id"]
        self.stack.database["notify_messages"].update_one(
            {"_id": message_id}, {"$set": long_ago, "$inc": {"revision": 1}}
        )

    def history(self) -> list[tuple[str, str]]:
        """What happened to all of them: (channel, fact)."""
        told = self.desk.call("notify", "message_history", message_id=self.first["message_id"])
        return [(entry["channel"], entry["type"]) for entry in told["history"]]

    @staticmethod
    def until(condition: Callable[[], Any]) -> Any:
        return eventually(condition)
