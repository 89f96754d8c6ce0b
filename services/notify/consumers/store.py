"""What a consumer remembers, so that nobody is told twice: one document per message, claimed before sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, IndexModel, MongoClient, ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from services.notify.consumers.message import UNKNOWN, Outcome
from shared.clock import Clock

CLAIMED, RELEASED = "claimed", "released"
NOBODY = ""  # owns a claim in doubt whose process goes on
#: So long another process may still be at a message that it has claimed.
ABANDONED_AFTER = timedelta(seconds=60)
ENDED = "the consumer ended between sending and recording"
#: Longer than anything waits in a queue or in parking.
KEPT = timedelta(days=90)

_EXPIRY = IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=int(KEPT.total_seconds()))
COLLECTIONS: dict[str, list[IndexModel]] = {
    "consumer_sms_messages": [_EXPIRY],
    "consumer_email_messages": [_EXPIRY],
}


class StoreDown(Exception):
    """The database is away; ask again."""


@dataclass(frozen=True)
class Claim:
    """What a claim found. `outcome`: it is settled already. `in_doubt`: it may have left, at `since` or a little later;
    another process, `owner`, never said how that ended, or got no answer, `unanswered` times; `why` is for people.
    Neither: this process may send it."""

    outcome: Outcome | None = None
    in_doubt: bool = False
    owner: str | None = None
    since: datetime | None = None
    unanswered: int = 0
    why: str = ENDED

    def age(self, now: datetime) -> timedelta:
        """For how long it has been in doubt; where nobody knows, for ever."""
        return timedelta.max if self.since is None else now - self.since


class Claims:
    """The consumer's collection. Every method may raise `StoreDown`, and may then be called again."""

    def __init__(self, uri: str, channel: str, clock: Clock) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            uri,
            tz_aware=True,
            w="majority",
            journal=True,
            serverSelectionTimeoutMS=3_000,
            connectTimeoutMS=3_000,
            socketTimeoutMS=10_000,
            maxPoolSize=4,
            connect=False,
        )
        self._rows = self._client.get_default_database()[f"consumer_{channel}_messages"]
        self._clock = clock
        self._owner = uuid4().hex

    def claim(self, message_id: str) -> Claim:
        """Make the message this process's own, if it may be sent.

        A claim of this very process is free: it settles or releases everything before it claims again, so it can only
        be one whose answer was lost.
        """
        try:
            return self._claim(message_id)
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error

    def _claim(self, message_id: str) -> Claim:
        mine = {"state": CLAIMED, "owner": self._owner, "at": self._clock.now()}
        free = {"$or": [{"state": RELEASED}, {"state": CLAIMED, "owner": self._owner}]}
        while True:
            try:
                self._rows.insert_one({"_id": message_id, "refusals": 0, **mine})
                return Claim()
            except DuplicateKeyError:
                found = self._rows.find_one({"_id": message_id, "$nor": [free]})
            if found is not None:
                if found["state"] != CLAIMED:
                    return Claim(_outcome(found))
                return _doubt(found)
            if self._rows.update_one({"_id": message_id, **free}, {"$set": mine}).matched_count:
                return Claim()

    def take_over(self, message_id: str, owner: str) -> bool:
        """Make a claim in doubt this process's own; False where its owner, or another process, was quicker."""
        mine = {"owner": self._owner, "at": self._clock.now()}
        try:
            found = self._rows.update_one({"_id": message_id, "state": CLAIMED, "owner": owner}, {"$set": mine})
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error
        return found.matched_count == 1

    def doubt(self, message_id: str, why: str) -> None:
        """It was sent and not answered: it may have left. Its claim is in doubt from now on, for this process, too."""
        change = {"$set": {"owner": NOBODY, "at": self._clock.now(), "why": why}, "$inc": {"unanswered": 1}}
        try:
            self._rows.update_one({"_id": message_id, "state": CLAIMED}, change)
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error

    def settle(self, message_id: str, outcome: Outcome) -> Outcome:
        """Record how it ended; gives what is known then. Knowledge is never overwritten by `unknown`."""
        known = [CLAIMED, RELEASED] if outcome.state == UNKNOWN else [CLAIMED, RELEASED, UNKNOWN]
        try:
            row = self._rows.find_one_and_update(
                {"_id": message_id, "state": {"$in": known}},
                {"$set": {**asdict(outcome), "at": self._clock.now()}},
                return_document=ReturnDocument.AFTER,
            ) or self._rows.find_one({"_id": message_id})
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error
        return _outcome(row) if row else outcome

    def release(self, message_id: str) -> int:
        """Nothing was sent, anybody may try again; gives how often that has happened to this message."""
        try:
            row = self._rows.find_one_and_update(
                {"_id": message_id, "state": CLAIMED, "owner": self._owner},
                {"$set": {"state": RELEASED}, "$inc": {"refusals": 1}},
                return_document=ReturnDocument.AFTER,
            ) or self._rows.find_one({"_id": message_id})
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error
        return int(row["refusals"]) if row else 1

    def beside(self, name: str) -> Collection[dict[str, Any]]:
        """Another collection of this consumer's."""
        return self._client.get_default_database()[name]

    def check(self) -> None:
        """`StoreDown` unless the database answers."""
        try:
            self._client.get_default_database().command("ping")
        except PyMongoError as error:
            raise StoreDown(type(error).__name__) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _doubt(row: Mapping[str, Any]) -> Claim:
    why, times = row.get("why", ENDED), row.get("unanswered", 0)
    return Claim(in_doubt=True, owner=row["owner"], since=row["at"], unanswered=times, why=why)


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(row["state"], row.get("detail"), row.get("gateway_id"), row.get("parts"))
