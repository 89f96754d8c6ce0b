"""A broadcast's work, a piece at a time: whoever has claimed it goes on where the last one ended.

The rows of a piece and the place after it are one transaction, which holds only while nobody else has moved the
broadcast on, paused, amended or stopped it: so each recipient has one row, whatever dies when, and nobody who has been
overtaken adds another. What is handed over has no outbox: the same transaction marks the broadcast, and the mark goes
when the broker has the piece's messages (ADR 85). Meanwhile the next piece is built.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import eventlet
from pymongo.errors import BulkWriteError

from services.notify.domain import broadcasts as rules
from services.notify.domain import ledger
from services.notify.domain.audience import ALL_CHANNELS, CHANNELS
from services.notify.domain.broadcasts import CALL, LEASE, RELEASE, TELL, WITHDRAW, Broadcast
from services.notify.domain.ledger import HANDED_OVER, WAITING, Message
from services.notify.storage.audiences import Audiences, Piece
from services.notify.storage.broadcast_messages import BroadcastMessages, OnTheirWay
from services.notify.storage.broadcast_rows import BroadcastRows
from services.notify.storage.broadcast_sorts import Row
from services.notify.storage.broadcasts import Broadcasts
from services.notify.storage.calling import Calling
from services.notify.storage.messages import OPEN_CALLS, Messages
from services.notify.storage.releasing import Releasing
from services.notify.storage.standing import OF_BROADCAST
from shared.bus.relay import Pending
from shared.cause import Cause
from shared.due import due
from shared.events import Fact
from shared.mongo import Database, Transaction

#: Recipients in one piece: enough to travel together, few enough that memory stays flat.
PIECE = 1_000
#: Seconds for which one broadcast is gone on with before the others have their turn.
TURN = 2.0
#: And at most, where no other waits: a turn's end costs the piece that was built ahead, and the process may be told to
#: end.
LONGEST = 4.0
AT_ONCE = 1  # broadcasts claimed in one go: the others are another replica's meanwhile


class Overtaken(Exception):
    """Somebody else has gone on with it, or changed it, since it was read."""


@dataclass(frozen=True)
class _Built:
    """A piece whose rows are made, not stored: those after the place at which `before` is."""

    before: Broadcast
    piece: Piece
    rows: list[Row]
    at: datetime

    @property
    def ids(self) -> set[str]:
        return {row.document["_id"] for row in self.rows}

    def after(self, state: Broadcast, at: datetime, due: datetime) -> tuple[Broadcast, list[Fact]]:
        told = sum(bool(row.message) for row in self.rows)
        return rules.advanced(state, at, self.piece.cursor, due, self.piece.seen, told)


@dataclass
class _Turn:
    """One turn with one broadcast, begun at a time of the monotonic clock; `ahead` was built while the piece before it
    was being stored."""

    began: float
    way: OnTheirWay
    ahead: _Built | None = field(default=None)
    released: str | None = ""


class Broadcasting:
    """Goes on with broadcasts."""

    def __init__(
        self,
        db: Database,
        broadcasts: Broadcasts,
        audiences: Audiences,
        messages: Messages,
        rows: BroadcastRows,
        calling: Calling,
        sent: BroadcastMessages,
        releasing: Releasing,
    ) -> None:
        self._db = db
        self._broadcasts = broadcasts
        self._audiences = audiences
        self._messages = messages
        self._rows = rows
        self._calling = calling
        self._sent = sent
        self._releasing = releasing
        self._tasks: dict[str, Callable[[_Turn, Broadcast, datetime], bool]] = {
            TELL: self._tell,
            WITHDRAW: self._withdraw,
            CALL: self._call,
            RELEASE: self._release,
        }

    def go_on(self) -> int:
        """Go on with what is due, each for a turn; gives how many there were."""
        return self._broadcasts.wake(self._db.clock.now(), AT_ONCE, self._turn)

    def _turn(self, key: str, _: Cause) -> None:
        turn = _Turn(time.monotonic(), OnTheirWay(self._sent))
        try:
            self._publish_first(turn, key)
            while self._piece(turn, key):
                if self._is_over(turn):
                    self._give_way(turn, key)
                    return
        except Overtaken:
            return  # by a command, or by whoever took it over: it is theirs to go on
        finally:
            self._settle(turn, key)

    def _is_over(self, turn: _Turn) -> bool:
        taken = time.monotonic() - turn.began
        if taken <= TURN or taken > LONGEST:
            return taken > TURN
        return next(due(self._broadcasts.collection, self._db.clock.now(), 1), None) is not None

    def _publish_first(self, turn: _Turn, key: str) -> None:
        """What is marked was written by somebody who may have died before it was out: nothing goes before it."""
        broadcast = self._broadcasts.get(key)
        for mark in broadcast.publishing:
            self._sent.publish_again(broadcast, mark)
            turn.way.published.add(mark)

    def _settle(self, turn: _Turn, key: str) -> None:
        """Wait for what is on its way, and take the marks away that no later piece took."""
        try:
            turn.way.wait()
        finally:
            if published := turn.way.published:
                now = self._db.clock.now()
                self._broadcasts.change(
                    Cause.tick(now), key, lambda state, at: (rules.marked(state, None, published), [])
                )

    def _give_way(self, turn: _Turn, key: str) -> None:
        """It is due again at once, after the others."""
        turn.way.wait()
        now = self._db.clock.now()
        self._save(turn, self._broadcasts.get(key), now, lambda state, at: (rules.waiting(state, now), []))

    def _piece(self, turn: _Turn, key: str) -> bool:
        """One piece of the first task; whether there is more to do right away."""
        now = self._db.clock.now()
        broadcast = self._broadcasts.get(key)
        due = rules.walk_due(broadcast)
        if due is None or not broadcast.walk.tasks:
            return False
        return self._tasks[broadcast.walk.tasks[0]](turn, broadcast, now)

    # telling

    def _tell(self, turn: _Turn, broadcast: Broadcast, now: datetime) -> bool:
        ahead, turn.ahead = turn.ahead, None
        if ahead is not None and rules.same_place(ahead.before, broadcast):
            built = ahead
        else:
            room = rules.room(broadcast, now, PIECE, self._open(broadcast))
            if room.number == 0:
                again = max(room.again_at, now + timedelta(milliseconds=50))
                self._save(turn, broadcast, now, lambda state, at: (rules.waiting(state, again), []))
                return False
            built = self._built(broadcast, now, room.number)
        due = now if built.piece.cursor is None else now + LEASE
        saving = eventlet.spawn(
            self._save, turn, broadcast, now, lambda state, at: built.after(state, at, due), built.rows, built.at
        )
        try:
            turn.ahead = self._built_ahead(turn, built.after(broadcast, now, due)[0], built)
        finally:
            saving.wait()
        return built.piece.cursor is not None or len(broadcast.walk.tasks) > 1

    def _built(self, broadcast: Broadcast, now: datetime, number: int, beside: Collection[str] = ()) -> _Built:
        piece = self._audiences.read(broadcast, broadcast.walk.cursor, number)
        return _Built(broadcast, piece, self._rows.of(broadcast, piece.targets, now, beside), now)

    def _built_ahead(self, turn: _Turn, broadcast: Broadcast, being_stored: _Built) -> _Built | None:
        """The piece after one that is being stored; None where it is too early to say whether it may go."""
        paced = broadcast.pace is not None or broadcast.window is not None
        if being_stored.piece.cursor is None or paced or time.monotonic() - turn.began > LONGEST:
            return None
        return self._built(broadcast, self._db.clock.now(), PIECE, being_stored.ids)

    def _open(self, broadcast: Broadcast) -> int:
        """How many are with the consumers, without a word of theirs; counted up to the window only."""
        if broadcast.window is None:
            return 0
        open_ = {"broadcast": broadcast.broadcast_id, "channel": {"$in": list(CHANNELS)}, "state": HANDED_OVER}
        return self._messages.collection.count_documents(open_, limit=broadcast.window + 1, hint=OF_BROADCAST)

    # taking back

    def _withdraw(self, turn: _Turn, broadcast: Broadcast, now: datetime) -> bool:
        """What waits and must not go any more is cancelled, each row by itself: it may be going at this moment. So is
        a call that is to be made, also one that an agent has."""
        waiting = {"channel": {"$in": list(ALL_CHANNELS)}, "state": {"$in": list(WAITING)}}
        found = [*self._page(broadcast, waiting), *self._page(broadcast, OPEN_CALLS)]
        page = sorted(found, key=operator.itemgetter("_id"))[:PIECE]
        for doc in page:
            if why := rules.obsolete(broadcast, doc["occurrence"]):
                self._cancel(doc["_id"], why, now)
        cursor = page[-1]["_id"] if len(page) == PIECE else None
        due = now + LEASE if cursor else max(now, broadcast.walk.due_at or now)
        self._save(turn, broadcast, now, lambda state, at: rules.advanced(state, at, cursor, due))
        return cursor is not None

    def _page(self, broadcast: Broadcast, wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        after = {"broadcast": broadcast.broadcast_id, **wanted, "_id": {"$gt": broadcast.walk.cursor or ""}}
        found = self._messages.collection.find(after, {"occurrence": 1}).hint(OF_BROADCAST)
        return list(found.sort("_id", 1).limit(PIECE))

    def _cancel(self, key: str, why: str, now: datetime) -> None:
        def cancelled(message: Message, at: datetime) -> tuple[Message, list[Fact]]:
            if not message.may_be_taken_back:
                return message, []  # it has gone since, or was cancelled
            return ledger.cancel(message, at, why=why)

        self._messages.change(Cause.tick(now), key, cancelled)

    # letting go

    def _release(self, turn: _Turn, broadcast: Broadcast, now: datetime) -> bool:
        """What was held as it was paused is decided again. What is held on as it is paused anew is not met twice."""
        turn.released = self._releasing.of_paused(broadcast, turn.released, now)
        if turn.released is None:
            self._save(turn, broadcast, now, rules.released)
        else:
            self._save(turn, broadcast, now, lambda state, at: (rules.waiting(state, now + LEASE), []))
        return True

    # calling

    def _call(self, turn: _Turn, broadcast: Broadcast, now: datetime) -> bool:
        """A call task for each household or customer that nothing has reached and nothing is under way to."""
        called, cursor = self._calling.whom(broadcast, PIECE, broadcast.walk.cursor)
        rows = [self._rows.call(broadcast, one, now) for one in called]
        due = now + LEASE if cursor else now
        self._save(turn, broadcast, now, lambda state, at: rules.advanced(state, at, cursor, due), rows)
        return cursor is not None

    # one piece, one transaction

    def _save(
        self,
        turn: _Turn,
        broadcast: Broadcast,
        now: datetime,
        decide: Callable[[Broadcast, datetime], tuple[Broadcast, list[Fact]]],
        rows: Sequence[Row] = (),
        mark: datetime | None = None,
    ) -> None:
        """`mark`: when the rows were written, if some of them are to be published."""
        key = broadcast.broadcast_id
        messages = [Pending(self._messages.name, row.document["_id"], row.message) for row in rows if row.message]
        turn.way.wait(leave=1)
        published = set(turn.way.published)

        def unless_overtaken(state: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
            if not rules.same_place(state, broadcast) or mark in state.publishing:
                raise Overtaken
            after, facts = decide(state, at)
            return rules.marked(after, mark if messages else None, published), facts

        self._store(key, now, unless_overtaken, [row.document for row in rows])
        turn.way.published -= published
        if mark is not None and messages:
            turn.way.send(mark, messages)

    def _store(
        self,
        key: str,
        now: datetime,
        decide: Callable[[Broadcast, datetime], tuple[Broadcast, list[Fact]]],
        documents: Sequence[dict[str, Any]],
    ) -> None:
        def work(tx: Transaction) -> None:
            self._broadcasts.change(Cause.tick(now), key, decide, tx=tx)
            if documents:
                self._messages.collection.insert_many(documents, ordered=False, session=tx.session)

        try:
            self._db.transact(work)
        except BulkWriteError:  # a row came to be at this moment; the error itself holds texts, and would be logged
            raise Overtaken from None
        for document in documents:
            if document["outbox"]:  # what is told to ourselves of rows that were not handed over
                self._db.hand(Pending(self._messages.name, document["_id"], document["outbox"]))
