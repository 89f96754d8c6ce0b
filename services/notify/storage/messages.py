"""The ledger's documents, and how they are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain import audience, ledger
from services.notify.domain.holding import DIGEST
from services.notify.domain.ledger import Content, Message
from services.notify.domain.limits import Limits
from services.notify.domain.occurrence import prefix
from services.notify.events import OF_MESSAGES, UnsubscribeLink, handed, own_of_consumer, to_consumer
from services.notify.tokens import Tokens
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Cause
from shared.document import Alike, outgoing_entry
from shared.errors import Conflict
from shared.events import KERNEL_FIELDS, Fact, kernel_fields, to_json
from shared.mongo import Database, Transaction
from shared.values import replace

#: A message id begins with its time, so every one of these also sorts by time.
_BY_CHANNEL = ("channel", "state")
#: Filters that have an index of their own, with channel and state; the first one that is asked for is taken.
_POINTED = ("broadcast", "template", "event", "kind")
#: Few messages have the same of these: what else is asked for is looked for among them.
_NARROW = ("ticket_no", "recipient")


def _listed(*names: str, only: Mapping[str, Any] | None = None) -> IndexModel:
    keys = [*((name, ASCENDING) for name in names), ("_id", DESCENDING)]
    return IndexModel(keys, name="_".join(names), **({"partialFilterExpression": dict(only)} if only else {}))


def _open_calls(*names: str) -> IndexModel:
    keys = [(name, ASCENDING) for name in (*names, "_id", "due_at")]
    return IndexModel(keys, name="_".join(("calls", *names)), partialFilterExpression=OPEN_CALLS)


OPEN_CALLS: Mapping[str, Any] = {"channel": audience.CALL, "state": ledger.HANDED_OVER}
INDEXES = [
    _listed("ticket_no", only={"ticket_no": {"$gt": ""}}),  # what goes to many is about none
    _listed("recipient"),
    _listed(*_BY_CHANNEL),
    *(_listed(name, *_BY_CHANNEL) for name in _POINTED[1:]),
    _listed("broadcast", *_BY_CHANNEL, only={"broadcast": {"$gt": ""}}),
    # one row per (occurrence, recipient, channel), whoever writes it
    IndexModel([(name, ASCENDING) for name in ("occurrence", "recipient", "channel")], name="once", unique=True),
    # what is counted over a period is all in here
    IndexModel([(name, ASCENDING) for name in ("written_at", "channel", "kind", "state")], name="counts"),
    IndexModel([("look", ASCENDING), ("_id", ASCENDING)], name="failures", partialFilterExpression={"look": True}),
    *(_open_calls(*names) for names in (("urgency",), ("team", "urgency"))),
    # the calls that an event about their work makes obsolete
    IndexModel(
        [("obsolete", ASCENDING), ("order_no", ASCENDING), ("due_at", ASCENDING)],
        name="calls_obsolete",
        partialFilterExpression=OPEN_CALLS,
    ),
]

_TUPLES = ("then", "obsolete", "parts")
_NOT_OWN = (*KERNEL_FIELDS, "message_id", "to", "content", *_TUPLES)
_OWN = frozenset(f.name for f in fields(Message) if f.name not in _NOT_OWN)
#: What of a row is its recipient's own: rows of a broadcast may be alike in all else (broadcast_sorts.py).
OWN = ("recipient", "household", "said", "token", "to", "content")
_ALIKE = _OWN.difference(OWN)
#: What is stored only where it says something.
_UNLESS = {"look": False, "attempt": 0, "given": False}
LISTED = {**STATE_ONLY, "content": 0, "said": 0}
_POINTS = {"channel": audience.ALL_CHANNELS, "state": ledger.STATES}
Page = tuple[list[Message], str | None]


class Messages(Aggregates[Message]):
    """The ledger."""

    def __init__(
        self, db: Database, limits: Callable[[], Limits], unsubscribe: UnsubscribeLink, tokens: Tokens
    ) -> None:
        super().__init__(
            db,
            "notify_messages",
            what="message",
            to_document=to_document,
            from_document=from_document,
            published=OF_MESSAGES,
            handed=handed(unsubscribe),
            advance=lambda message, to: ledger.advance(message, to, limits()),
            # what is held of a broadcast is looked at in pieces (releasing.py)
            next_due=lambda message: None if held_in_pieces(message) else ledger.next_due(message, limits()),
        )
        self.limits = limits
        self._unsubscribe = unsubscribe
        self._tokens = tokens

    def create(
        self,
        cause: Cause,
        id: str,
        state: Message,
        facts: Sequence[Fact],
        reply: Callable[[Message], Mapping[str, Any]] | None = None,
        tx: Transaction | None = None,
    ) -> dict[str, Any] | None:
        """Write a new row, once. Nothing happens where another row tells this to them by this channel already.

        Whatever time its event counts at, a message goes out now: no row is in replay.
        """
        try:
            return super().create(live(cause), id, self.sealed(state), facts, reply, tx)
        except Conflict as conflict:
            if conflict.details.get("rule") != "unique":
                raise
            return None

    def document(
        self,
        cause: Cause,
        id: str,
        state: Message,
        facts: Sequence[Fact],
        together: tuple[datetime, Alike] | None = None,
    ) -> dict[str, Any]:
        """The whole document that `create` would store, with its outbox."""
        alive = live(cause) if cause.replay_until else cause
        return super().document(alive, id, self.sealed(state), facts, together)

    def handed_again(self, doc: Mapping[str, Any]) -> dict[str, Any]:
        """The outbox entry that hands over this row, as it is stored: the same message as before, by its id."""
        return outgoing_entry(f"{self.name}/{doc['_id']}/again", to_consumer(from_document(doc), self._unsubscribe))

    def handed_alike(self, message: Message, entry: Mapping[str, Any]) -> Callable[[Message], dict[str, Any]]:
        """What makes the outbox entry of a row that differs from this one in nothing but what is the recipient's own.

        `entry`: that of this one.
        """
        handed, number = to_consumer(message, self._unsubscribe), entry["id"].rpartition("/")[2]
        body = to_json(handed.body)

        def handed_to(other: Message) -> dict[str, Any]:
            own = replace(handed, body={**body, **own_of_consumer(other, self._unsubscribe)})
            return outgoing_entry(f"{self.name}/{other.message_id}/{number}", own)

        return handed_to

    def telling(self, message: Message) -> Message:
        """The row that tells this occurrence to this recipient by this channel: this one, or another rule's."""
        same = {name: getattr(message, name) for name in ("occurrence", "recipient", "channel")}
        doc = self.collection.find_one(same, STATE_ONLY, hint="once")
        return from_document(doc) if doc else message

    def sealed(self, message: Message) -> Message:
        """With its token, if it needs one."""
        token = message.token or self._tokens.of(message)
        return message if token == message.token else replace(message, token=token)

    def listed(self, filters: Mapping[str, Any], limit: int, after: str | None) -> Page:
        """At most `limit` messages without texts, newest first, and the cursor of the next page (None: the last)."""
        wanted, index = _query(filters)
        if after is not None:
            wanted.setdefault("_id", {})["$lt"] = min(after, wanted.get("_id", {}).get("$lt", after))
        rows = self.collection.find(wanted, LISTED).hint(index).sort("_id", DESCENDING)
        return page(list(rows.limit(limit + 1)), limit)

    def failures(self, filters: Mapping[str, Any], limit: int, after: str | None) -> Page:
        """The same of those that a person has to look at, oldest first."""
        wanted = {**filters, "look": True} | ({"_id": {"$gt": after}} if after is not None else {})
        rows = self.collection.find(wanted, LISTED).hint("failures").sort("_id", ASCENDING)
        return page(list(rows.limit(limit + 1)), limit)


def held_in_pieces(message: Message) -> bool:
    """Whether it is looked at again together with others: a row of a broadcast that no digest tells."""
    return message.state == ledger.HELD and message.broadcast is not None and message.held_for != DIGEST


def live(cause: Cause) -> Cause:
    """The cause of something that is not in replay, whatever caused it."""
    return replace(cause, replay_until=None)


def page(found: Sequence[Mapping[str, Any]], limit: int) -> Page:
    """A page of what was found with one more than `limit`."""
    more = found[limit - 1]["_id"] if len(found) > limit else None
    return [from_document(doc) for doc in found[:limit]], more


def _query(filters: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What to look for, and by which index: every page is read in order, and nothing beside it.

    What is not asked for of channel and state becomes the list of all their values: the server then merges a few
    ordered scans of the index instead of sorting. `since` and `until` bound the time of the occurrence, with which the
    ids begin.
    """
    wanted = {name: value for name, value in filters.items() if name not in ("since", "until", "states")}
    if "customer_id" in wanted:
        wanted["recipient"] = f"customer:{wanted.pop('customer_id')}"
    if "states" in filters:
        wanted["state"] = {"$in": list(filters["states"])}
    wanted |= _between(filters.get("since"), filters.get("until"))
    for name in _NARROW:
        if name in wanted:
            return wanted, name
    for name, values in _POINTS.items():
        wanted.setdefault(name, {"$in": list(values)})
    first = [name for name in _POINTED if name in wanted][:1]
    return wanted, "_".join((*first, *_BY_CHANNEL))


def _between(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    bounds = {"$gte": prefix(since) if since else None, "$lt": prefix(until) if until else None}
    known = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"_id": known} if known else {}


def to_document(message: Message) -> dict[str, Any]:
    """A row's own fields; what it has not is not stored."""
    own = {name: value for name, value in vars(message).items() if value is not None and name in _ALIKE}
    for name, usual in _UNLESS.items():
        if own.get(name) == usual:
            del own[name]
    lists = {name: list(getattr(message, name)) for name in _TUPLES if getattr(message, name)}
    return {**own, **lists, **own_of(message)}


def own_of(message: Message) -> dict[str, Any]:
    """The fields of `OWN` as they are stored."""
    own = {name: value for name in OWN[:4] if (value := getattr(message, name)) is not None}
    return {**own, "to": message.to, "content": dict(vars(message.content)) if message.content else None}


def from_document(doc: Mapping[str, Any]) -> Message:
    """The row in a document."""
    content = doc.get("content")
    return Message(
        message_id=doc["_id"],
        content=Content(**{**content, "attachments": tuple(content.get("attachments", ()))}) if content else None,
        to=doc.get("to"),
        **_own(doc),
        **kernel_fields(doc),
    )


def _own(doc: Mapping[str, Any]) -> dict[str, Any]:
    lists = {name: tuple(doc[name]) for name in _TUPLES if name in doc}
    return {name: doc[name] for name in _OWN if name in doc} | lists
