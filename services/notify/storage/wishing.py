"""STOP and START: whoever says so at an address gets no more messages there, or all of them again."""

from __future__ import annotations

from datetime import datetime

from services.notify.domain import replies as rules
from services.notify.domain.matching import LEAVE, Match
from services.notify.domain.reading import START, STOP
from services.notify.domain.replies import Decision, Reply
from services.notify.storage.preferences import PreferencesStore, at_address
from services.notify.storage.replies import Replies
from shared.cause import Cause
from shared.errors import NotYetKnown
from shared.values import replace

OVERTAKEN = "overtaken"


class Wishing:
    """Keeps the newest wish of whoever has an address, in whatever order they come."""

    def __init__(self, preferences: PreferencesStore, replies: Replies) -> None:
        self._preferences = preferences
        self._replies = replies

    def kept(self, cause: Cause, reply: Reply, match: Match, at: datetime, address: str | None = None) -> Decision:
        """The wish, about `address` (None: where it came from), is kept before the reply is stored.

        It must not be lost, and a second time it changes nothing.
        """
        word = STOP if match.outcome == LEAVE else START
        if not self._preferences.word(cause, address or reply.sender, word, reply.place):
            return rules.repeats(replace(reply, meaning=match.meaning), at, OVERTAKEN)
        return rules.taken(reply, match, at)

    def newest(self, address: str) -> Reply | None:
        """The newest message by which somebody said STOP or START of this address; None: not by any.

        `NotYetKnown` while it is not stored.
        """
        reply_id = self._preferences.said_by(at_address(address)).word.partition("/")[2]
        reply = self._replies.find(reply_id) if reply_id else None
        if reply_id and reply is None:
            raise NotYetKnown(f"reply {reply_id}")
        return reply
