"""From an inbound message to its one effect: read, bound, stored with the event that carries it on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from services.notify.domain import replies as rules
from services.notify.domain.matching import ASK, LEAVE, PERSON, RETURN, Match, bind
from services.notify.domain.reading import Meaning, read
from services.notify.domain.replies import NO_ADDRESS, Decision, Reply
from services.notify.reference import Reference as Rules
from services.notify.storage.answering import Answering
from services.notify.storage.mails import Mails
from services.notify.storage.replies import Asked, Replies
from services.notify.storage.wishing import Wishing
from shared.cause import Cause
from shared.clock import Clock
from shared.errors import Conflict, NotYetKnown, Unavailable
from shared.events import Event
from shared.reference import Reference
from shared.schemas import normal_phone
from shared.values import replace

TRIES = 5
_A_WORD = re.compile(r"[A-Za-z]{3}")
TOO_MANY_ANSWERS = "too_many_answers"


class Inbound:
    """Takes what comes in, once."""

    def __init__(
        self,
        clock: Clock,
        reference: Reference[Rules],
        replies: Replies,
        asked: Asked,
        wishing: Wishing,
        answering: Answering,
        mails: Mails,
    ) -> None:
        self._clock = clock
        self._reference = reference
        self._replies = replies
        self._asked = asked
        self._wishing = wishing
        self._answering = answering
        self._mails = mails

    def take_sms(self, event: Event) -> None:
        """An SMS: an answer, a question, STOP or START, or something for a person."""
        said = event.data
        reply = Reply(
            reply_id=event.id,
            channel="sms",
            sender=said["from_"],
            to=said["to"],
            text=said["text"],
            received_at=self._came(said),
            language=language_of(said["text"]),
        )
        self._store(event, lambda: self._bound_sms(Cause.from_event(event), reply, event.at))

    def take_mail(self, event: Event) -> None:
        """A mail: an answer to one of ours, STOP or START, or a new matter."""
        said = event.data
        reply = Reply(
            reply_id=event.id,
            channel="email",
            sender=said["from_"],
            to=said["to"],
            subject=said["subject"],
            text=said["text"],
            received_at=self._came(said),
            mail_id=said["mail_id"],
            attachments=tuple(said["attachments"]),
            language=language_of(f"{said['subject'] or ''} {said['text']}"),
        )
        self._store(event, lambda: self._mails.bound(Cause.from_event(event), reply, said, event.at))

    def settle(self, event: Event) -> None:
        """What the service that a reply concerns has made of it; `NotYetKnown` of a reply that is none of ours."""
        said = event.data
        if self._replies.find(said["reply_id"]) is None:
            raise NotYetKnown(f"reply {said['reply_id']}")
        self._replies.change(
            Cause.from_event(event),
            said["reply_id"],
            lambda reply, at: rules.settle(
                reply, at, taken=said["taken"], why=said["why"] or "", ticket_no=said["ticket_no"]
            ),
        )

    def anew(self, cause: Cause, reply: Reply, at: datetime) -> Decision:
        """What would become of it today: for who tries again what has failed."""
        if reply.channel == "sms":
            return self._bound_sms(cause, reply, at)
        return self._mails.anew(reply, at)

    def may_hear(self, reply_id: str | None) -> bool:
        """Whether who wrote that message may be told that it was taken; None: by an event that does not name it."""
        reply = self._replies.find(reply_id) if reply_id else None
        return reply is None or self._answering.may_answer(reply)

    def matched(self, to: str, sender: str, text: str, at: datetime) -> Match:
        """What a text would be taken for; changes nothing."""
        inbound = self._reference.current().inbound
        return bind(read(text, inbound.words), self._asked.questions(sender, at), at, inbound.allowed(to))

    def _came(self, said: Mapping[str, Any]) -> datetime:
        """When it came in: not after it was heard, though a gateway's clock says so; else nothing could be newer."""
        said_to_be: datetime = said["received_at"]
        return min(said_to_be, self._clock.now())

    def _store(self, event: Event, decide: Callable[[], Decision]) -> None:
        """Two replies may come to the same at the same time: whoever is second looks again."""
        if self._replies.find(event.id) is not None:
            return
        for _ in range(TRIES):
            state, facts = decide()
            try:
                self._replies.create(Cause.from_event(event), state.reply_id, state, facts)
            except Conflict:
                continue
            return
        raise Unavailable(f"too many others answer what {event.id} does")

    def _bound_sms(self, cause: Cause, reply: Reply, at: datetime) -> Decision:
        try:
            reply = replace(reply, sender=normal_phone(reply.sender))
        except ValidationError:
            return rules.fails(reply, at, NO_ADDRESS)
        match = self.matched(reply.to, reply.sender, reply.text, reply.received_at)
        if match.outcome in (ASK, PERSON):
            return self._asks_for_something(reply, match, at)
        if match.outcome in (LEAVE, RETURN):
            return self._wishing.kept(cause, reply, match, at)
        return rules.taken(reply, match, at)

    def _asks_for_something(self, reply: Reply, match: Match, at: datetime) -> Decision:
        within = self._reference.current().inbound.repeat_within
        if self._replies.said_before(reply, within):
            return rules.repeats(reply, at, "said_before")
        answerable = self._answering.may_answer(reply)
        if match.outcome == ASK and not answerable:
            return rules.written_by_a_machine(reply, at, TOO_MANY_ANSWERS)
        reply = replace(reply, same=rules.sameness(reply, within), acknowledge=answerable)
        return rules.taken(reply, match, at)

    # a person decides

    def question_of(self, message_id: str, meaning: Meaning) -> Any:
        """The open question of that message that this answers; None where there is none."""
        question = self._asked.question(message_id)
        fits = question is not None and question.kind == meaning.kind and question.given is None
        return question if fits else None


def language_of(text: str) -> str | None:
    """`zh-CN` where there is a Chinese character, `en` where there is a word of Latin letters; None: who knows."""
    if any("\u3400" <= character <= "\u9fff" for character in text):
        return "zh-CN"
    return "en" if _A_WORD.search(text) else None
