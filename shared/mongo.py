"""MongoDB for a service: the connection, transactions, and the provider that hands a service its store."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nameko.extensions import DependencyProvider
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.bus.relay import Pending, Relay
from shared.clock import Clock, SystemClock
from shared.errors import Unavailable
from shared.housekeeping import Housekeeping
from shared.outage import is_outage
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.aggregates import Aggregates

Document = dict[str, Any]
T = TypeVar("T")

TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
TRANSACTION_TRIES = 60
#: Seconds after which a database that is away ends a transaction's tries: the caller must hear so, and may ask again.
PATIENCE = 4.0


class LostRace(Exception):
    """Somebody saved the document in between; inside a transaction the whole of it is tried again."""


@dataclass
class Transaction:
    """One attempt at a transaction; what it adds to outboxes is relayed after the commit only."""

    session: ClientSession
    pending: list[Pending] = field(default_factory=list)


def collide(collection: Collection[Document], key: str, note: Mapping[str, Any], tx: Transaction) -> None:
    """Of two transactions that do this at once for one key, the second one is tried again, and sees what the first did.

    For what follows from reading documents that others are just adding to. `note` is kept there for people; nothing may
    depend on it. Raises LostRace, or what makes `transact` try again.
    """
    update = {"$set": dict(note), "$currentDate": {"at": True}}
    try:
        collection.update_one({"_id": key}, update, upsert=True, session=tx.session)
    except DuplicateKeyError as error:
        raise LostRace from error


class Database:
    """A service's view of the database: majority-journaled writes, aware UTC times."""

    def __init__(
        self,
        client: MongoClient[Document],
        clock: Clock,
        nudge: Callable[[Pending], None],
        hand: Callable[[Pending], None] | None = None,
        deliver: Callable[[Sequence[Pending]], Sequence[Pending]] | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.housekeeping = Housekeeping(clock)
        self.aggregates: dict[str, Aggregates[Any]] = {}  # by collection; they enter themselves
        self._nudge = nudge
        #: Has outbox entries published like `relay`, for whoever writes a great many: waits while many are in line.
        self.hand = hand or nudge
        #: Publishes entries that are in no outbox, and gives those that the broker has not taken: `Relay.deliver`.
        self.deliver = deliver or self._delivered
        self._database = client.get_default_database()

    def collection(self, name: str) -> Collection[Document]:
        """The collection of that name (prefix: the service's)."""
        return self._database[name]

    def ping(self) -> None:
        """Returns when the database answers; raises what `shared.outage.is_outage` knows otherwise."""
        self._database.command("ping")

    def relay(self, pending: Pending, tx: Transaction | None) -> None:
        """Have the outbox entries published right away, or after the transaction's commit."""
        if tx is None:
            self._nudge(pending)
        else:
            tx.pending.append(pending)

    def _delivered(self, batch: Sequence[Pending]) -> Sequence[Pending]:
        for pending in batch:
            self._nudge(pending)
        return []

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one short transaction; on a lost race or a transient error, all of it again.

        Raises `Unavailable` when it loses too often, and whatever `work` raises.
        """
        give_up_at = time.monotonic() + PATIENCE
        for attempt in range(TRANSACTION_TRIES):
            try:
                return self._attempt(work)
            except LostRace:
                pass
            except PyMongoError as error:
                if not error.has_error_label(TRANSIENT) or (is_outage(error) and time.monotonic() > give_up_at):
                    raise
            # jittered, growing to 50 ms: contenders for one document must not march in step
            time.sleep(random.uniform(0, min(0.002 * (attempt + 1), 0.05)))  # noqa: S311 - no secret
        raise Unavailable("too many others change the same thing just now", rule="contention")

    def _attempt(self, work: Callable[[Transaction], T]) -> T:
        with self.client.start_session() as session:
            tx = Transaction(session)
            with _begun(session):
                result = work(tx)
            for pending in tx.pending:
                self._nudge(pending)
            return result


@contextmanager
def _begun(session: ClientSession) -> Iterator[None]:
    session.start_transaction()
    try:
        yield
    except BaseException:
        if session.in_transaction:
            session.abort_transaction()
        raise
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            session.commit_transaction()
            return
        except PyMongoError as error:
            # committing again is safe: the server knows this transaction by its number; giving up, too: whoever asks
            # again with the same cause finds out whether it was applied
            if not error.has_error_label(UNKNOWN_COMMIT) or time.monotonic() > give_up_at:
                raise


def connect(uri: str, max_workers: int) -> MongoClient[Document]:
    """A client with bounded waits everywhere; connects on first use, not here."""
    return MongoClient(
        uri,
        tz_aware=True,
        w="majority",
        journal=True,
        retryWrites=True,
        maxPoolSize=max_workers + 6,  # workers, relay, sweeps, timers
        waitQueueTimeoutMS=10_000,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=20_000,
        connect=False,
    )


S = TypeVar("S")


class Mongo(DependencyProvider, Generic[S]):  # nameko's extension, extended
    """Hands workers the service's store. `sweeps`: this process also relays what a crash left, and spills."""

    relay = Relay()

    def __init__(self, store_class: Callable[[Database], S], sweeps: bool = False) -> None:
        self.store_class = store_class
        self.sweeps = sweeps
        self._client: MongoClient[Document] | None = None

    def setup(self) -> None:
        """Build the client and the store; does no I/O."""
        settings: Settings = self.container.config["LOOPDESK"]
        self._client = connect(settings.mongo_uri, settings.max_workers)
        self.database = Database(self._client, SystemClock(), self.relay.nudge, self.relay.hand, self.relay.deliver)
        self.store = self.store_class(self.database)
        self.relay.confirmed = self.database.housekeeping.confirmed

    def start(self) -> None:
        """Start the sweeps, if this process does them."""
        if self.sweeps:
            self.container.spawn_managed_thread(
                lambda: self.database.housekeeping.run(self.relay.nudge), identifier="housekeeping"
            )

    def stop(self) -> None:
        """Stop the sweeps, let the relay finish what it has, close the connections."""
        self.database.housekeeping.stop()
        self.relay.stop()
        if self._client is not None:
            self._client.close()

    def get_dependency(self, worker_ctx: Any) -> S:
        """The store: one per process."""
        return self.store
