"""What comes in by message: contacts that become tickets, replies about tickets, questions how they stand. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.domain import ticket as tickets
from services.intake.domain.customer import Submitter, mailbox
from services.intake.domain.ticket import CLOSED, WITHDRAWN, Ticket, current_step
from services.intake.domain.triage import Triage
from services.intake.errors import TicketIsOver
from shared.events import Aggregate, Fact
from shared.values import replace

#: A reply about one of these is a new matter: nobody works on it, and nothing opens it again.
_NEVER_AGAIN = (CLOSED, WITHDRAWN)
CUSTOMER = "customer:"


@dataclass(frozen=True, kw_only=True)
class StatusQuestion(Aggregate):
    """Somebody has asked how a ticket stands. `address` is where they asked from, and are told."""

    reply_id: str
    ticket_no: str
    channel: str
    address: str
    language: str | None = None
    known: bool = False
    status: str | None = None
    step_name: Mapping[str, str] | None = None
    eta: datetime | None = None


def creation_id(reply_id: str) -> str:
    """The id of the one ticket that a message can make."""
    return hashlib.sha256(f"message {reply_id}".encode()).hexdigest()[:32]


def contact(
    ticket_no: str, who: Submitter, said: Mapping[str, Any], triage: Triage, at: datetime, follows: str | None = None
) -> tuple[Ticket, list[Fact]]:
    """The ticket of a message that a person must see to. `follows`: the ticket that it goes on from, which is over.

    Its kind and pressure are those that the reference data declare for messages. What it might have answered stands in
    the history.
    """
    given = {
        "channel": said["channel"],
        "subject": said["subject"],
        "text": said["text"],
        "type": triage.inbound.type,
        "category": triage.category_of_messages(),
        "impact": triage.inbound.impact,
        "urgency": triage.inbound.urgency,
        "occurred_at": min(said["received_at"], at),
    }
    ticket, facts = tickets.submit(ticket_no, who, given, triage, at)
    note = {"reply_id": said["reply_id"], "why": said["why"], "might": list(said["might"]), "follows": follows}
    note |= {"attachments": list(said["attachments"])}
    facts += [Fact("message_kept", at, {name: value for name, value in note.items() if value})]
    if said["acknowledge"]:
        facts.append(Fact("contact_taken", at, {"follows": follows, "reply_id": said["reply_id"]}))
    return ticket, [*facts, settled(at, said["reply_id"])]


def reply(
    ticket: Ticket, at: datetime, said: Mapping[str, Any], own: Sequence[str | None] = ()
) -> tuple[Ticket, list[Fact]]:
    """Somebody has more to say about the ticket. `own`: the addresses of its customer. Raises TicketIsOver.

    What answers a message to the customer, or comes from one of their addresses, is the customer's word: whoever has
    the work hears. Anybody else's is a note, welcome in every status: the staff's, and that of whoever was told at an
    address of their own.
    """
    told = {name: said[name] for name in ("channel", "text", "reply_id")}
    if not _of_the_customer(said, own):
        return ticket, [Fact("note_added", at, {**told, "by": said["by"]}), settled(at, said["reply_id"])]
    if ticket.status in _NEVER_AGAIN:
        raise TicketIsOver(ticket.ticket_no, ticket.status)
    told |= {"attachments": list(said["attachments"])} if said["attachments"] else {}
    return ticket, [Fact("customer_replied", at, told), settled(at, said["reply_id"])]


def _of_the_customer(said: Mapping[str, Any], own: Sequence[str | None]) -> bool:
    to = said["by"]
    return to is None or to.startswith(CUSTOMER) or _is_one_of(said["from_"], own)


def _is_one_of(address: str, own: Sequence[str | None]) -> bool:
    return bool(address) and mailbox(address) in {mailbox(one) for one in own if one}


def status_told(
    question: StatusQuestion, ticket: Ticket | None, at: datetime, addresses: Sequence[str | None], language: str | None
) -> tuple[StatusQuestion, list[Fact]]:
    """How the ticket stands, for whoever is its customer by the address; for all others there is no such ticket."""
    question = replace(question, language=language or question.language)
    if ticket is not None and _is_one_of(question.address, addresses):
        step = current_step(ticket)
        question = replace(
            question,
            known=True,
            status=ticket.status,
            step_name=dict(step.name) if step and step.name else None,
            eta=ticket.eta,
        )
    return question, [Fact("ticket_status_told", at, {"known": question.known}), settled(at, question.reply_id)]


def settled(at: datetime, reply_id: str) -> Fact:
    """The message is taken care of."""
    return Fact("reply_settled", at, {"reply_id": reply_id, "taken": True, "why": None})
