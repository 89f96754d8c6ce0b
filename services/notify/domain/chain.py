"""From one message to the next: what could not be told by one channel is told by another, once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.notify.domain import ledger
from services.notify.domain.ledger import CANCELLED, FAILED, UNKNOWN, Content, Message
from services.notify.domain.occurrence import successor_id
from services.notify.domain.rules import Notice, Rule
from shared.events import Fact

Changed = tuple[Message, list[Fact]]

#: Why a message that waited is not sent after all.
TOLD_ALREADY = "told_already"
#: Why no other channel was tried.
TOO_LATE = "too_late"


def open_end(message: Message) -> bool:
    """Whether another channel is still to tell what this message could not."""
    ended = message.ended_at is not None and message.state in (FAILED, UNKNOWN, CANCELLED)
    return ended and message.followed_by is None and bool(message.then)


def left(message: Message) -> Rule:
    """The rest of its rule: the same notice by the channels that are left."""
    event, _, audience = message.rule.rpartition("/")
    return Rule(
        event=event,
        audience=audience,
        channels=message.then,
        template=message.template,
        kind=message.kind,
        urgency=message.urgency,
        valid_for=message.expires_at - message.written_at,
        obsolete=message.obsolete,
        answers=message.answers,
    )


def successor(previous: Message, notice: Notice, language: str, content: Content | None, at: datetime) -> Changed:
    """The message that tells it instead, by the notice's channel, as worth sending as the previous one; not decided yet
    whether it goes now.

    Its id is the previous one's only successor's, whichever channel that has.
    """
    fresh: dict[str, Any] = {
        "message_id": successor_id(previous.message_id),
        "previous": previous.message_id,
        "channel": notice.channel,
        "then": notice.then,
        "to": notice.to,
        "language": language,
        "content": content,
        "state": ledger.QUEUED,
        "written_at": at,
        "since": at,
        "team": None,
        **_NEW,
    }
    drafted = ledger.of_a_team(replace(previous, **fresh))
    return drafted, [Fact("message_queued", at, {"previous": previous.message_id, "channel": notice.channel})]


#: What a new row does not take over from the one before.
_NEW: Mapping[str, Any] = {
    **{"version": 0, "last_at": None, "replay_until": None, "attempt": 0, "look": False, "parts": ()},
    **dict.fromkeys(
        ("detail", "held_for", "due_at", "ended_at", "followed_by", "told_by", "digest", "token", "reached_at")
    ),
    **{"agent": None, "entered_at": None, "given": False},
}


def follow(message: Message, at: datetime, successor: Message) -> Changed:
    """The other one tells it now: nothing of this one has to be kept for that. Also if it has arrived meanwhile."""
    if message.followed_by is not None:
        return message, []
    told = {"message_id": successor.message_id, "channel": successor.channel}
    followed = replace(message, followed_by=successor.message_id, then=(), said=None, look=False)
    return followed, [Fact("message_followed", at, told)]


def give_up(message: Message, at: datetime, refused: Sequence[tuple[str, str]]) -> Changed:
    """No channel is left: a person has to look at it, unless they did not want it. `refused`: channel -> why not it."""
    if not open_end(message):
        return message, []
    over = replace(message, then=(), look=message.state != CANCELLED)
    return over, [Fact("message_exhausted", at, {"refused": [list(one) for one in refused]})]


def settled(message: Message) -> bool:
    """Whether nobody is owed anything by it any more: it has reached them, another one has or has gone on from it, or
    it was called off."""
    gone_on = message.followed_by is not None and not message.look
    return message.reached_at is not None or message.told_by is not None or message.state == CANCELLED or gone_on


def overtaken(message: Message, at: datetime, by: Message) -> Changed:
    """Another one of its notice, `by`, has reached them: what no machine has yet need not go, and nobody is to see to
    what has failed, or fails later."""
    if settled(message):
        return message, []
    told = {"message_id": by.message_id, "channel": by.channel}
    closed = replace(message, told_by=by.message_id)
    if message.may_be_taken_back:
        return ledger.cancel(closed, at, why=TOLD_ALREADY)
    return replace(closed, then=(), said=None, look=False), [Fact("message_told_otherwise", at, told)]


def left_alone(message: Message, others: Sequence[Message]) -> bool:
    """Whether one that had reached them has failed after all, and others were called off because of it."""
    called_off = any(one.told_by == message.message_id for one in others)
    return message.state == FAILED and called_off and not any(one.reached_at is not None for one in others)


def look_after_all(message: Message, at: datetime) -> Changed:
    """A person has to look: no channel is left."""
    if message.state != FAILED or message.look:
        return message, []
    return replace(message, look=True), [Fact("message_exhausted", at, {"refused": []})]
