"""What happens makes messages obsolete: those that wait, at once; those that come late, when they are looked at."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.notify.domain import ledger
from services.notify.domain.holding import OBSOLETE
from services.notify.domain.ledger import Message
from services.notify.domain.occurrence import OF_DEADLINES
from services.notify.storage.matters import Matters, is_after
from services.notify.storage.messages import OPEN_CALLS, Messages
from shared.cause import Cause
from shared.events import Event, Fact
from shared.mongo import Database
from shared.reference import FRESH_FOR

IS_HELD = {"held_for": {"$exists": True}}
Obsoleting = Mapping[str, timedelta]
"""Event type -> for how long it has to be remembered that it has happened."""


class Obsolescence:
    """Of messages about work: by the events that their rules name in `obsolete`."""

    def __init__(self, db: Database, messages: Messages) -> None:
        self._messages = messages
        self._matters = Matters(db)
        self._waiting: dict[str, tuple[float, bool]] = {}

    def since(self, message: Message) -> str | None:
        """The event type that has made this message obsolete; None: it is not."""
        return self._matters.since(message)

    def cancel(self, event: Event, cause: Cause, obsoleting: Obsoleting) -> None:
        """What waits and is obsolete by this event need not wait any longer: it would be cancelled when it is due.

        So need no call be made, also one that an agent has. Whether anything of the kind waits at all is asked once a
        second, not for each event.
        """
        order_no = event.data.get("order_no")
        if event.type not in obsoleting or not order_no or not self._anything_waits(event.type):
            return
        for row in self._waiting_for({"obsolete": event.type, "order_no": order_no}):
            self._messages.change(cause, row["_id"], functools.partial(_cancelled, event=event))

    def _anything_waits(self, event_type: str) -> bool:
        asked_at, waits = self._waiting.get(event_type, (float("-inf"), False))
        if time.monotonic() - asked_at > FRESH_FOR:
            asked_at = time.monotonic()
            waits = bool(self._waiting_for({"obsolete": event_type}, limit=1))
            self._waiting[event_type] = (asked_at, waits)
        return waits

    def _waiting_for(self, wanted: Mapping[str, str], limit: int = 0) -> list[Mapping[str, Any]]:
        """What is held, and calls that are to be made."""
        rows = self._messages.collection
        held = rows.find({**wanted, **IS_HELD}, {"_id": 1}).hint("held").limit(limit)
        calls = rows.find({**wanted, **OPEN_CALLS}, {"_id": 1}).hint("calls_obsolete").limit(limit)
        return [*held, *calls]

    def remember(self, event: Event, told: int, obsoleting: Obsoleting) -> None:
        """What makes messages obsolete that come late or wait is kept in mind; what was `told`, the ledger has.

        But of a deadline: there one row may tell of several events.
        """
        keep = obsoleting.get(event.type)
        if keep is not None and event.data.get("order_no") and (not told or event.type in OF_DEADLINES):
            self._matters.note(event, keep)


def _cancelled(message: Message, at: datetime, event: Event) -> tuple[Message, list[Fact]]:
    if not message.may_be_taken_back or not is_after(event, message):
        return message, []
    return ledger.cancel(message, at, why=f"{OBSOLETE}: {event.type}")
