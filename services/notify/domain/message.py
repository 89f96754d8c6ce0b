"""A row of the ledger: its states, the table of its moves, its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.audience import CALL
from shared.events import Aggregate

STATES = (QUEUED, HELD, HANDED_OVER, SENT, DELIVERED, FAILED, UNKNOWN, EXPIRED, CANCELLED) = (
    "queued",  # decided, not to be handed over yet: a broadcast goes at its own pace
    "held",  # `held_for` says why, `due_at` until when
    "handed_over",  # in the consumers' hands; the outbox sees to it that they get it
    "sent",  # the next system took it: the relay, the provider
    "delivered",  # the recipient's system has it, or the recipient was spoken to
    "failed",  # it will not arrive
    "unknown",  # handed over, and no word, or a crash between sending and recording; never sent again by this channel
    "expired",  # not worth sending any more
    "cancelled",  # obsolete, not wanted, or superseded: it was never sent
)
RECEIPTS = (SENT, DELIVERED, FAILED, UNKNOWN, EXPIRED)
WAITING = (QUEUED, HELD)

#: What each receipt knows. A receipt that knows more than the last one wins, in any order.
_KNOWS = {UNKNOWN: 1, SENT: 2, EXPIRED: 3, FAILED: 4, DELIVERED: 5}
#: (state, what comes) -> state; what is not here is refused.
MOVES: Mapping[tuple[str, str], str] = {
    **{(QUEUED, to): to for to in (HELD, HANDED_OVER, FAILED, EXPIRED, CANCELLED)},
    **{(HELD, to): to for to in (HELD, HANDED_OVER, FAILED, EXPIRED, CANCELLED)},
    **{(HANDED_OVER, to): to for to in (*RECEIPTS, CANCELLED)},  # only a call is cancelled: no machine has it
    **{
        (state, receipt): receipt if _KNOWS[receipt] > _KNOWS[state] else state
        for state in RECEIPTS
        for receipt in RECEIPTS
    },
    # an operator has it tried again, as another attempt
    **{(state, to): to for state in (FAILED, EXPIRED) for to in (HANDED_OVER, HELD)},
    # an older attempt arrived after all, or somebody was spoken to whose call was taken back at that moment
    **{(state, DELIVERED): DELIVERED for state in (HELD, CANCELLED)},
}

_ATTEMPT = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Content:
    """What the recipient reads; SMS and calls have only `text`. `attachments`: as docs/consumers.md has them."""

    text: str
    subject: str | None = None
    html: str | None = None
    attachments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message(Aggregate):
    """A row of the ledger: one text to one recipient by one channel on one occurrence.

    `number` is the event's within its work, 0 for none; `then` the channels that are left should this one fail,
    `previous` the message that failed before, and `followed_by` the one that came after; `told_by`: the one that has
    reached them instead, so that nothing of this one is owed any more. `given`: a person gave the address.
    `said` is what the event said, kept while it may have to be told again: while the message is held, another channel
    is left, or it has no text.
    `obsolete`: events of the same work that make it so. `since`: when it came to this state. `due_at`: when it is to be
    looked at again. `attempt`: how often it was tried anew. `ended_at`: since when this channel is known not to do.
    `answers`: what a reply to it may be, to which `question` (questions.py), until `answer_by`. `token`: by which a
    reply to it is known. `digest`: the message that tells it together with others, `parts` the messages that a digest
    tells. `look`: a person has to see to it. `team`, `agent`: of a call, whose it is.
    """

    message_id: str
    occurrence: str
    event: str
    recipient: str
    ticket_no: str
    order_no: str
    channel: str
    rule: str
    kind: str
    urgency: str
    template: str
    language: str
    to: str | None
    content: Content | None
    created_at: datetime
    written_at: datetime
    expires_at: datetime
    number: int = 0
    then: tuple[str, ...] = ()
    previous: str | None = None
    followed_by: str | None = None
    told_by: str | None = None
    given: bool = False
    reference_version: int = 0
    zone: str | None = None
    said: Mapping[str, Any] | None = None
    state: str = QUEUED
    since: datetime | None = None
    detail: str | None = None
    held_for: str | None = None
    due_at: datetime | None = None
    attempt: int = 0
    ended_at: datetime | None = None
    obsolete: tuple[str, ...] = ()
    answers: str | None = None
    question: str | None = None
    answer_by: datetime | None = None
    token: str | None = None
    digest: str | None = None
    parts: tuple[str, ...] = ()
    entered_at: datetime | None = None
    broadcast: str | None = None
    area: str | None = None
    household: str | None = None
    reached_at: datetime | None = None
    look: bool = False
    team: str | None = None
    agent: str | None = None

    @property
    def may_be_taken_back(self) -> bool:
        """Whether no machine has it: it waits, or it is a call that is to be made."""
        return self.state in WAITING or (self.channel == CALL and self.state == HANDED_OVER)

    @property
    def wire_id(self) -> str:
        """What consumers know this attempt by."""
        return f"{self.message_id}-{self.attempt}" if self.attempt else self.message_id


def attempt_of(wire_id: str) -> tuple[str, int]:
    """The row and the attempt that a consumer speaks of."""
    row, dash, attempt = wire_id.rpartition("-")
    return (row, int(attempt)) if dash and _ATTEMPT.fullmatch(attempt) else (wire_id, 0)
