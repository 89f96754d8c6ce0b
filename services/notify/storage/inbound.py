"""From an inbound message to its one effect: read, bound, stored with the event that carries it on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from services.notify.domain import replies as rules
from services.notify.domain.matching import ANSWER, ASK, LEAVE, PERSON, REPEATED, RETURN, Match, bind
from services.notify.domain.preferences import mailbox
from services.notify.domain.reading import STOP, Meaning, read
from services.notify.domain.replies import NO_ADDRESS, Decision, Reply
from services.notify.reference import Reference as Rules
from services.notify.storage.preferences import PreferencesStore, at_address
from services.notify.storage.replies import Asked, Replies
from services.notify.storage.tallies import Tallies, day_tally
from shared.cause import Cause
from shared.errors import Conflict, NotYetKnown, Unavailable
from shared.events import Event
from shared.reference import Reference
from shared.schemas import normal_email, normal_phone
from shared.values import replace

TRIES = 5
_A_WORD = re.compile(r"[A-Za-z]{3}")
TOO_MANY_ANSWERS = "too_many_answers"


class Inbound:
    """Takes what comes in, once."""

    def __init__(
        self,
        reference: Reference[Rules],
        replies: Replies,
        asked: Asked,
        preferences: PreferencesStore,
        tallies: Tallies,
    ) -> None:
        self._reference = reference
        self._replies = replies
        self._asked = asked
        self._preferences = preferences
        self._tallies = tallies

    def take_sms(self, event: Event) -> None:
        """An SMS: an answer, a question, STOP or START, or something for a person."""
        said = event.data
        reply = Reply(
            reply_id=event.id,
            channel="sms",
            sender=said["from_"],
            to=said["to"],
            text=said["text"],
            received_at=said["received_at"],
            language=language_of(said["text"]),
        )
        self._store(event, lambda: self._bound_sms(Cause.from_event(event), reply, event.at))

    def take_mail(self, event: Event) -> None:
        """A mail: an answer to one of ours, or a new matter."""
        said = event.data
        reply = Reply(
            reply_id=event.id,
            channel="email",
            sender=said["from_"],
            to=said["to"],
            subject=said["subject"],
            text=said["text"],
            received_at=said["received_at"],
            mail_id=said["mail_id"],
            attachments=tuple(said["attachments"]),
            language=language_of(f"{said['subject'] or ''} {said['text']}"),
        )
        self._store(event, lambda: self._bound_mail(Cause.from_event(event), reply, said, event.at))

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
        return self._contact(reply, at, "retried")

    def may_answer(self, reply: Reply) -> bool:
        """Whether its sender may be answered by machine: only so often a day, so that two machines fall silent."""
        limit = self._reference.current().holding.answers[reply.channel]
        day = f"{reply.received_at:%Y-%m-%d}"
        tally = day_tally(f"answers {reply.channel}", at_address(reply.sender), day)
        return limit > 0 and self._tallies.take(tally, reply.reply_id, limit)

    def matched(self, to: str, sender: str, text: str, at: datetime) -> Match:
        """What a text would be taken for; changes nothing."""
        inbound = self._reference.current().inbound
        return bind(read(text, inbound.words), self._asked.questions(sender, at), at, inbound.allowed(to))

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

    # SMS

    def _bound_sms(self, cause: Cause, reply: Reply, at: datetime) -> Decision:
        try:
            reply = replace(reply, sender=normal_phone(reply.sender))
        except ValidationError:
            return rules.fails(reply, at, NO_ADDRESS)
        match = self.matched(reply.to, reply.sender, reply.text, reply.received_at)
        if match.outcome in (ASK, PERSON):
            return self._asks_for_something(reply, match, at)
        if match.outcome in (LEAVE, RETURN) and self._replies.overtaken(reply):
            return rules.repeats(reply, at, "overtaken")
        self._keep_wishes(cause, reply, match)
        return rules.taken(reply, match, at)

    def _asks_for_something(self, reply: Reply, match: Match, at: datetime) -> Decision:
        within = self._reference.current().inbound.repeat_within
        if self._replies.said_before(reply, within):
            return rules.repeats(reply, at, "said_before")
        answerable = self.may_answer(reply)
        if match.outcome == ASK and not answerable:
            return rules.written_by_a_machine(reply, at, TOO_MANY_ANSWERS)
        reply = replace(reply, same=rules.sameness(reply, within), acknowledge=answerable)
        return rules.taken(reply, match, at)

    def _keep_wishes(self, cause: Cause, reply: Reply, match: Match) -> None:
        """Before the reply is stored: what it asks for must not be lost; a second time it changes nothing."""
        if match.outcome == LEAVE:
            self._preferences.opt_out(cause, at_address(reply.sender), None, STOP)
        if match.outcome == RETURN:
            self._preferences.opt_in(cause, at_address(reply.sender), None, STOP)

    # mail

    def _bound_mail(self, cause: Cause, reply: Reply, said: dict[str, Any], at: datetime) -> Decision:
        if said["automatic"] is not None:
            return rules.written_by_a_machine(reply, at, said["automatic"])
        try:
            reply = replace(reply, sender=normal_email(reply.sender))
        except ValidationError:
            return rules.fails(reply, at, NO_ADDRESS)
        return self._in_thread(cause, reply, said, at) or self._contact(reply, at, "new")

    def _in_thread(self, cause: Cause, reply: Reply, said: dict[str, Any], at: datetime) -> Decision | None:
        """An answer to one of our messages: to what it asks, or about its ticket."""
        references = [one for one in (said["in_reply_to"], *reversed(said["references"])) if one]
        message = self._asked.answered_by_mail(said["token"], references)
        if message is None:
            return None
        match = self._answer_by_mail(reply, message.message_id)
        if match is not None and match.outcome in (LEAVE, RETURN):
            reply = replace(reply, sender=mailbox(reply.sender))  # by which the wish is kept, and confirmed
            self._keep_wishes(cause, reply, match)
            return rules.taken(reply, match, at)
        if match is not None:
            return rules.taken(reply, match, at)
        return rules.threads(reply, message.ticket_no, message.recipient, at) if message.ticket_no else None

    def _answer_by_mail(self, reply: Reply, message_id: str) -> Match | None:
        question = self._asked.question(message_id)
        reading = read(reply.text, self._reference.current().inbound.words)
        kinds = ("stop", "start", *([question.kind] if question else []))
        match = bind(reading, [question] if question else [], reply.received_at, kinds)
        return match if match.outcome in (ANSWER, REPEATED, LEAVE, RETURN) else None

    def _contact(self, reply: Reply, at: datetime, why: str) -> Decision:
        return rules.for_a_person(replace(reply, acknowledge=self.may_answer(reply)), at, why)

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
