"""What the SMS consumer remembers beside its claims: the gateway's names for what it took, and what came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from services.notify.consumers.message import SENT, Outcome
from services.notify.consumers.sms.pieces import Header
from services.notify.consumers.sms.reports import Report, together
from services.notify.consumers.store import KEPT, Claims, StoreDown
from shared.clock import Clock

Row = dict[str, Any]

PARTS, INBOUND, COUNTS = "consumer_sms_parts", "consumer_sms_inbound", "consumer_sms_counts"
DOUBTS = "consumer_sms_doubts"
#: An SMS that comes again within this time is the same one: where it was not answered, and where it was, since the
#: answer may have been lost.
SAME_WITHIN, SAME_AFTER_ANSWER = timedelta(minutes=10), timedelta(minutes=1)
#: For so long the gateway is asked after a message of which it says nothing.
ASKED_FOR = timedelta(days=3)
#: Parts of a long SMS that came in wait so long for the others.
INBOUND_KEPT = timedelta(days=2)

COLLECTIONS: dict[str, list[IndexModel]] = {
    PARTS: [
        IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(KEPT.total_seconds())),
        IndexModel([("message_id", ASCENDING)], name="message"),
        IndexModel([("ask_at", ASCENDING)], name="to_ask", sparse=True),
        IndexModel([("mark", ASCENDING)], name="mark", sparse=True),
    ],
    INBOUND: [IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(INBOUND_KEPT.total_seconds()))],
    COUNTS: [IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(KEPT.total_seconds()))],
    DOUBTS: [IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(KEPT.total_seconds()))],
}


class Trail:
    """The consumer's collections for one gateway. Every method may raise `StoreDown`, and may then be called again.

    A part is one SMS: `_id` the gateway and its id for it, in the `form` that is the same for all ways to write it;
    `message_id`, `part`, `parts` once the gateway's answer is known; `state`, `detail` once it was told what became of
    it. Either may come first.
    """

    def __init__(self, claims: Claims, gateway: str, clock: Clock, form: Callable[[str], str] = str) -> None:
        self._form = form
        self._parts, self._inbound, self._counts, self._doubts = (claims.beside(name) for name in COLLECTIONS)
        self._gateway = gateway
        self._clock = clock

    def taken(self, gateway_id: str, message_id: str, part: int, parts: int, ask_after: timedelta | None) -> bool:
        """The gateway has answered that it has this part; gives whether its report has come already.

        An id that the gateway gives again is another SMS.
        """
        now = self._clock.now()
        known = {"gateway_id": gateway_id, "message_id": message_id, "part": part, "parts": parts, "at": now}
        asked = {"ask_at": now + ask_after} if ask_after else {}
        key = {"_id": self._name(gateway_id)}
        same = {"$or": [{"message_id": {"$exists": False}}, {"message_id": message_id}]}
        with _answering():
            try:
                row = _upserted(self._parts, {**key, **same}, {"$set": {**known, **asked}})
            except DuplicateKeyError:
                self._parts.replace_one(key, {**known, **asked}, upsert=True)
                return False
            if "state" in row:
                self._parts.update_one(key, {"$unset": {"ask_at": ""}})
        return "state" in row

    def to_be_asked(self, gateway_id: str, message_id: str, after: timedelta) -> None:
        """It is not known whether the gateway has this message: ask later."""
        now = self._clock.now()
        row = {"gateway_id": gateway_id, "message_id": message_id, "at": now, "ask_at": now + after}
        with _answering():
            self._parts.update_one({"_id": self._name(gateway_id)}, {"$setOnInsert": row}, upsert=True)

    def reported(self, report: Report, *, told: bool = True) -> tuple[str | None, Outcome | None]:
        """Keep what the gateway says; gives whose message it is, None as long as that is not known, and its fate.

        What is final stays; what is not is kept by nobody. A report of a message in doubt is known by its mark. What is
        not `told` for certain goes on being asked for, until `asked_enough`.
        """
        key = {"_id": self._name(report.gateway_id)}
        new = {"gateway_id": report.gateway_id} | ({"mark": self._key(report.mark)} if report.mark else {})
        with _answering():
            row: Row | None = None
            if report.state is not None:
                final = {"state": report.state, "detail": report.detail, "at": self._clock.now()}
                change = {"$set": final, "$setOnInsert": new} | ({"$unset": {"ask_at": ""}} if told else {})
                with suppress(DuplicateKeyError):  # it is known how that one ended
                    row = _upserted(self._parts, {**key, "state": {"$exists": False}}, change)
            row = row or self._parts.find_one(key) or {}
            if "message_id" not in row and "mark" in row:
                self._join_marked(row["mark"])
                row = self._parts.find_one(key) or {}
        message_id: str | None = row.get("message_id")
        if message_id is None:
            return None, None
        return message_id, _fate([row]) if row.get("parts") == 1 else self.fate(message_id)

    def asked_enough(self, gateway_id: str) -> None:
        """How it ended is told."""
        with _answering():
            self._parts.update_one({"_id": self._name(gateway_id)}, {"$unset": {"ask_at": ""}})

    def in_doubt(self, marks: Sequence[str], message_id: str) -> None:
        """Nobody knows whether these parts have left: a report with a part's mark, before or after this, is theirs."""
        with _answering():
            for part, mark in enumerate(marks, 1):
                known = {"message_id": message_id, "part": part, "parts": len(marks), "at": self._clock.now()}
                name = self._key(mark)
                self._doubts.update_one({"_id": name}, {"$setOnInsert": known}, upsert=True)
                self._join_marked(name)

    def _join_marked(self, mark: str) -> None:
        """A part in doubt, and a report that nothing else is known of, become one."""
        doubt = self._doubts.find_one({"_id": mark})
        if doubt is not None:
            known = {name: doubt[name] for name in ("message_id", "part", "parts")}
            self._parts.update_one({"mark": mark, "message_id": {"$exists": False}}, {"$set": known})

    def fate(self, message_id: str) -> Outcome | None:
        """What is known of a message that was taken whole: `sent` or better. None: not all parts are known of."""
        with _answering():
            return _fate(list(self._parts.find({"message_id": message_id}).sort("part")))

    def parts_known(self, message_id: str) -> int:
        """How many parts of a message the gateway is known to have taken."""
        with _answering():
            return self._parts.count_documents({"message_id": message_id})

    def to_ask(self, limit: int, again_after: timedelta) -> Iterator[tuple[str, str, bool]]:
        """(gateway's id, message, whether it was taken) where no word came for long; each is due again later."""
        now = self._clock.now()
        with _answering():
            for _ in range(limit):
                row = self._parts.find_one_and_update(
                    {
                        "ask_at": {"$lte": now},
                        "at": {"$gt": now - ASKED_FOR},
                        "_id": {"$gte": self._key(""), "$lt": self._key("\uffff")},
                    },
                    {"$set": {"ask_at": now + again_after}},
                    sort=[("ask_at", ASCENDING)],
                )
                if row is None:
                    return
                yield row["gateway_id"], row["message_id"], "part" in row

    # what came in

    def came(self, key: str) -> datetime:
        """When this SMS came first: it is told under that time, also if it comes again before it was answered."""
        now = self._clock.now()
        with _answering():
            row = _upserted(self._inbound, {"_id": key}, {"$setOnInsert": {"at": now}})
            if row["at"] < now - SAME_WITHIN or row.get("answered", now) < now - SAME_AFTER_ANSWER:
                self._inbound.update_one({"_id": key}, {"$set": {"at": now}, "$unset": {"answered": ""}})
                return now
        at: datetime = row["at"]
        return at

    def answered(self, key: str) -> None:
        """It was told and answered: whatever comes a little later is another one."""
        with _answering():
            self._inbound.update_one({"_id": key}, {"$set": {"answered": self._clock.now()}})

    def forget(self, key: str) -> None:
        """The parts are told as a whole."""
        with _answering():
            self._inbound.delete_one({"_id": key})

    def was_told(self, key: str) -> bool:
        """Whether an SMS that a gateway goes on listing was told already."""
        with _answering():
            return self._inbound.count_documents({"_id": key, "told": True}, limit=1) == 1

    def told(self, key: str) -> None:
        """It was told; the gateway may go on listing it."""
        with _answering():
            self._inbound.update_one({"_id": key}, {"$set": {"told": True}})

    def joined(self, key: str, header: Header, text: str) -> str | None:
        """Keep a part of a long SMS; gives the whole text once all are there."""
        with _answering():
            part = {f"texts.{header.part}": text}
            row = _upserted(self._inbound, {"_id": key}, {"$set": part, "$setOnInsert": {"at": self._clock.now()}})
        texts: Mapping[str, str] = row["texts"]
        wanted = [str(part) for part in range(1, header.parts + 1)]
        return "".join(texts[part] for part in wanted) if all(part in texts for part in wanted) else None

    # counts

    def count(self, what: str) -> None:
        """One more of `what` today."""
        now = self._clock.now()
        with _answering():
            self._counts.update_one(
                {"_id": f"{what}/{now.date().isoformat()}"}, {"$inc": {"count": 1}, "$set": {"at": now}}, upsert=True
            )

    def _name(self, gateway_id: str) -> str:
        return self._key(self._form(gateway_id))

    def _key(self, name: str) -> str:
        return f"{self._gateway}/{name}"


def _fate(rows: Sequence[Row]) -> Outcome | None:
    """Of the parts in their order."""
    if not rows or {row.get("part") for row in rows} != set(range(1, rows[0].get("parts", 0) + 1)):
        return None
    state = together([row.get("state") for row in rows])
    details = sorted({row["detail"] for row in rows if state and row.get("state") == state})
    return Outcome(state or SENT, "; ".join(details) or None, rows[0]["gateway_id"], len(rows))


def _upserted(rows: Collection[Row], key: Mapping[str, Any], change: Mapping[str, Any]) -> Row:
    """The row as it is after the change, made where it was missing."""
    row = rows.find_one_and_update(key, change, upsert=True, return_document=ReturnDocument.AFTER)
    return row or {}  # an upsert always has one


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreDown(type(error).__name__) from error
