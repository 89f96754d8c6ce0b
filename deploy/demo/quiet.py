"""When the play is over but its effects still travel: waiting until nothing moves any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.client import Client

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 150.0  # without any change: longer than the third retry's delay of two minutes
OPEN = ("submitted", "assigned", "on_hold", "resolved", "reopened")
UNDER_WAY = ("queued", "handed_over")
PAGE = 200


@dataclass(frozen=True)
class Remaining:
    """What still has to come; a page at a time, so each number counts to 200 per state only."""

    tickets: int  # not closed yet
    cases: int  # not closed yet, by feedback's figures
    messages: int  # without a receipt

    def __bool__(self) -> bool:
        """Whether anything remains."""
        return any((self.tickets, self.cases, self.messages))

    def __str__(self) -> str:
        """As a watcher shows it."""
        return f"open: {self.tickets} tickets, {self.cases} cases, {self.messages} messages"


def wait(client: Client, since: datetime, until: datetime, say: Callable[[Remaining], None]) -> Remaining:
    """Until nothing remains, or nothing changes for too long; gives what remains then."""
    last, changed = None, time.monotonic()
    while True:
        remaining = look(client, since, until)
        say(remaining)
        if remaining != last:
            last, changed = remaining, time.monotonic()
        if not remaining or time.monotonic() - changed > PATIENCE_SECONDS:
            return remaining
        time.sleep(POLL_SECONDS)


def look(client: Client, since: datetime, until: datetime) -> Remaining:
    """One look at all services."""
    tickets = sum(_first_page(client, "intake", "find_tickets", "tickets", status=status) for status in OPEN)
    orders = client.call("feedback", "kpi", timeout=30, **{"from": since, "to": until})["total"]["orders"]
    messages = sum(_first_page(client, "notify", "find_messages", "messages", state=state) for state in UNDER_WAY)
    return Remaining(tickets, orders["opened"] - orders["closed"] - orders["withdrawn"], messages)


def _first_page(client: Client, service: str, method: str, what: str, **filters: Any) -> int:
    return len(client.call(service, method, limit=PAGE, timeout=30, **filters)[what])
