"""A broadcast's work, a piece at a time: whoever has claimed it goes on where the last one ended.

The rows of a piece and the place after it are one transaction, which holds only while nobody else has moved the
broadcast on, paused, amended or stopped it: so each recipient has one row, whatever dies when, and nobody who has been
overtaken adds another. What is handed over leaves by the rows' own outboxes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from services.notify.domain import broadcasts as rules
from services.notify.domain import ledger
from services.notify.domain.audience import ALL_CHANNELS, CHANNELS
from services.notify.domain.broadcasts import CALL, LEASE, TELL, WITHDRAW, Broadcast
from services.notify.domain.ledger import HANDED_OVER, HELD, QUEUED, Message
from services.notify.storage.audiences import Audiences
from services.notify.storage.broadcast_rows import BroadcastRows, Row
from services.notify.storage.broadcasts import Broadcasts
from services.notify.storage.messages import Messages
from services.notify.storage.proof import Proof
from shared.bus.relay import Pending
from shared.cause import Cause
from shared.events import Fact
from shared.mongo import Database, Transaction

#: Recipients in one piece: enough to travel together, few enough that memory stays flat.
PIECE = 1_000
#: Seconds for which one broadcast is gone on with before the others have their turn.
TURN = 2.0
AT_ONCE = 1  # broadcasts claimed in one go: the others are another replica's meanwhile
FRESH_FOR, REMEMBERED = 1.0, 16


class Overtaken(Exception):
    """Somebody else has gone on with it, or changed it, since it was read."""


class Broadcasting:
    """Goes on with broadcasts. `hand` has outbox entries published, and waits while too many are."""

    def __init__(
        self,
        db: Database,
        broadcasts: Broadcasts,
        audiences: Audiences,
        messages: Messages,
        rows: BroadcastRows,
        proof: Proof,
    ) -> None:
        self._db = db
        self._broadcasts = broadcasts
        self._audiences = audiences
        self._messages = messages
        self._rows = rows
        self._proof = proof
        self._tasks: dict[str, Callable[[Broadcast, datetime], bool]] = {
            TELL: self._tell,
            WITHDRAW: self._withdraw,
            CALL: self._call,
        }

    def go_on(self, hand: Callable[[Pending], None]) -> int:
        """Go on with what is due, each for a turn; gives how many there were."""
        self._hand = hand
        return self._broadcasts.wake(self._db.clock.now(), AT_ONCE, self._turn)

    def _turn(self, key: str, _: Cause) -> None:
        ends = time.monotonic() + TURN
        try:
            while self._piece(key):
                if time.monotonic() > ends:
                    self._give_way(self._broadcasts.get(key))
                    return
        except Overtaken:
            return  # by a command, or by whoever took it over: it is theirs to go on

    def _give_way(self, broadcast: Broadcast) -> None:
        """It is due again at once, after the others."""
        now = self._db.clock.now()
        self._save(broadcast, now, lambda state, at: (rules.waiting(state, now), []))

    def _piece(self, key: str) -> bool:
        """One piece of the first task; whether there is more to do right away."""
        now = self._db.clock.now()
        broadcast = self._broadcasts.get(key)
        due = rules.next_due(broadcast)
        if due is None or not broadcast.walk.tasks:
            return False
        return self._tasks[broadcast.walk.tasks[0]](broadcast, now)

    # telling

    def _tell(self, broadcast: Broadcast, now: datetime) -> bool:
        room = rules.room(broadcast, now, PIECE, self._open(broadcast))
        if room.number == 0:
            again = max(room.again_at, now + timedelta(milliseconds=50))
            self._save(broadcast, now, lambda state, at: (rules.waiting(state, again), []))
            return False
        piece = self._audiences.read(broadcast, broadcast.walk.cursor, room.number)
        rows = self._rows.of(broadcast, piece.targets, now)
        told = sum(row.handed for row in rows)
        due = now if piece.cursor is None else now + LEASE
        self._save(
            broadcast,
            now,
            lambda state, at: rules.advanced(state, at, piece.cursor, due, piece.seen, told),
            rows,
        )
        return piece.cursor is not None or len(broadcast.walk.tasks) > 1

    def _open(self, broadcast: Broadcast) -> int:
        """How many are with the consumers, without a word of theirs; counted up to the window only."""
        if broadcast.window is None:
            return 0
        open_ = {"broadcast": broadcast.broadcast_id, "channel": {"$in": list(CHANNELS)}, "state": HANDED_OVER}
        return self._messages.collection.count_documents(open_, limit=broadcast.window + 1, hint=_OF_BROADCAST)

    # taking back

    def _withdraw(self, broadcast: Broadcast, now: datetime) -> bool:
        """What waits and must not go any more is cancelled, each row by itself: it may be going at this moment."""
        waiting = {
            "broadcast": broadcast.broadcast_id,
            "channel": {"$in": list(ALL_CHANNELS)},
            "state": {"$in": [QUEUED, HELD]},
            "_id": {"$gt": broadcast.walk.cursor or ""},
        }
        found = self._messages.collection.find(waiting, {"occurrence": 1}).hint(_OF_BROADCAST).sort("_id", 1)
        page = list(found.limit(PIECE))
        for doc in page:
            if why := rules.obsolete(broadcast, doc["occurrence"]):
                self._cancel(doc["_id"], why, now)
        cursor = page[-1]["_id"] if len(page) == PIECE else None
        due = now + LEASE if cursor else max(now, broadcast.walk.due_at or now)
        self._save(broadcast, now, lambda state, at: rules.advanced(state, at, cursor, due))
        return cursor is not None

    def _cancel(self, key: str, why: str, now: datetime) -> None:
        def cancelled(message: Message, at: datetime) -> tuple[Message, list[Fact]]:
            if message.state not in (QUEUED, HELD):
                return message, []  # it has gone since, or was cancelled
            return ledger.cancel(message, at, why=why)

        self._messages.change(Cause.tick(now), key, cancelled)

    # calling

    def _call(self, broadcast: Broadcast, now: datetime) -> bool:
        """A call task for each household or customer that nothing has reached and nothing is under way to."""
        missed, cursor = self._proof.missed(broadcast, broadcast.plan.edition, PIECE, broadcast.walk.cursor)
        rows = self._rows.calls(broadcast, [one for one in missed if one.may_be_called], now)
        due = now + LEASE if cursor else now
        self._save(broadcast, now, lambda state, at: rules.advanced(state, at, cursor, due), rows)
        return cursor is not None

    # one piece, one transaction

    def _save(
        self,
        broadcast: Broadcast,
        now: datetime,
        decide: Callable[[Broadcast, datetime], tuple[Broadcast, list[Fact]]],
        rows: list[Row] | None = None,
    ) -> None:
        key = broadcast.broadcast_id
        documents = [row.document for row in rows or ()]

        def unless_overtaken(state: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
            if not rules.same_place(state, broadcast):
                raise Overtaken
            return decide(state, at)

        def work(tx: Transaction) -> None:
            self._broadcasts.change(Cause.tick(now), key, unless_overtaken, tx=tx)
            if documents:
                self._messages.collection.insert_many(documents, ordered=False, session=tx.session)

        try:
            self._db.transact(work)
        except BulkWriteError:  # a row came to be at this moment; the error itself holds texts, and would be logged
            raise Overtaken from None
        for document in documents:
            if document["outbox"]:
                self._hand(Pending(self._messages.name, document["_id"], document["outbox"]))


_OF_BROADCAST = "broadcast_channel_state"


class Over:
    """Says of a message why what its broadcast tells is no longer so; None: it is. A second old at most: what is to be
    taken back is, by the broadcast itself."""

    def __init__(self, broadcasts: Broadcasts) -> None:
        self._broadcasts = broadcasts
        self._known: dict[str, tuple[float, Broadcast | None]] = {}

    def __call__(self, message: Message) -> str | None:
        """`superseded`, `broadcast_cancelled`, `broadcast_ended`."""
        broadcast = self._broadcast(message.broadcast) if message.broadcast else None
        return rules.obsolete(broadcast, message.occurrence) if broadcast is not None else None

    def _broadcast(self, key: str) -> Broadcast | None:
        read_at, broadcast = self._known.get(key, (float("-inf"), None))
        if time.monotonic() - read_at > FRESH_FOR:
            broadcast = self._broadcasts.find(key)
            self._known.pop(key, None)
            self._known[key] = time.monotonic(), broadcast
            while len(self._known) > REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
        return broadcast
