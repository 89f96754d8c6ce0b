"""One collection of aggregates: load, advance, decide, save, reply, once per cause (docs/architecture.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.answered import Answered, kept, note, origin
from shared.bus.relay import Pending
from shared.cause import Call, Cause, request_used
from shared.deciding import Decide, Rules, Settle, decided
from shared.document import (
    KERNEL_OWN,
    STATE_ONLY,
    Additions,
    Alike,
    Outgoing,
    Publishing,
    additions,
    history_reply,
)
from shared.due import DUE_INDEX, due
from shared.errors import Conflict, NotFound, Unavailable
from shared.events import Aggregate, Fact, to_json
from shared.gather import Gather
from shared.housekeeping import LIMIT
from shared.mongo import LostRace
from shared.outage import is_outage
from shared.together import Reads
from shared.values import replace

if TYPE_CHECKING:
    from shared.mongo import Database, Transaction

__all__ = ["AGGREGATE_INDEXES", "STATE_ONLY", "Aggregates", "Outgoing"]

log = logging.getLogger("loopdesk.aggregates")
S = TypeVar("S", bound=Aggregate)
Doc = Mapping[str, Any]
Reply = Callable[[S], Mapping[str, Any]]
Act = Callable[[str, Cause], object]
Rebuilds = Callable[[Doc, Sequence[Doc]], Sequence[str]]

#: Indexes that every collection of aggregates has beside its own.
AGGREGATE_INDEXES = [
    IndexModel(
        [("requests.k", ASCENDING)],
        name="requests",
        unique=True,
        partialFilterExpression={"requests.k": {"$exists": True}},
    ),
    IndexModel([("relay_at", ASCENDING)], name="outbox", partialFilterExpression={"outbox.0": {"$exists": True}}),
    DUE_INDEX,
    IndexModel([("unspilled", ASCENDING)], name="spill", partialFilterExpression={"unspilled": {"$gt": LIMIT}}),
]

#: The relay of the writing process gets this long before a sweep takes over.
RELAY_GRACE = timedelta(seconds=2)
#: A claimed timer that was not acted on (its process died) is due again after this.
TIMER_LEASE = timedelta(seconds=15)
RACE_TRIES = 50
#: What a change needs of a document.
_TO_CHANGE = {"outbox": 0, "history": 0}
#: What shows an aggregate with its history.
_WITH_HISTORY = {name: shown for name, shown in STATE_ONLY.items() if name != "history"}


def _nothing(state: S, to: datetime) -> tuple[S, list[Fact]]:
    return state, []


def _settled(state: S, at: datetime, happened: Sequence[Fact]) -> tuple[S, list[Fact]]:
    return state, []


def _latest(before: datetime | None, facts: Sequence[Fact]) -> datetime | None:
    """A late event's fact may lie before what is known: time does not go back for it."""
    return max([fact.at for fact in facts] + ([before] if before else []), default=None)


def _collided(error: DuplicateKeyError) -> str:
    """The first field of the index that refused."""
    return next(iter((error.details or {}).get("keyPattern", ())), "")


def _never(state: Any) -> datetime | None:
    return None


class Aggregates(Generic[S]):
    """The aggregates of one collection, changed only through the protocol in docs/architecture.md.

    `to_document` gives the service's own fields, `from_document` builds the state from the whole document.
    `published`, `unheard` and `handed` say which facts leave the service (`shared.document.Publishing`).
    `advance` settles what falls due up to a time, `next_due` says when it must be woken.
    `key` is the field by which callers and events name an aggregate.
    `rebuilds(document, entries)`, where a service has it, names the fields of a stored document that are not what its
    whole history makes of them (`shared.history`); it is asked about aggregates whose first entry has a `set`.
    """

    def __init__(
        self,
        db: Database,
        collection: str,
        *,
        what: str,
        to_document: Callable[[S], dict[str, Any]],
        from_document: Callable[[Doc], S],
        published: Mapping[str, Callable[[S, Fact], Mapping[str, Any]]] | None = None,
        unheard: Collection[str] = (),
        handed: Mapping[str, Callable[[S, Fact], Outgoing | None]] | None = None,
        advance: Decide[S] = _nothing,
        next_due: Callable[[S], datetime | None] = _never,
        key: str = "_id",
        rebuilds: Rebuilds | None = None,
    ) -> None:
        self.name = collection
        self.collection = db.collection(collection)
        self._gather = Gather(self.collection)
        self._db = db
        self._what = what
        self._to_document = to_document
        self._from_document = from_document
        service = collection.partition("_")[0]
        self._publishing = Publishing(service, published or {}, unheard, handed or {})
        self._advance = advance
        self._next_due = next_due
        self.key = key
        self._states = Reads(self.collection, key, STATE_ONLY)
        self._to_change = {field: Reads(self.collection, field, _TO_CHANGE) for field in {key, "_id"}}
        self.rebuilds = rebuilds
        self.spilled_history = db.collection(f"{service}_history")
        self._answered = Answered(collection, db.collection(f"{service}_requests"))
        db.housekeeping.look_after(self.collection, self.spilled_history, self._answered.spilled)
        db.aggregates[collection] = self

    # reading

    def get(self, key: str, tx: Transaction | None = None) -> S:
        """The state of the aggregate that `key` names; `NotFound` if there is none."""
        state = self.find(key, tx)
        if state is None:
            raise NotFound(self._what, key)
        return state

    def find(self, key: str, tx: Transaction | None = None) -> S | None:
        """The state of the aggregate that `key` names, or None."""
        if tx is None:
            doc: Doc | None = self._states.find(key)
        else:
            doc = self.collection.find_one({self.key: key}, STATE_ONLY, session=tx.session)
        return self._from_document(doc) if doc else None

    def history(self, key: str) -> list[dict[str, Any]]:
        """All that happened to it, in order of number, as a reply shows it; `NotFound` if there is none."""
        return history_reply(self.entries(key))

    def entries(self, key: str) -> list[dict[str, Any]]:
        """Its whole history as stored, `set` and all, in order of number; `NotFound` if there is none."""
        return self._entries(self._found(key, {"history": 1}))

    def whole(self, key: str) -> tuple[S, list[dict[str, Any]]]:
        """The state and the entries that made it, as stored: of one moment, whoever changes it now. Raises NotFound."""
        doc = self._found(key, _WITH_HISTORY)
        return self._from_document(doc), self._entries(doc)

    def shown(self, key: str) -> tuple[S, list[dict[str, Any]]]:
        """The same, the history as a reply shows it. Raises NotFound."""
        state, entries = self.whole(key)
        return state, history_reply(entries)

    def _found(self, key: str, projection: Mapping[str, int]) -> Doc:
        doc = self.collection.find_one({self.key: key}, projection)
        if doc is None:
            raise NotFound(self._what, key)
        return doc

    def _entries(self, doc: Doc) -> list[dict[str, Any]]:
        """Those of this document and those that have left it; not what was written, and has left, since it was read."""
        kept = doc.get("history", [])
        if kept and kept[0]["number"] == 1:
            return list(kept)
        spilled = self.spilled_history.find({"aggregate": f"{self.name}/{doc['_id']}"}, {"_id": 0, "aggregate": 0})
        merged = {entry["number"]: entry for entry in [*spilled, *kept]}
        last = kept[-1]["number"] if kept else max(merged, default=0)
        return [merged[number] for number in sorted(merged) if number <= last]

    def asked_before(self, call: Call) -> str | None:
        """The key of the aggregate that keeps the answer to this call: for a command that says not what it is about."""
        doc = self.collection.find_one({"requests.k": call.key}, {self.key: 1}, hint="requests") if call.key else None
        return str(doc[self.key]) if doc else None

    # changing

    def create(
        self,
        cause: Cause,
        id: str,
        state: S,
        facts: Sequence[Fact],
        reply: Reply[S] | None = None,
        tx: Transaction | None = None,
    ) -> dict[str, Any] | None:
        """Store a new aggregate; gives what `reply` makes of it.

        If it is there already: a call gets the answer it got then (`Conflict` when its content differs), an event
        gets None, and nothing happens.
        """
        state = self._new(cause, state, facts)
        try:
            return self._insert(cause, id, state, facts, reply, tx)
        except DuplicateKeyError as error:
            if tx is not None:
                # the transaction is void; whoever called transact() may ask for the kept answer
                raise AlreadyThere(id) from error
            return self.kept(cause, id)

    def document(
        self, cause: Cause, id: str, state: S, facts: Sequence[Fact], together: tuple[datetime, Alike] | None = None
    ) -> dict[str, Any]:
        """The whole document that `create` would store, with its outbox.

        `together`: when this and others are recorded, and what they have in common.
        """
        return self._document(cause, id, self._new(cause, state, facts), facts, None, together=together)

    def _new(self, cause: Cause, state: S, facts: Sequence[Fact]) -> S:
        return replace(state, version=1, replay_until=cause.starts_replay, last_at=_latest(None, facts))

    def _insert(
        self,
        cause: Cause,
        id: str,
        state: S,
        facts: Sequence[Fact],
        reply: Reply[S] | None,
        tx: Transaction | None,
        by_request: bool = True,
    ) -> dict[str, Any] | None:
        """`by_request`: the id is made of the request; else the request id must be kept from making two of them."""
        answer = to_json(reply(state)) if reply else None
        doc = self._document(cause, id, state, facts, answer, by_request)
        if tx is None:
            self._gather.insert(doc)
        else:
            self.collection.insert_one(doc, session=tx.session)
        if doc["outbox"]:
            self._db.relay(Pending(self.name, id, doc["outbox"]), tx)
        return answer

    def _document(
        self,
        cause: Cause,
        id: str,
        state: S,
        facts: Sequence[Fact],
        answer: Doc | None,
        by_request: bool = True,
        together: tuple[datetime, Alike] | None = None,
    ) -> dict[str, Any]:
        now, alike = together or (self._db.clock.now(), None)
        doc: dict[str, Any] = {"_id": id, "revision": 1, **self._fields(state)}
        added = additions(self._publishing, (self.name, doc.get(self.key, id)), state, facts, cause, now, None, alike)
        doc |= {"history": added.history, "outbox": added.outbox, "head": added.head, "requests": [], "applied": []}
        if isinstance(cause, Call) and by_request:
            doc["origin"] = origin(cause, answer)
        else:
            doc |= {name: [item] for name, item in note(cause, answer, now).items()}
        doc["unspilled"] = len(added.history)
        if added.outbox:
            doc["relay_at"] = now + RELAY_GRACE
        return doc

    def kept(self, cause: Cause, id: str) -> dict[str, Any] | None:
        """What the first creation of `id` answered; `Conflict` if `cause` is a call with other content."""
        doc = self.collection.find_one({"_id": id}, {"origin": 1})
        if doc is None:  # another unique field of the service collided, not the id
            raise Conflict(f"another {self._what} has the same unique field", rule="unique")
        if not isinstance(cause, Call):
            return None
        return kept(doc.get("origin"), cause).reply

    def change(
        self,
        cause: Cause,
        key: str,
        decide: Decide[S],
        reply: Reply[S] | None = None,
        tx: Transaction | None = None,
        settle: Settle[S] = _settled,
    ) -> dict[str, Any] | None:
        """Apply `decide` to the aggregate that `key` names, once per cause; gives what `reply` makes of the result.

        `settle` has the last word: it gets the state after everything that `decide` and the passing of time made of it,
        the time up to which that was advanced, and what happened.
        Raises `NotFound`, `Conflict` (version, request id with other content), `Unavailable` (contention), and
        whatever `decide` raises.
        """
        for _ in range(RACE_TRIES):
            doc = self._load(self.key, key, tx)
            if doc is None:
                raise NotFound(self._what, key)
            try:
                return self._apply(doc, cause, (decide, settle), reply, tx)
            except LostRace:
                if tx is not None:
                    raise
        raise Unavailable(f"too many others change {self._what} {key} just now", rule="contention")

    def change_or_create(
        self,
        cause: Cause,
        id: str,
        blank: Callable[[], S],
        decide: Decide[S],
        reply: Reply[S] | None = None,
        tx: Transaction | None = None,
        settle: Settle[S] = _settled,
    ) -> dict[str, Any] | None:
        """As `change`, by `_id`; where there is no document, `decide` gets what `blank` makes."""
        for _ in range(RACE_TRIES):
            doc = self._load("_id", id, tx)
            try:
                if doc is not None:
                    return self._apply(doc, cause, (decide, settle), reply, tx)
                self._answered.refuse_used(cause)
                self._require_version(cause, 0)
                state = replace(blank(), replay_until=cause.starts_replay)
                state, facts = self._decide(state, cause, (decide, settle))
                state = replace(state, version=1, last_at=_latest(None, facts))
                return self._insert(cause, id, state, facts, reply, tx, by_request=False)
            except (LostRace, DuplicateKeyError) as error:
                if isinstance(error, DuplicateKeyError) and _collided(error) != "_id":
                    raise self._taken(error) from error
                if tx is not None:
                    raise LostRace from error
        raise Unavailable(f"too many others change {self._what} {id} just now", rule="contention")

    def wake(self, now: datetime, limit: int = 100, act: Act | None = None) -> int:
        """Advance what is due, most overdue first, each claimed so that replicas share; gives how many.

        `act(key, cause)` does it where a plain change is not enough; what it raises is logged, and tried again later.
        """
        woken = 0
        for seen in list(due(self.collection, now, limit)):
            claimed = self.collection.find_one_and_update(
                seen, {"$set": {"timer_at": now + TIMER_LEASE}}, projection={"_id": 1, self.key: 1}
            )
            if claimed is not None:  # else another replica was faster, or a command that settled it
                self._wake_one(claimed[self.key], Cause.tick(now), act or self._tick)
                woken += 1
        return woken

    def _tick(self, key: str, cause: Cause) -> None:
        self.change(cause, key, _nothing)

    def _wake_one(self, key: str, cause: Cause, act: Act) -> None:
        try:
            act(key, cause)
        except Exception as error:
            if is_outage(error):
                raise
            # one that fails must not keep the others waiting; its lease brings it back
            log.exception("a timer's work failed", extra={"aggregate": f"{self.name}/{key}"})

    def change_many(self, cause: Cause, changes: Sequence[tuple[Doc, Decide[S]]]) -> list[str]:
        """Apply to each document, as `loaded` gave it, its own decision, all in one write; gives the ids of those done.

        Who has been changed since is left as it is. For a timer's work, of which nobody waits for an answer: cut off in
        between, some are changed.
        """
        writes = {}
        for doc, decide in changes:
            state, facts = self._after(self._from_document(doc), cause, (decide, _settled))
            writes[doc["_id"]] = self._update(doc, state, facts, cause, None)
        if not writes:
            return []
        done = self.collection.bulk_write([UpdateOne(guard, set_) for guard, set_, _ in writes.values()], ordered=False)
        ids = list(writes)
        if done.matched_count < len(writes):
            heads = {key: added.head["hash"] for key, (_, _, added) in writes.items()}
            rows = self.collection.find({"_id": {"$in": ids}}, {"head": 1})
            ids = [doc["_id"] for doc in rows if doc["head"]["hash"] == heads[doc["_id"]]]
        for key in ids:
            if outbox := writes[key][2].outbox:
                self._db.hand(Pending(self.name, key, outbox))
        return ids

    def loaded(self, ids: Sequence[str], also: Doc | None = None) -> list[Doc]:
        """The documents of these ids that are there, and of which `also` holds, as `change_many` takes them."""
        return list(self.collection.find({"_id": {"$in": list(ids)}, **(also or {})}, _TO_CHANGE))

    # the protocol's steps

    def _load(self, field: str, value: str, tx: Transaction | None) -> Doc | None:
        if tx is None:
            return self._to_change[field].find(value)
        return self.collection.find_one({field: value}, _TO_CHANGE, session=tx.session)

    def _apply(
        self, doc: Doc, cause: Cause, rules: Rules[S], reply: Reply[S] | None, tx: Transaction | None
    ) -> dict[str, Any] | None:
        known = self._answered.find(doc, cause)
        if known is not None:
            return known.reply
        before = self._from_document(doc)
        self._require_version(cause, before.version)
        state, facts = self._after(before, cause, rules)
        return self._save(doc, state, facts, cause, reply, tx)

    def _after(self, before: S, cause: Cause, rules: Rules[S]) -> tuple[S, list[Fact]]:
        state, facts = self._decide(self._in_replay(before, cause), cause, rules)
        return replace(state, version=before.version + 1, last_at=_latest(before.last_at, facts)), facts

    def _require_version(self, cause: Cause, version: int) -> None:
        if cause.expected_version not in (None, version):
            raise Conflict(
                f"the {self._what} is at version {version}, not {cause.expected_version}",
                rule="expected_version",
                version=version,
            )

    def _decide(self, state: S, cause: Cause, rules: Rules[S]) -> tuple[S, list[Fact]]:
        # in replay it is as late as its caller has said: a call without a time must not run the timers to today
        at = cause.time_after(state.last_at, state.replay_until or self._db.clock.now())
        return decided(state, at, rules, self._advance)

    def _in_replay(self, state: S, cause: Cause) -> S:
        if state.replay_until is None:
            return state
        marks = [mark for mark in (state.replay_until, cause.starts_replay) if mark is not None]
        return replace(state, replay_until=max(marks))

    def _taken(self, error: DuplicateKeyError) -> Conflict:
        if _collided(error) == "requests.k":
            return request_used()
        return Conflict(f"another {self._what} has the same unique field", rule="unique")

    def _save(
        self,
        doc: Doc,
        state: S,
        facts: Sequence[Fact],
        cause: Cause,
        reply: Reply[S] | None,
        tx: Transaction | None,
    ) -> dict[str, Any] | None:
        answer = to_json(reply(state)) if reply else None
        guard, update, added = self._update(doc, state, facts, cause, answer)
        try:
            done = self.collection.update_one(guard, update, session=tx.session if tx else None)
        except DuplicateKeyError as error:
            raise self._taken(error) from error
        if not done.matched_count:
            raise LostRace
        if added.outbox:
            self._db.relay(Pending(self.name, doc["_id"], added.outbox), tx)
        return answer

    def _update(
        self, doc: Doc, state: S, facts: Sequence[Fact], cause: Cause, answer: Doc | None
    ) -> tuple[dict[str, Any], dict[str, Any], Additions]:
        """What makes `state` of the document, if nobody has changed it since: filter, update, and what that adds."""
        now = self._db.clock.now()
        fields = self._fields(state)
        public_id = str(fields.get(self.key, doc["_id"]))
        added = additions(self._publishing, (self.name, public_id), state, facts, cause, now, doc.get("head"))
        push: dict[str, Any] = {"history": {"$each": added.history}, "outbox": {"$each": added.outbox}}
        push |= note(cause, answer, now)
        changed = {name: value for name, value in fields.items() if name not in doc or doc[name] != value}
        update: dict[str, Any] = {"$set": {**changed, "head": added.head}, "$push": push}
        update["$inc"] = {"revision": 1, "unspilled": max(1, len(added.history))}
        if added.outbox:
            update["$set"]["relay_at"] = now + RELAY_GRACE
        # a timer is there only while one is set
        update["$unset"] = {"timer_at": ""} if "timer_at" not in fields else {}
        update["$unset"] |= dict.fromkeys(self._left(doc, fields), "")
        if not update["$unset"]:
            del update["$unset"]
        return {"_id": doc["_id"], "revision": doc["revision"]}, update, added

    def _left(self, doc: Doc, fields: Doc) -> set[str]:
        """What the state has had and has no more. What others keep in the document beside it is not its own to drop."""
        odd = doc.keys() - fields.keys() - KERNEL_OWN
        return odd & self._to_document(self._from_document(doc)).keys() if odd else set()

    def _fields(self, state: S) -> dict[str, Any]:
        fields = self._to_document(state)
        fields |= {"version": state.version, "last_at": state.last_at, "replay_until": state.replay_until}
        # work in replay has no timer: only its caller moves its time on
        due = None if state.replay_until is not None else self._next_due(state)
        return fields | ({"timer_at": due} if due is not None else {})


class AlreadyThere(Exception):
    """A creation inside a transaction found its aggregate there; `Aggregates.kept` gives what was answered then."""
