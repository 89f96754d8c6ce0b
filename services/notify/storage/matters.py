"""What has happened to work that makes messages about it obsolete: of each work order, by type, the newest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.ledger import Message
from shared.events import Event
from shared.mongo import Database

INDEXES = [IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0)]


class Matters:
    """`_id`: `<work order>/<event type>`; written only for types that a rule names in `obsolete`."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection("notify_matters")
        self._clock = db.clock

    def note(self, event: Event, keep: timedelta) -> None:
        """That it has happened; the newest counts. Kept while a message that it makes obsolete may be worth sending."""
        older = {"_id": f"{event.data['order_no']}/{event.type}", "at": {"$lt": event.at}}
        newest = {"at": event.at, "of": aggregate_of(event.id), "number": event.number}
        newer = {"$set": newest | {"until": self._clock.now() + keep}}
        try:
            self._rows.update_one(older, newer, upsert=True)
        except DuplicateKeyError:
            # there already: this one, or a newer one; or an older one that came in at this moment
            self._rows.update_one(older, newer)

    def since(self, message: Message) -> str | None:
        """The event type that has made this message obsolete; None: it is not."""
        if not message.obsolete or not message.order_no:
            return None
        return obsoleting(message, self._found(message.order_no, message.obsolete))

    def _found(self, order_no: str, types: Sequence[str]) -> list[dict[str, Any]]:
        return list(self._rows.find({"_id": {"$in": [f"{order_no}/{name}" for name in types]}}))


def obsoleting(message: Message, happened: Sequence[dict[str, Any]]) -> str | None:
    """The type of the first of these that came after what the message tells."""
    of = aggregate_of(message.occurrence)
    for row in happened:
        if _after(row["of"], row["number"], row["at"], of, message):
            return str(row["_id"].rpartition("/")[2])
    return None


def is_after(event: Event, message: Message) -> bool:
    """Whether the event came after what the message tells."""
    return _after(aggregate_of(event.id), event.number, event.at, aggregate_of(message.occurrence), message)


def _after(of: str, number: int, at: datetime, message_of: str, message: Message) -> bool:
    """Events of one aggregate are ordered by their numbers, others (a survey's and the work's) by their times."""
    return number > message.number if of == message_of else at > message.created_at


def aggregate_of(event_id: str) -> str:
    """`dispatch_orders/W-1042` of `dispatch_orders/W-1042/7`."""
    return event_id.rpartition("/")[0]
