"""What a mail that came in is: an answer to one of ours, STOP or START, a machine's, or a new matter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from services.notify.domain import replies as rules
from services.notify.domain.ledger import Message
from services.notify.domain.matching import ANSWER, REPEATED, Match, bind
from services.notify.domain.preferences import CUSTOMER, mailbox
from services.notify.domain.reading import START, STOP, read
from services.notify.domain.replies import ANOTHER_SENDER, NO_ADDRESS, Decision, Reply
from services.notify.reference import Reference as Rules
from services.notify.storage.answering import Answering
from services.notify.storage.customers import Customers
from services.notify.storage.replies import Asked, Replies
from services.notify.storage.wishing import Wishing
from shared.cause import Cause
from shared.reference import Reference
from shared.schemas import normal_email
from shared.values import replace


class Mails:
    """Binds mails."""

    def __init__(
        self,
        reference: Reference[Rules],
        replies: Replies,
        asked: Asked,
        customers: Customers,
        wishing: Wishing,
        answering: Answering,
    ) -> None:
        self._reference = reference
        self._replies = replies
        self._asked = asked
        self._customers = customers
        self._wishing = wishing
        self._answering = answering

    def bound(self, cause: Cause, reply: Reply, said: dict[str, Any], at: datetime) -> Decision:
        """What becomes of the mail; `said`: the event's token, in_reply_to, references and automatic."""
        if said["automatic"] is not None:
            return rules.written_by_a_machine(reply, at, said["automatic"])
        known = _from_somebody(reply)
        return self._bound(cause, known, said, at) if known else rules.fails(reply, at, NO_ADDRESS)

    def anew(self, reply: Reply, at: datetime) -> Decision:
        """What would become today of a mail that has failed."""
        known = _from_somebody(reply)
        return self._contact(known, at, "retried") if known else rules.fails(reply, at, NO_ADDRESS)

    def _bound(self, cause: Cause, reply: Reply, said: dict[str, Any], at: datetime) -> Decision:
        message, wish = self._asked.with_token(said["token"]), self._wish(reply)
        if wish is not None:
            return self._wishing.kept(cause, reply, wish, at, message.to if message else None)
        reply = replace(reply, same=rules.same_mail(reply))
        if self._replies.is_copy(reply):
            return rules.repeats(reply, at, "said_before")
        answer = self._answer(reply, message, at) if message else self._named(reply, said, at)
        return answer or self._contact(reply, at, "new")

    def _contact(self, reply: Reply, at: datetime, why: str) -> Decision:
        """It becomes a ticket; its sender hears of that, if they have not heard too much today."""
        return rules.for_a_person(replace(reply, acknowledge=self._answering.may_answer(reply)), at, why)

    def _wish(self, reply: Reply) -> Match | None:
        """STOP or START, where it is unmistakable: all that the text says, or the subject of an empty mail."""
        words = self._reference.current().inbound.words
        empty = not reply.text.strip() and not reply.attachments
        text = reply.subject or "" if empty else reply.text
        match = bind(read(text, words), (), reply.received_at, (STOP, START))
        return match if match.meaning is not None else None

    def _named(self, reply: Reply, said: dict[str, Any], at: datetime) -> Decision | None:
        """It names messages of ours by their ids. Others may know those: they count from whoever got them only."""
        references = [one for one in (said["in_reply_to"], *reversed(said["references"])) if one]
        named = self._asked.named_by(references)
        own = next((one for one in named if self._went_to(one, reply.sender)), None)
        if own is not None:
            return self._answer(reply, own, at)
        about = next((one for one in named if one.ticket_no), None)
        return self._contact(rules.by_another(reply, about), at, ANOTHER_SENDER) if about is not None else None

    def _answer(self, reply: Reply, message: Message, at: datetime) -> Decision | None:
        """To what the message asks, or about its ticket; None where it asks nothing and has none."""
        match = self._match(reply, message.message_id)
        if match is not None:
            return rules.taken(reply, match, at)
        return rules.threads(reply, message.ticket_no, message.recipient, at) if message.ticket_no else None

    def _match(self, reply: Reply, message_id: str) -> Match | None:
        question = self._asked.question(message_id)
        if question is None:
            return None
        reading = read(reply.text, self._reference.current().inbound.words)
        match = bind(reading, [question], reply.received_at, (question.kind,))
        return match if match.outcome in (ANSWER, REPEATED) else None

    def _went_to(self, message: Message, sender: str) -> bool:
        """Whether that, as `mailbox` has it, is where the message went, or where its customer has mail now."""
        if message.to is not None and mailbox(message.to) == sender:
            return True
        kind, _, name = message.recipient.partition(":")
        customer = self._customers.find(name) if f"{kind}:" == CUSTOMER else None
        return customer is not None and customer.email is not None and mailbox(customer.email) == sender


def _from_somebody(reply: Reply) -> Reply | None:
    """With its sender as a mailbox; None: it came from what can be none."""
    try:
        return replace(reply, sender=mailbox(normal_email(reply.sender)))
    except ValidationError:
        return None
