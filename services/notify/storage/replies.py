"""Inbound messages as documents; the questions that a sender was asked; the message that a mail answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain.ledger import CANCELLED, EXPIRED, HELD, QUEUED, Message
from services.notify.domain.matching import Question
from services.notify.domain.preferences import mailbox
from services.notify.domain.reading import Meaning
from services.notify.domain.replies import STATES, Reply, question_key, sameness
from services.notify.events.replies import OF_REPLIES
from services.notify.storage.messages import from_document as message_of
from shared.aggregates import STATE_ONLY, Aggregates
from shared.events import KERNEL_FIELDS, kernel_fields
from shared.mongo import Database

_A_TEXT = {"$gt": ""}


def _unique(name: str) -> IndexModel:
    return IndexModel([(name, ASCENDING)], name=name, unique=True, partialFilterExpression={name: _A_TEXT})


def _listed(name: str) -> IndexModel:
    return IndexModel([(name, ASCENDING), ("place", DESCENDING)], name=f"of_{name}")


INDEXES = [_unique("question"), _unique("same"), _listed("state"), _listed("sender")]
#: What notify_messages is asked for here; partial, so that they cost nothing for messages that ask nothing.
MESSAGE_INDEXES = [
    IndexModel(
        [("to", ASCENDING), ("answer_by", DESCENDING)], name="asked", partialFilterExpression={"answers": _A_TEXT}
    ),
    IndexModel([("token", ASCENDING)], name="token", partialFilterExpression={"token": _A_TEXT}),
]

#: Questions are looked for this long after they could be answered: an answer that comes late says so.
LATE = timedelta(days=30)
#: More questions than this to one address at a time are nobody's customer.
MOST = 100
_LISTED = {**STATE_ONLY, "text": 0}
_TUPLES = ("attachments", "might")
_OWN = tuple(f.name for f in fields(Reply) if f.name not in (*KERNEL_FIELDS, "reply_id", "meaning", *_TUPLES))
_NEVER_SENT = (QUEUED, HELD, EXPIRED, CANCELLED)


class Replies(Aggregates[Reply]):
    """What came in. No two answer one question, no two say the same thing within a while."""

    def __init__(self, db: Database) -> None:
        super().__init__(
            db,
            "notify_replies",
            what="reply",
            to_document=to_document,
            from_document=from_document,
            published=OF_REPLIES,
        )

    def listed(self, filters: Mapping[str, Any], limit: int, after: str | None) -> tuple[list[Reply], str | None]:
        """At most `limit` without their texts, newest first, and the cursor of the next page (None: the last)."""
        wanted: dict[str, Any] = dict(filters)
        if "sender" in wanted:
            wanted["sender"] = {"$in": sorted({wanted["sender"], mailbox(wanted["sender"])})}
        else:
            wanted.setdefault("state", {"$in": list(STATES)})
        if after is not None:
            wanted["place"] = {"$lt": after}
        index = "of_sender" if "sender" in wanted else "of_state"
        rows = self.collection.find(wanted, _LISTED).hint(index).sort("place", DESCENDING).limit(limit + 1)
        found = list(rows)
        more = found[limit - 1]["place"] if len(found) > limit else None
        return [from_document(doc) for doc in found[:limit]], more

    def given(self, keys: Iterable[str]) -> dict[str, Meaning]:
        """Question -> what the one reply that answers it said."""
        rows = self.collection.find({"question": {"$in": list(keys)}}, {"question": 1, "meaning": 1})
        return {doc["question"]: Meaning(**doc["meaning"]) for doc in rows}

    def is_copy(self, reply: Reply) -> bool:
        """Whether there is another one that is the same (`same`)."""
        same = {"same": reply.same, "_id": {"$ne": reply.reply_id}}
        return reply.same is not None and self.collection.find_one(same, {"_id": 1}, hint="same") is not None

    def said_before(self, reply: Reply, within: timedelta) -> bool:
        """Whether another one of this sender asked for the same within that time."""
        same = [sameness(reply, within, back) for back in (-1, 0, 1)]
        others = self.collection.find(
            {"same": {"$in": same}, "_id": {"$ne": reply.reply_id}}, {"received_at": 1}, hint="same"
        )
        return any(abs(doc["received_at"] - reply.received_at) < within for doc in others)


class Asked:
    """What the ledger's messages asked."""

    def __init__(self, db: Database, replies: Replies) -> None:
        self._messages = db.collection("notify_messages")
        self._replies = replies

    def questions(self, address: str, at: datetime) -> list[Question]:
        """What was asked of this address and could be answered `at`, or not so long before; with what was answered."""
        rows = self._messages.find(
            {"to": address, "answers": _A_TEXT, "answer_by": {"$gt": at - LATE}}, _question_fields(), hint="asked"
        )
        return self._questions(list(rows.sort("answer_by", DESCENDING).limit(MOST)))

    def question(self, message_id: str) -> Question | None:
        """What this message asked, whoever got it."""
        found = self._questions(list(self._messages.find({"_id": message_id, "answers": _A_TEXT}, _question_fields())))
        return found[0] if found else None

    def with_token(self, token: str | None) -> Message | None:
        """The message that has this token in the address to which it is answered."""
        doc = self._messages.find_one({"token": token}, STATE_ONLY, hint="token") if token else None
        return message_of(doc) if doc else None

    def named_by(self, references: Sequence[str]) -> list[Message]:
        """Our messages among these Message-IDs, in their order."""
        ids = dict.fromkeys(row_of(reference) for reference in references)
        rows = self._messages.find({"_id": {"$in": list(ids)}}, STATE_ONLY) if ids else ()
        found = {doc["_id"]: message_of(doc) for doc in rows}
        return [found[id] for id in ids if id in found]

    def _questions(self, rows: Sequence[Mapping[str, Any]]) -> list[Question]:
        sent = [doc for doc in rows if doc["state"] not in _NEVER_SENT and doc.get("question")]
        given = self._replies.given(question_key(doc["answers"], doc["question"]) for doc in sent)
        return [_question(doc, given) for doc in sent]


def row_of(reference: str) -> str:
    """The ledger's id in a Message-ID `<id@domain>`; of whichever attempt (`<id>-<n>`)."""
    return reference.strip().strip("<>").partition("@")[0].partition("-")[0]


def _question_fields() -> dict[str, Any]:
    names = ("answers", "question", "ticket_no", "order_no", "recipient", "state", "written_at", "answer_by")
    return {**dict.fromkeys(names, 1), "history": {"$elemMatch": {"type": "message_handed_over"}}}


def _question(doc: Mapping[str, Any], given: Mapping[str, Meaning]) -> Question:
    """Asked when it was first handed over; where that has left the document, when it was written."""
    handed = doc.get("history") or [{}]
    return Question(
        message_id=doc["_id"],
        kind=doc["answers"],
        key=doc["question"],
        ticket_no=doc.get("ticket_no", ""),
        order_no=doc.get("order_no", ""),
        recipient=doc["recipient"],
        asked_at=handed[0].get("recorded_at", doc["written_at"]),
        answer_by=doc["answer_by"],
        given=given.get(question_key(doc["answers"], doc["question"])),
    )


def to_document(reply: Reply) -> dict[str, Any]:
    """A reply's own fields; what it has not is not stored."""
    own = {name: value for name in _OWN if (value := getattr(reply, name)) is not None}
    own |= {name: [dict(one) for one in getattr(reply, name)] for name in _TUPLES}
    return own | {"place": reply.place} | ({"meaning": asdict(reply.meaning)} if reply.meaning else {})


def from_document(doc: Mapping[str, Any]) -> Reply:
    """The reply in a document; a list leaves the text out."""
    own = {"text": "", **{name: doc[name] for name in _OWN if name in doc}}
    own |= {name: tuple(doc.get(name, ())) for name in _TUPLES}
    meaning = Meaning(**doc["meaning"]) if "meaning" in doc else None
    return Reply(reply_id=doc["_id"], meaning=meaning, **own, **kernel_fields(doc))
