"""What has happened to work that makes messages about it obsolete: of each work order, by type, the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.ledger import Message
from shared.events import Event
from shared.mongo import Database

INDEXES = [IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0)]


class Matters:
    """`_id`: `<work order>/<event type>`; written only for types that a rule names in `obsolete`.

    And only for events of which nobody was told: the others are in the ledger, which remembers them as well.
    """

    def __init__(self, db: Database) -> None:
        self._rows = db.collection("notify_matters")
        self._messages = db.collection("notify_messages")
        self._clock = db.clock

    def note(self, event: Event, keep: timedelta) -> None:
        """That it has happened; the newest counts. Kept while a message that it makes obsolete may be worth sending."""
        before = [{"at": {"$lt": event.at}}, {"at": event.at, "number": {"$lt": event.number}}]
        older = {"_id": f"{event.data['order_no']}/{event.type}", "$or": before}
        newest = {"type": event.type, "at": event.at, "of": aggregate_of(event.id), "number": event.number}
        newer = {"$set": newest | {"until": self._clock.now() + keep}}
        try:
            self._rows.update_one(older, newer, upsert=True)
        except DuplicateKeyError:
            # there already: this one, or a newer one; or an older one that came in at this moment
            self._rows.update_one(older, newer)

    def since(self, message: Message) -> str | None:
        """The event type that has made this message obsolete; None: it is not. Two reads, where anything can."""
        if not (message.obsolete and message.order_no and message.ticket_no):
            return None
        return obsoleting(message, [*self._noted(message), *self._told(message)])

    def _noted(self, message: Message) -> list[Happened]:
        ids = [f"{message.order_no}/{name}" for name in message.obsolete]
        found = self._rows.find({"_id": {"$in": ids}})
        return [Happened(row["type"], row["of"], row["number"], row["at"]) for row in found]

    def _told(self, message: Message) -> list[Happened]:
        """What somebody was told about the same work."""
        same = {"ticket_no": message.ticket_no, "order_no": message.order_no, "event": {"$in": list(message.obsolete)}}
        shown = {"event": 1, "occurrence": 1, "number": 1, "created_at": 1}
        found = self._messages.find(same, shown).hint("ticket_no")
        return [
            Happened(row["event"], aggregate_of(row["occurrence"]), row["number"], row["created_at"]) for row in found
        ]


@dataclass(frozen=True)
class Happened:
    """An event: its type, the aggregate it is of, its number there, and when it was."""

    type: str
    of: str
    number: int
    at: datetime

    def after(self, message: Message) -> bool:
        """Whether it came after what the message tells.

        Events of one aggregate are ordered by their numbers, others (a survey's and the work's) by their times.
        """
        if self.of == aggregate_of(message.occurrence):
            return self.number > message.number
        return self.at > message.created_at


def obsoleting(message: Message, happened: Sequence[Happened]) -> str | None:
    """The type of the first of these that came after what the message tells."""
    return next((one.type for one in happened if one.after(message)), None)


def is_after(event: Event, message: Message) -> bool:
    """Whether the event came after what the message tells."""
    return Happened(event.type, aggregate_of(event.id), event.number, event.at).after(message)


def aggregate_of(event_id: str) -> str:
    """`dispatch_orders/W-1042` of `dispatch_orders/W-1042/7`."""
    return event_id.rpartition("/")[0]
