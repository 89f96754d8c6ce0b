"""A message and its fate: what it goes through, from the draft to the last receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.domain.audience import CALL
from services.notify.domain.limits import REACHED, Limits
from services.notify.domain.masking import without_addresses
from services.notify.domain.message import (
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FAILED,
    HANDED_OVER,
    HELD,
    MOVES,
    QUEUED,
    RECEIPTS,
    SENT,
    STATES,
    UNKNOWN,
    WAITING,
    Content,
    Message,
    attempt_of,
)
from services.notify.domain.occurrence import Occurrence, message_id, promise_of
from services.notify.domain.rules import Notice
from services.notify.errors import NotAReceiptFor, NotOnWorklist, WrongChannel
from shared.events import Fact
from shared.values import replace

__all__ = [  # all of a message is imported from here
    "CANCELLED",
    "DELIVERED",
    "EXPIRED",
    "FAILED",
    "HANDED_OVER",
    "HELD",
    "MOVES",
    "QUEUED",
    "RECEIPTS",
    "SENT",
    "STATES",
    "UNKNOWN",
    "WAITING",
    "Content",
    "Message",
    "Occurrence",
    "attempt_of",
    "message_id",
    "promise_of",
]

_FIRST: dict[str, Any] = {
    **dict.fromkeys(("message_id", "occurrence", "event", "recipient", "ticket_no", "order_no", "channel"), ""),
    **dict.fromkeys(("rule", "kind", "urgency", "template", "language"), ""),
    **dict.fromkeys(("to", "content")),
    **dict.fromkeys(("created_at", "written_at", "expires_at"), datetime(1970, 1, 1, tzinfo=UTC)),
}
_BLANK = Message(**_FIRST)
"""What a draft fills in."""
RETRY_FOR = timedelta(days=1)
TOO_LATE = "too_late"
NO_WORD = "no_word"
NO_TEXT = "no_text"


def write(
    occurrence: Occurrence, notice: Notice, language: str, content: Content | None, **more: Any
) -> tuple[Message, list[Fact]]:
    """The ledger's row for a notice: handed over at once, or failed where it can be sent nowhere."""
    message, facts = draft(occurrence, notice, language, content, **more)
    message, started = start(message, occurrence.at)
    return message, facts + started


def draft(
    occurrence: Occurrence, notice: Notice, language: str, content: Content | None, **more: Any
) -> tuple[Message, list[Fact]]:
    """The row before it is decided whether it goes: queued. `start`, `hold` or `cancel` it.

    It stays worth sending for the rule's `valid_for` from when the occurrence was known: what was caught up late, or
    replayed, is as fresh as any other. Where there is no address, `detail` says why.
    """
    known: dict[str, Any] = {
        "message_id": message_id(occurrence, notice.recipient, notice.rule.channel),
        "occurrence": occurrence.id,
        "event": occurrence.event,
        "recipient": notice.recipient,
        "ticket_no": occurrence.ticket_no,
        "order_no": occurrence.order_no,
        "number": occurrence.number,
        "channel": notice.channel,
        "then": notice.then,
        "rule": notice.rule.name,
        "kind": notice.rule.kind,
        "obsolete": notice.rule.obsolete,
        "answers": notice.rule.answers,
        "urgency": notice.rule.urgency,
        "template": notice.rule.template,
        "language": language,
        "to": notice.to,
        "content": content,
        "detail": notice.why_not if notice.to is None else None,
        "created_at": occurrence.at,
        "written_at": occurrence.recorded_at,
        "expires_at": occurrence.recorded_at + notice.rule.valid_for,
        "since": occurrence.recorded_at,
    }
    message = of_a_team(replace(_BLANK, **known | more))  # in a third of the time that making one takes
    return message, [Fact("message_queued", occurrence.at)]


def of_a_team(message: Message) -> Message:
    """A call is some team's to make: the one that has the work, if the event said so."""
    if message.channel != CALL or message.team is not None:
        return message
    return replace(message, team=(message.said or {}).get("team"))


def start(message: Message, at: datetime) -> tuple[Message, list[Fact]]:
    """A drafted message goes, or fails where it can be sent nowhere. `at`: the time of what it tells."""
    if message.to is None or message.content is None:
        message, facts = move(message, FAILED, at, detail=message.detail or NO_TEXT)
    else:
        message, facts = move(message, HANDED_OVER, at, attempt=message.attempt or None)
    # what is caught up counts as of long ago, but it was given to the consumers when it was written
    return replace(message, since=max(at, message.written_at)), facts


def hold(message: Message, at: datetime, *, why: str, until: datetime | None) -> tuple[Message, list[Fact]]:
    """Not now: `why` (quiet_hours, digest, throttle …), to be looked at again at `until`; also what is held already."""
    told: dict[str, Any] = {"why": why} | ({"until": until} if until else {})
    held, facts = move(message, HELD, at, **told)
    return replace(held, held_for=why, due_at=until), facts


def release(message: Message, at: datetime) -> tuple[Message, list[Fact]]:
    """What was queued or held goes now, if it is still worth sending: else it is expired."""
    return expire(message, at) if message.expires_at <= at else start(message, at)


def expire(message: Message, at: datetime, *, why: str = TOO_LATE) -> tuple[Message, list[Fact]]:
    """It is not worth sending any more."""
    return move(message, EXPIRED, at, detail=why)


def cancel(message: Message, at: datetime, *, why: str, digest: str | None = None) -> tuple[Message, list[Fact]]:
    """It is not sent: `why` (obsolete, opted_out, superseded, digest, told_already …).

    An agent who has such a call is kept: they may be speaking to the recipient at this moment.
    """
    if not message.may_be_taken_back:
        raise NotAReceiptFor(message.message_id, message.state, CANCELLED)
    told = {"detail": why} | ({"digest": digest} if digest else {})
    cancelled, facts = move(message, CANCELLED, at, **told)
    return replace(cancelled, digest=digest), facts


def retry(message: Message, at: datetime, **changed: Any) -> Message:
    """Another attempt of what has failed or expired, worth sending for another day; `changed`: fields that are new.

    Whether it goes now is decided as for any message: `start` it, or `hold` it.
    Raises `NotOnWorklist` where another message tells it, or nobody is to look at it.
    """
    lost = message.state == EXPIRED and not (message.digest or message.followed_by or message.told_by)
    if message.state not in (FAILED, EXPIRED) or not (message.look or lost):
        raise NotOnWorklist(message.message_id, message.state, message.told_by)
    attempt = 0 if message.channel == CALL else message.attempt + 1
    return replace(message, attempt=attempt, expires_at=max(message.expires_at, at + RETRY_FOR), **changed)


def give_up(message: Message, at: datetime, reason: str) -> tuple[Message, list[Fact]]:
    """A person has looked at it, and leaves it. Raises `NotOnWorklist`."""
    if not message.look:
        raise NotOnWorklist(message.message_id, message.state, message.told_by)
    return replace(message, look=False), [Fact("message_given_up", at, {"reason": reason})]


def receive(
    message: Message,
    at: datetime,
    *,
    state: str,
    channel: str,
    attempt: int = 0,
    reached: str = REACHED["sms"],
    **told: Any,
) -> tuple[Message, list[Fact]]:
    """What a consumer's receipt makes of the message. Late and repeated receipts are kept and harm nothing.

    `attempt`: the one that it is about; an older one's is only kept, unless it says that the message arrived after all.
    `reached`: the least that counts as having reached the recipient. `told`: detail, consumer, gateway_id, parts.
    Raises `WrongChannel` if the receipt is another channel's, `NotAReceiptFor` if there was no such attempt.
    """
    if told.get("detail"):
        told["detail"] = without_addresses(told["detail"])
    if channel != message.channel:
        raise WrongChannel(message.message_id, message.channel, channel)
    if attempt < message.attempt and state != DELIVERED:
        return message, [Fact(f"message_{state}", at, _known(told | {"attempt": attempt}))]
    has_left = attempt < message.attempt or message.state not in (*WAITING, CANCELLED)
    if attempt > message.attempt or not has_left or (message.state, state) not in MOVES:
        raise NotAReceiptFor(message.message_id, message.state, state)
    late = message.state in (FAILED, UNKNOWN, EXPIRED)
    after, facts = move(message, state, at, **told)
    after, more = mark_reached(after, at, reached, late=late)
    return after, facts + more


def mark_reached(message: Message, at: datetime, reached: str, *, late: bool = False) -> tuple[Message, list[Fact]]:
    """With the time since when it counts as having reached the recipient; what failed after all has not.

    Where other messages may tell the same, those hear of it. `late`: it was given up before.
    """
    if message.state not in (SENT, DELIVERED) or (reached == DELIVERED and message.state == SENT):
        return replace(message, reached_at=None), []
    if message.reached_at is not None:
        return message, []
    beside = message.previous or message.followed_by or (message.broadcast and (late or message.channel == CALL))
    return replace(message, reached_at=at), [Fact("message_reached", at)] if beside else []


def move(message: Message, to: str, at: datetime, **said: Any) -> tuple[Message, list[Fact]]:
    """The message after (state, to) in `MOVES`; raises `NotAReceiptFor` where the table has none."""
    after = MOVES.get((message.state, to))
    if after is None:
        raise NotAReceiptFor(message.message_id, message.state, to)
    facts = [Fact(f"message_{to}", at, _known(said))]
    if after == message.state != HELD:
        return (replace(message, detail=said.get("detail")) if after == to else message), facts
    moved = _forget(replace(message, state=after, detail=said.get("detail"), since=at, held_for=None, due_at=None))
    if after == FAILED:
        moved, more = end(moved, at)
        facts += more
    if message.parts:
        facts.append(Fact("digest_moved", at))
    return moved, facts


def end(message: Message, at: datetime) -> tuple[Message, list[Fact]]:
    """This channel will not do: another one is to tell it, once, or else a person has to look at it.

    One that another has followed says so too: that one may have been called off because of it.
    """
    if message.ended_at is not None:
        return message, []
    goes_on = message.then or message.followed_by
    ended = replace(message, ended_at=at, look=not (goes_on or message.told_by))
    return ended, [Fact("message_ended", at, {"then": list(message.then)})] if goes_on else []


def next_due(message: Message, limits: Limits) -> datetime | None:
    """When the passing of time alone changes the message; None: never. What a digest tells follows that."""
    if message.state == HELD or message.due_at is not None:
        return message.due_at
    if message.digest is not None:
        return None
    if message.state == HANDED_OVER:
        if message.channel == CALL:
            return message.expires_at
        return message.since + limits.after[message.urgency] if message.since else None
    if message.state == UNKNOWN and message.ended_at is None and message.since:
        return message.since + limits.limit[message.urgency]
    return None


def advance(message: Message, to: datetime, limits: Limits) -> tuple[Message, list[Fact]]:
    """What time has brought up to `to`, one step at a time; what is held is looked at by those who hold it.

    Waiting counts from when it was noticed, not from when it fell due: the word that is missing may lie in a queue that
    nobody has read either.
    """
    due = next_due(message, limits)
    if due is None or due > to or message.state == HELD:
        return message, []
    if message.state == UNKNOWN:
        return end(message, to)
    if message.channel != CALL:
        return move(message, UNKNOWN, to, detail=NO_WORD)
    if message.due_at is not None:
        return replace(message, due_at=None, agent=None), [Fact("call_returned", to)]
    return expire(message, to)


def _known(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _forget(message: Message) -> Message:
    """What happened is kept only while it may have to be told again, by this row or by another channel."""
    if message.state not in (FAILED, UNKNOWN):
        message = replace(message, look=False, ended_at=None)
    if message.state in (DELIVERED, CANCELLED):
        return replace(message, said=None, then=(), agent=message.agent if message.state == CANCELLED else None)
    needed = message.then or message.state in WAITING or message.content is None
    return message if needed else replace(message, said=None)
