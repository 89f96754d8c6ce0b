"""Digests: made when a burst begins, closed when its period is over, and what became of them told to their parts."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pymongo import ASCENDING

from services.notify.domain import digests, holding, ledger
from services.notify.domain.holding import Decision
from services.notify.domain.ledger import HELD, Content, Message
from services.notify.reference import Reference as Rules
from services.notify.storage.messages import Messages
from services.notify.texts import RENDERING
from shared.cause import Cause
from shared.events import Fact
from shared.reference import Reference

if TYPE_CHECKING:
    from services.notify.storage.holding import Holding

Changed = tuple[Message, list[Fact]]


class Digests:
    """A digest has its parts written down in the one write by which it leaves: those are told by it, no others are.

    A part looks for itself somewhat later: one that came too late for its digest finds that out, and is decided again.
    """

    def __init__(self, held: Holding, reference: Reference[Rules], messages: Messages) -> None:
        self._held = held
        self._reference = reference
        self._messages = messages

    def of(self, part: Message, until: datetime) -> Message:
        """The digest that tells this part; it is made before the part is, so that no part is without one."""
        now = self._held.now()
        digest, facts = digests.digest_of(part, until, now)
        if self._messages.collection.find_one({"_id": digest.message_id}, {"_id": 1}) is None:
            self._messages.create(Cause.tick(now), digest.message_id, digest, facts)
        return digest

    def close(self, digest: Message, cause: Cause) -> None:
        """The period is over: what is still to be told of its parts leaves as one message, or nothing does."""
        now = self._held.now()
        to, wishes = self._held.whereabouts.of(digest)
        kind = self._reference.current().holding.kind(digest.kind)
        unwelcome = to is None or kind.digest is None or self._held.refused(replace(digest, to=to), wishes)
        parts = [] if unwelcome else list(self._still_to_tell(digest, now, cause))
        if not parts:
            self._messages.change(cause, digest.message_id, _give_up)
            return
        case = self._held.case(digests.lasting(digest, parts), wishes, now)
        decision = holding.decide(replace(case, kind=replace(kind, digest=None)), now)
        self._messages.change(
            cause,
            digest.message_id,
            functools.partial(_closed, parts=parts, to=to, decision=decision, text=self._text(digest, parts)),
        )

    def _still_to_tell(self, digest: Message, now: datetime, cause: Cause) -> Iterator[Message]:
        """The parts that are worth telling still; the others are settled by the way."""
        waiting = {"digest": digest.message_id, "state": HELD}
        found = self._messages.collection.find(waiting, {"_id": 1}).hint("digest").sort("_id", ASCENDING)
        for row in list(found.limit(digests.MOST)):
            part = self._messages.get(row["_id"])
            if not digests.waits(part):
                continue
            if part.expires_at <= now or self._held.overtaken(part) is not None or self._held.paused(part):
                self._held.release(part, cause)
            else:
                yield part

    def _text(self, digest: Message, parts: list[Message]) -> tuple[str, Content]:
        reference = self._reference.current()
        names = reference.holding.kind(digest.kind).name
        name = names.get(digest.language) or next(iter(names.values()), digest.kind)
        said = digests.said(parts, name)
        try:
            return reference.written(digest.template, digest.channel, digest.language, said, digest.zone)
        except RENDERING:  # the reference data have changed since, and have no text for this any more
            return digest.language, digests.plain(said)

    def tells(self, part: Message, cause: Cause) -> bool:
        """Whether its digest is still to come, or tells it; else it came too late, and is to be decided again."""
        digest = self._messages.find(part.digest) if part.digest else None
        if digest is None:
            return False
        if digest.state == HELD:
            self._messages.change(cause, part.message_id, functools.partial(_waits_on, digest=digest))
            return True
        self._follow(part.message_id, digest, cause)
        return part.message_id in digest.parts

    def follow(self, digest_id: str, cause: Cause) -> None:
        """The parts of a digest that has moved are where it is now."""
        digest = self._messages.get(digest_id)
        for part in digest.parts:
            self._follow(part, digest, cause)

    def _follow(self, part: str, digest: Message, cause: Cause) -> None:
        self._messages.change(cause, part, lambda state, at: digests.follow(state, digest, at))


def _closed(
    digest: Message, at: datetime, parts: list[Message], to: str | None, decision: Decision, text: tuple[str, Content]
) -> Changed:
    if digest.state != HELD:
        return digest, []  # another one was faster
    if decision.state == HELD:
        return ledger.hold(digest, at, why=str(decision.reason), until=decision.until)
    language, content = text
    return digests.close(replace(digest, language=language, to=to), at, parts, content)


def _give_up(digest: Message, at: datetime) -> Changed:
    """Nothing is left to tell, or not like this: its parts, if any, look for themselves."""
    return ledger.cancel(digest, at, why=digests.NOTHING_LEFT) if digest.state == HELD else (digest, [])


def _waits_on(part: Message, at: datetime, digest: Message) -> Changed:
    return digests.hold_for(part, digest, at) if digests.waits(part) else (part, [])
