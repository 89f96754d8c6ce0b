"""An inbound message and what became of it: one aggregate each, its effect an event of its own outbox. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.domain.ledger import Message
from services.notify.domain.matching import ANSWER, ASK, LEAVE, REPEATED, RETURN, Match, Question
from services.notify.domain.reading import APPOINTMENT, SURVEY, Meaning
from services.notify.errors import NotResolvable
from shared.events import Aggregate, Fact
from shared.values import replace

STATES = (MATCHED, ANSWERED, TICKET, FAILED, REPEATED_STATE, AUTOMATIC, DISMISSED) = (
    "matched",  # it has its effect, and the service that it concerns has not said yet what that was
    "answered",  # that service has taken it
    "ticket",  # a person sees to it: it fits several things, or none
    "failed",  # nothing can be done with it by machine: it is on the worklist
    "repeated",  # it says what was said before
    "automatic",  # a machine wrote it
    "dismissed",  # a person has decided that there is nothing to do
)

NO_ADDRESS, ANOTHER_SENDER = "no_address", "another_sender"
#: As what a person gives a message to a ticket (`resolve_reply`).
TO_ITS_TICKET = "reply"
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)

#: Move -> the states from which there is one.
MOVES: Mapping[str, tuple[str, ...]] = {
    "settle": (MATCHED, TICKET),
    "resolve": (FAILED, TICKET),
    "retry": (FAILED,),
}


@dataclass(frozen=True, kw_only=True)
class Reply(Aggregate):
    """What came in, by `sms` or `email`, and what it was taken for.

    `sender` is E.164 or an e-mail address, as `mailbox` has it, where it is one; `to` the short code, number or address
    that it came to. `question`: the one that it answers; no two replies answer the same. `same`: what no two replies
    that ask for something within a while have in common. `meaning` is what it was taken to say, `why` the reason.
    `might`: the questions that a person should think of.
    """

    reply_id: str
    channel: str
    sender: str
    to: str
    text: str
    received_at: datetime
    subject: str | None = None
    mail_id: str | None = None
    attachments: tuple[Mapping[str, Any], ...] = ()
    state: str = MATCHED
    why: str = ""
    meaning: Meaning | None = None
    message_id: str | None = None
    question: str | None = None
    same: str | None = None
    ticket_no: str | None = None
    order_no: str | None = None
    recipient: str | None = None
    language: str | None = None
    acknowledge: bool = False
    might: tuple[Mapping[str, Any], ...] = ()

    @property
    def place(self) -> str:
        """Sorts as (time received, id)."""
        return f"{(self.received_at - _EPOCH) // timedelta(milliseconds=1):015d}/{self.reply_id}"


Decision = tuple[Reply, list[Fact]]


def question_key(kind: str, key: str) -> str:
    """What no two replies answer: `survey/W-1042/0`, `appointment/W-1042/3`."""
    return f"{kind}/{key}"


def sameness(reply: Reply, within: timedelta, back: int = 0) -> str:
    """The same for replies of one sender to one number with one text in the same stretch of time, `back` before."""
    stretch = int((reply.received_at - _EPOCH) / within) - back
    named = "\n".join((reply.channel, reply.sender, reply.to, reply.text.strip(), str(stretch)))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def same_mail(reply: Reply) -> str | None:
    """The same for one mail of one sender to several addresses of ours; None: it has no Message-ID."""
    if reply.mail_id is None:
        return None
    return hashlib.sha256("\n".join((reply.channel, reply.sender, reply.mail_id)).encode()).hexdigest()[:32]


def taken(reply: Reply, match: Match, at: datetime) -> Decision:
    """The reply as it was bound. Leaving and returning are the caller's to carry out, before this is stored."""
    known = replace(reply, why=match.why, meaning=match.meaning, might=tuple(map(_shown, match.might)))
    if match.outcome == ANSWER and match.question is not None:
        return answers(known, match.question, at)
    if match.outcome == REPEATED and match.question is not None:
        return repeats(_about(known, match.question), at, match.why)
    if match.outcome == ASK and match.meaning is not None:
        return asks(known, match.meaning.value, at)
    if match.outcome in (LEAVE, RETURN):
        return replace(known, state=ANSWERED), [_fact(f"reply_{match.outcome}s", known, at)]
    return for_a_person(known, at, match.why)


def answers(reply: Reply, question: Question, at: datetime) -> Decision:
    """The reply answers that question: its service hears of it, and says what came of it (`settle`)."""
    bound = replace(
        _about(reply, question), state=MATCHED, same=None, question=question_key(question.kind, question.key)
    )
    kind = {SURVEY: "survey_replied", APPOINTMENT: "appointment_answered"}[question.kind]
    return bound, [_fact(kind, bound, at)]


def asks(reply: Reply, ticket_no: str, at: datetime) -> Decision:
    """Its sender wants to know how that ticket stands."""
    asked = replace(reply, ticket_no=ticket_no, state=MATCHED)
    return asked, [_fact("status_asked", asked, at)]


def repeats(reply: Reply, at: datetime, why: str) -> Decision:
    """It says what was said before: kept, and without effect."""
    same = replace(reply, state=REPEATED_STATE, why=why, same=None, question=None)
    return same, [_fact("reply_repeated", same, at)]


def threads(reply: Reply, ticket_no: str, recipient: str | None, at: datetime) -> Decision:
    """It belongs to what is said about that ticket."""
    bound = replace(reply, state=MATCHED, ticket_no=ticket_no, recipient=recipient)
    return bound, [_fact("reply_received", bound, at)]


def for_a_person(reply: Reply, at: datetime, why: str) -> Decision:
    """It becomes a ticket."""
    ticket = replace(reply, state=TICKET, why=why)
    return ticket, [_fact("contact_received", ticket, at)]


def written_by_a_machine(reply: Reply, at: datetime, why: str) -> Decision:
    """It is kept, and never answered."""
    kept = replace(reply, state=AUTOMATIC, why=why, same=None)
    return kept, [_fact("reply_automatic", kept, at)]


def fails(reply: Reply, at: datetime, why: str) -> Decision:
    """Nothing can be done with it by machine."""
    failed = replace(reply, state=FAILED, why=why, same=None)
    return failed, [_fact("reply_failed", failed, at)]


def settle(reply: Reply, at: datetime, *, taken: bool, why: str, ticket_no: str | None) -> Decision:
    """What the service that it concerns made of it. What that could not take any more becomes a ticket for a person.

    `repeated`: it had been told the same already, by another way.
    """
    if reply.state not in MOVES["settle"]:
        return reply, []
    told = Fact("reply_settled", at, {"taken": taken, "why": why, "ticket_no": ticket_no})
    reply = replace(reply, ticket_no=ticket_no or reply.ticket_no)
    if reply.state == TICKET:
        return reply, [told]
    if taken:
        return replace(reply, state=ANSWERED), [told]
    if why == REPEATED:
        return replace(reply, state=REPEATED_STATE, why=why), [told]
    ticket, facts = for_a_person(replace(reply, ticket_no=None), at, why)
    return ticket, [told, *facts]


def by_another(reply: Reply, message: Message) -> Reply:
    """It names a message that went to somebody else: a person should think of that one's ticket."""
    named = {"message_id": message.message_id, "kind": TO_ITS_TICKET, "ticket_no": message.ticket_no}
    return replace(reply, might=({**named, "asked_at": message.written_at},))


def unusable() -> Match:
    """What becomes of a text whose sender has no address that could be answered."""
    return Match("fail", NO_ADDRESS)


def dismiss(reply: Reply, at: datetime, note: str) -> Decision:
    """A person sees that there is nothing to do. Raises NotResolvable."""
    require(reply, "resolve")
    done = replace(reply, state=DISMISSED, why=note)
    return done, [Fact("reply_dismissed", at, {"note": note})]


def require(reply: Reply, move: str) -> None:
    """Raises NotResolvable unless the reply is in a state from which there is that move."""
    if reply.state not in MOVES[move]:
        raise NotResolvable(reply.reply_id, reply.state, move)


def _about(reply: Reply, question: Question) -> Reply:
    return replace(
        reply,
        message_id=question.message_id,
        ticket_no=question.ticket_no or None,
        order_no=question.order_no or None,
        recipient=question.recipient,
    )


def _shown(question: Question) -> dict[str, Any]:
    """A question as a person is told of it: without the token that opens it."""
    return {
        "message_id": question.message_id,
        "kind": question.kind,
        "ticket_no": question.ticket_no,
        "asked_at": question.asked_at,
    }


def _fact(kind: str, reply: Reply, at: datetime) -> Fact:
    """Histories hold no texts, tokens or addresses: a person's data must be erasable."""
    said = {
        "why": reply.why,
        "kind": reply.meaning.kind if reply.meaning else None,
        "value": reply.meaning.value if reply.meaning else None,
        "message_id": reply.message_id,
        "ticket_no": reply.ticket_no,
    }
    return Fact(kind, at, {name: value for name, value in said.items() if value})
