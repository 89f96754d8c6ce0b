"""A message and its fate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.notify.domain.rules import Notice
from services.notify.errors import NotAReceiptFor, WrongChannel
from shared.events import Aggregate, Fact

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

#: What each receipt knows. A receipt that knows more than the last one wins, in any order.
_KNOWS = {UNKNOWN: 1, SENT: 2, EXPIRED: 3, FAILED: 4, DELIVERED: 5}
#: (state, what comes) -> state; what is not here is refused.
MOVES: Mapping[tuple[str, str], str] = {
    **{(QUEUED, to): to for to in (HELD, HANDED_OVER, FAILED, EXPIRED, CANCELLED)},
    **{(HELD, to): to for to in (HELD, HANDED_OVER, FAILED, EXPIRED, CANCELLED)},
    **{(HANDED_OVER, to): to for to in RECEIPTS},
    **{
        (state, receipt): receipt if _KNOWS[receipt] > _KNOWS[state] else state
        for state in RECEIPTS
        for receipt in RECEIPTS
    },
    # an operator has it tried again, as another attempt
    **{(state, HANDED_OVER): HANDED_OVER for state in (FAILED, EXPIRED)},
}

NO_ADDRESS = "no_address"


@dataclass(frozen=True)
class Content:
    """What the recipient reads; SMS has only `text`."""

    text: str
    subject: str | None = None
    html: str | None = None


@dataclass(frozen=True, kw_only=True)
class Message(Aggregate):
    """A row of the ledger: one text to one recipient by one channel on one occurrence.

    `number` is the event's within its work, 0 for none; `then` the channels that are left should this one fail, and
    `previous` the message that failed before. `said` is what the event said, kept while it may have to be told again:
    while the message is held, or another channel is left. `obsolete`: events of the same work that make it so.
    `due_at`: when it is to be looked at again. `attempt`: how often it was tried anew. `answers`: what a reply to it
    may be. `digest`: the message that tells it together with others. `look`: a person has to see to it.
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
    reference_version: int = 0
    zone: str | None = None
    said: Mapping[str, Any] | None = None
    state: str = QUEUED
    detail: str | None = None
    held_for: str | None = None
    due_at: datetime | None = None
    attempt: int = 0
    obsolete: tuple[str, ...] = ()
    answers: str | None = None
    token: str | None = None
    digest: str | None = None
    broadcast: str | None = None
    area: str | None = None
    household: str | None = None
    reached_at: datetime | None = None
    look: bool = False


@dataclass(frozen=True)
class Occurrence:
    """What people are told of: the event's id, type and content, when it counted, when it was known.

    `ticket_no` and `order_no` are empty where it is about no work, and `number` is 0. `promise` is the deadline that it
    is about, empty for none: `W-1042 step 4`. `replayed`: its times are its caller's.
    """

    id: str
    event: str
    at: datetime
    recorded_at: datetime
    ticket_no: str
    order_no: str
    promise: str = ""
    replayed: bool = False
    number: int = 0

    def past(self, valid_for: timedelta) -> bool:
        """Whether it is history, typed in or imported: replayed, and nothing to hurry anybody with when recorded."""
        return self.replayed and self.at + valid_for < self.recorded_at


#: What tells that a deadline comes near or has passed.
OF_DEADLINES = {"deadline_near", "deadline_missed", "work_escalated"}


def promise_of(event: str, data: Mapping[str, Any]) -> str:
    """The deadline that an event is about, the same for its warnings, its miss and its escalations; empty for none."""
    if event not in OF_DEADLINES or data["clock"] is None:
        return ""
    return " ".join(str(data[name]) for name in ("order_no", "clock", "part", "visit") if data[name] is not None)


def message_id(occurrence: Occurrence, recipient: str, channel: str, position: int = 0) -> str:
    """40 hex digits: 12 of the occurrence's time, so that ids sort by time, and 28 that only this message has.

    `channel` is the one that the rule wants first, whichever is used: a redelivery that finds the address book changed
    must not tell the same thing again by another one. `position` counts the messages of one notice, channel by channel.
    Events of one promise that fall on one instant (a warning and an escalation, a miss and an escalation) are one thing
    to whoever is told: the first to come here writes the message.
    """
    named = "\n".join((occurrence.promise or occurrence.id, recipient, channel, *([str(position)] if position else [])))
    milliseconds = max(0, int(occurrence.at.timestamp() * 1000))
    return f"{milliseconds:012x}{hashlib.sha256(named.encode()).hexdigest()[:28]}"


def write(
    occurrence: Occurrence, notice: Notice, language: str, content: Content | None, **more: Any
) -> tuple[Message, list[Fact]]:
    """The ledger's row for a notice: handed over at once, or failed where nobody knows an address.

    It stays worth sending for the rule's `valid_for` from when the occurrence was known: what was caught up late, or
    replayed, is as fresh as any other.
    """
    queued = Message(
        message_id=message_id(occurrence, notice.recipient, notice.rule.channel),
        occurrence=occurrence.id,
        event=occurrence.event,
        recipient=notice.recipient,
        ticket_no=occurrence.ticket_no,
        order_no=occurrence.order_no,
        number=occurrence.number,
        channel=notice.channel,
        then=notice.then,
        rule=notice.rule.name,
        kind=notice.rule.kind,
        obsolete=notice.rule.obsolete,
        answers=notice.rule.answers,
        urgency=notice.rule.urgency,
        template=notice.rule.template,
        language=language,
        to=notice.to,
        content=content,
        created_at=occurrence.at,
        written_at=occurrence.recorded_at,
        expires_at=occurrence.recorded_at + notice.rule.valid_for,
        **more,
    )
    facts = [Fact("message_queued", occurrence.at)]
    if notice.to is None:
        failed, last = move(queued, FAILED, occurrence.at, detail=NO_ADDRESS)
    else:
        failed, last = move(queued, HANDED_OVER, occurrence.at)
    return failed, facts + last


def receive(
    message: Message, at: datetime, *, state: str, channel: str, detail: str | None, consumer: str | None
) -> tuple[Message, list[Fact]]:
    """What a consumer's receipt makes of the message. Late and repeated receipts are kept and harm nothing.

    Raises `WrongChannel` if the receipt is another channel's.
    """
    if channel != message.channel:
        raise WrongChannel(message.message_id, message.channel, channel)
    return move(message, state, at, detail=detail, consumer=consumer)


def move(message: Message, to: str, at: datetime, **said: Any) -> tuple[Message, list[Fact]]:
    """The message after (state, to) in `MOVES`; raises `NotAReceiptFor` where the table has none."""
    after = MOVES.get((message.state, to))
    if after is None:
        raise NotAReceiptFor(message.message_id, message.state, to)
    detail = said.get("detail") if after == to else message.detail
    known = {name: value for name, value in said.items() if value is not None}
    return replace(message, state=after, detail=detail), [Fact(f"message_{to}", at, known)]
