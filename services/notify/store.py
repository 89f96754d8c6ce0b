"""Notify's documents, put together: the ledger, the customers, and what becomes messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import IndexModel

from services.notify.broadcast_texts import BroadcastTexts
from services.notify.domain.limits import Limits
from services.notify.reference import NOTHING
from services.notify.reference import Reference as Rules
from services.notify.reference.schema import ReferenceData
from services.notify.storage import (
    audiences,
    broadcasts,
    care_after,
    care_days,
    customers,
    holding,
    matters,
    messages,
    proof,
    releasing,
    replies,
    tallies,
)
from services.notify.storage.answering import Answering
from services.notify.storage.audiences import Audiences
from services.notify.storage.broadcast_messages import BroadcastMessages
from services.notify.storage.broadcast_rows import BroadcastRows
from services.notify.storage.broadcasting import Broadcasting
from services.notify.storage.broadcasts import Broadcasts
from services.notify.storage.calling import Calling
from services.notify.storage.calls import Calls
from services.notify.storage.care import Care
from services.notify.storage.chains import Chains
from services.notify.storage.counts import Counts
from services.notify.storage.customers import Customers
from services.notify.storage.failures import Failures
from services.notify.storage.fallback import Fallback
from services.notify.storage.foretelling import Foretelling
from services.notify.storage.holding import Holding
from services.notify.storage.inbound import Inbound
from services.notify.storage.mails import Mails
from services.notify.storage.means import Means
from services.notify.storage.messages import Messages
from services.notify.storage.notices import Notices
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.proof import Proof
from services.notify.storage.releasing import Releasing
from services.notify.storage.replies import Asked, Replies
from services.notify.storage.retelling import Retold, elsewhere
from services.notify.storage.standing import Standing
from services.notify.storage.tallies import Tallies
from services.notify.storage.telling import Telling
from services.notify.storage.wishing import Wishing
from services.notify.tokens import Tokens
from shared.mongo import Database
from shared.reference import Reference
from shared.schemas import load

COLLECTIONS: dict[str, list[IndexModel]] = {
    "notify_messages": [
        *(*messages.INDEXES, *holding.INDEXES, *replies.MESSAGE_INDEXES),
        *(proof.INDEX, releasing.INDEX),
    ],
    "notify_broadcasts": broadcasts.INDEXES,
    "notify_audiences": audiences.INDEXES,
    "notify_customers": customers.INDEXES,
    "notify_preferences": [],
    "notify_tallies": tallies.INDEXES,
    "notify_matters": matters.INDEXES,
    "notify_replies": replies.INDEXES,
    "notify_care_plans": [],
    "notify_care_days": care_days.INDEXES,
    "notify_care_after": care_after.INDEXES,
}
AGGREGATES = ("notify_messages", "notify_broadcasts", "notify_preferences", "notify_replies")


def build(body: Mapping[str, Any], version: int) -> Rules:
    """The rules in a body; `ValidationError` by path for what does not fit together."""
    return Rules.from_dict(load(ReferenceData, body), version)


class NotifyStore:
    """All that notify keeps."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reference = Reference(db, "notify", schema=ReferenceData, build=build, default=NOTHING)
        self.messages = Messages(db, self._limits, self._unsubscribe, Tokens.from_environment())
        self.customers = Customers(db)
        self.preferences = PreferencesStore(db, lambda: self.reference.current().holding.obligatory)
        self.broadcasts = Broadcasts(db)
        self.standing = Standing(self.broadcasts)
        known = (self.messages, self.customers, self.preferences)
        self.holding = Holding(db, self.reference, *known, self.standing.over, self.standing.paused)
        means = Means(self.reference, *known, self.holding)
        self.telling = Telling(means)
        self.foretelling = Foretelling(db, self.preferences, self.holding)
        self.care = Care(db, means)
        self.replies = Replies(db)
        asked = Asked(db, self.replies)
        self.answering = Answering(self.reference, Tallies(db))
        self.wishing = Wishing(self.preferences, self.replies)
        mails = Mails(self.reference, self.replies, asked, self.customers, self.wishing, self.answering)
        self.inbound = Inbound(db.clock, self.reference, self.replies, asked, self.wishing, self.answering, mails)
        self.notices = Notices(self.messages)
        self.fallback = Fallback(db.clock, means, self.notices)
        self.releasing = Releasing(means)
        texts = BroadcastTexts()
        self.fallback.broadcasts = Retold(self.reference, self.broadcasts, texts)
        self.fallback.elsewhere = elsewhere
        self.audiences = Audiences(db, self.customers)
        self.proof = Proof(self.messages)
        self.calling = Calling(self.reference, self.customers, self.preferences, self.proof)
        rows = BroadcastRows(means, texts)
        self.broadcasting = Broadcasting(
            *(db, self.broadcasts, self.audiences, self.messages, rows, self.calling),
            *(BroadcastMessages(db, self.messages), self.releasing),
        )
        self.chains = Chains(self.messages)
        self.counts = Counts(self.messages)
        self.calls = Calls(self.messages, self.holding)
        self.failures = Failures(self.messages, self.fallback, self.holding)

    def wake(self) -> None:
        """What time brings to messages: what was held comes up again, what has had no word is unknown, calls return."""
        self.messages.wake(self.db.clock.now(), act=self.holding.look)

    def _limits(self) -> Limits:
        return self.reference.current().limits

    def _unsubscribe(self, kind: str, token: str) -> str | None:
        return self.reference.current().unsubscribe(kind, token)
