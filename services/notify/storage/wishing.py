"""STOP and START: whoever says so at an address gets no more messages there, or all of them again."""

from __future__ import annotations

from datetime import datetime

from services.notify.domain import replies as rules
from services.notify.domain.matching import LEAVE, Match
from services.notify.domain.reading import START, STOP
from services.notify.domain.replies import Decision, Reply
from services.notify.storage.preferences import PreferencesStore
from shared.cause import Cause
from shared.values import replace

OVERTAKEN = "overtaken"


class Wishing:
    """Keeps the newest wish of whoever has an address, in whatever order they come."""

    def __init__(self, preferences: PreferencesStore) -> None:
        self._preferences = preferences

    def kept(self, cause: Cause, reply: Reply, match: Match, at: datetime) -> Decision:
        """The wish is kept before the reply is stored: it must not be lost, and a second time it changes nothing."""
        word = STOP if match.outcome == LEAVE else START
        if not self._preferences.word(cause, reply.sender, word, reply.place):
            return rules.repeats(replace(reply, meaning=match.meaning), at, OVERTAKEN)
        return rules.taken(reply, match, at)
