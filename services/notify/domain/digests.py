"""Digests: what would have been a burst is told as one message, whose fate is that of all its parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.notify.domain import ledger
from services.notify.domain.holding import DIGEST
from services.notify.domain.ledger import HELD, Message
from services.notify.domain.occurrence import Occurrence, message_id
from shared.events import Fact

LISTED = 100
"""Parts that a digest lists; the others it counts."""
MOST = 2_000
"""Parts of one digest; what is more waits for the next."""
VALID_FOR = timedelta(days=1)
#: A part looks for itself this long after its digest was due: when it came too late to be told by that.
LATE = timedelta(minutes=2)
NOTHING_LEFT = "nothing_left"


def digest_of(part: Message, until: datetime, now: datetime) -> tuple[Message, list[Fact]]:
    """The digest that tells this part at `until`, still without its text: the same for all parts that it will tell."""
    occurrence = Occurrence(
        f"{DIGEST}/{part.recipient}/{part.channel}/{part.kind}/{until:%Y-%m-%dT%H:%M:%SZ}", DIGEST, until, now, "", ""
    )
    digest = Message(
        message_id=message_id(occurrence, part.recipient, part.channel),
        occurrence=occurrence.id,
        event=DIGEST,
        recipient=part.recipient,
        ticket_no="",
        order_no="",
        channel=part.channel,
        rule=DIGEST,
        kind=part.kind,
        urgency=part.urgency,
        template=DIGEST,
        reference_version=part.reference_version,
        language=part.language,
        zone=part.zone,
        to=part.to,
        said={"team": part.said["team"]} if part.said and "team" in part.said else None,
        content=None,
        created_at=until,
        written_at=now,
        expires_at=until + VALID_FOR,
    )
    held, facts = ledger.hold(digest, now, why=DIGEST, until=until)
    return held, [Fact("message_queued", now), *facts]


def is_digest(message: Message) -> bool:
    """Whether it tells of others."""
    return message.event == DIGEST


def hold_for(part: Message, digest: Message, at: datetime) -> tuple[Message, list[Fact]]:
    """The part waits to be told by the digest."""
    held, facts = ledger.hold(part, at, why=DIGEST, until=(digest.due_at or at) + LATE)
    return replace(held, digest=digest.message_id), facts


def said(parts: Sequence[Message], kind_name: str) -> dict[str, Any]:
    """What the template of a digest is given: the first `LISTED` parts by one line each, and how many there are."""
    items = [
        {"line": _line(part), "ticket_no": part.ticket_no, "at": part.created_at}
        for part in parts[:LISTED]
        if part.content is not None
    ]
    return {"kind_name": kind_name, "items": items, "count": len(parts), "more": len(parts) - len(items)}


def plain(said: Mapping[str, Any]) -> ledger.Content:
    """The same without a template: the lines alone."""
    heading = f"{said['kind_name']}: {said['count']}"
    return ledger.Content("\n".join((heading, *(item["line"] for item in said["items"]))), heading)


def _line(part: Message) -> str:
    """The subject, or the first line of what has none."""
    assert part.content is not None, "the caller lists what can be read"  # noqa: S101 - the caller's own condition
    return part.content.subject or part.content.text.strip().partition("\n")[0]


def lasting(digest: Message, parts: Sequence[Message]) -> Message:
    """Worth sending as long as any of its parts is."""
    return replace(digest, expires_at=max(part.expires_at for part in parts))


def close(
    digest: Message, at: datetime, parts: Sequence[Message], content: ledger.Content
) -> tuple[Message, list[Fact]]:
    """The digest goes, and tells these parts: that is settled now."""
    told = replace(lasting(digest, parts), content=content, parts=tuple(part.message_id for part in parts))
    return ledger.start(told, at)


def follow(part: Message, digest: Message, at: datetime) -> tuple[Message, list[Fact]]:
    """The part after its digest has come to where it is; also one that was cancelled meanwhile: it was told after all.

    A digest is the end of its parts' channels, and it is the one on the worklist.
    """
    if part.message_id not in digest.parts or part.state == digest.state:
        return part, []
    after = replace(
        part,
        state=digest.state,
        detail=digest.detail,
        since=digest.since,
        reached_at=digest.reached_at,
        digest=digest.message_id,
        **_SETTLED,
    )
    return after, [Fact("message_digested", at, {"digest": digest.message_id, "state": digest.state})]


_SETTLED: Mapping[str, Any] = {"held_for": None, "due_at": None, "then": (), "said": None, "look": False}


def waits(part: Message) -> bool:
    """Whether it is still to be told by a digest."""
    return part.state == HELD and part.held_for == DIGEST
