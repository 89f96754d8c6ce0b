"""What notify sends out: finished messages for consumers (docs/consumers.md), and what became of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from services.notify.domain.audience import CALL
from services.notify.domain.ledger import Message
from shared.document import Outgoing
from shared.events import Fact

EXCHANGE = "notify.messages"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")
#: (kind, token) -> the address at which a click ends messages of that kind; None: there is none.
UnsubscribeLink = Callable[[str, str], str | None]


def handed(unsubscribe: UnsubscribeLink) -> dict[str, Callable[[Message, Fact], Outgoing | None]]:
    """What leaves for consumers, by fact."""

    def message_handed_over(message: Message, _: Fact) -> Outgoing | None:
        return None if message.channel == CALL else to_consumer(message, unsubscribe)

    return {"message_handed_over": message_handed_over}


def to_consumer(message: Message, unsubscribe: UnsubscribeLink) -> Outgoing:
    """The message as the consumers of its channel get it.

    It carries no AMQP expiration: the broker would drop it in silence. The consumer reads `expires_at` and says so.
    """
    return Outgoing(
        EXCHANGE,
        f"{message.channel}.{message.urgency}",
        {
            **own_of_consumer(message, unsubscribe),
            "channel": message.channel,
            "kind": message.kind,
            "urgency": message.urgency,
            "language": message.language,
            "occurrence": message.occurrence,
            "ticket_no": message.ticket_no or None,
            "created_at": message.created_at,
            "expires_at": message.expires_at,
            "list_id": list_id(message),
            "thread": thread(message.ticket_no),
        },
    )


def own_of_consumer(message: Message, unsubscribe: UnsubscribeLink) -> dict[str, Any]:
    """What of it is the recipient's own, in a message to many."""
    content, token = message.content, message.token
    assert content is not None, "only what can be sent is handed over"  # noqa: S101 - the ledger's own rule
    return {
        "message_id": message.wire_id,
        "to": message.to,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "attachments": list(content.attachments),
        "reply_to": token,
        "unsubscribe": unsubscribe(message.kind, token) if token else None,
    }


def list_id(message: Message) -> str | None:
    """What goes to many, or is about no matter of theirs, is a mailing: it says of which kind."""
    mailing = message.broadcast or (message.token and not message.ticket_no)
    return _NOT_PLAIN.sub("-", message.kind) if mailing else None


def thread(ticket_no: str) -> str | None:
    """What all mails of a ticket have in common, fit for a Message-ID; None where there is no ticket."""
    if not ticket_no or _PLAIN.fullmatch(ticket_no):
        return ticket_no or None
    return hashlib.sha256(ticket_no.encode()).hexdigest()


def message_ended(message: Message, fact: Fact) -> dict[str, Any]:
    """It has failed, or nobody knows: another channel is to tell it, or was, and was called off. For notify itself."""
    return {
        "message_id": message.message_id,
        "state": message.state,
        "channel": message.channel,
        "then": fact.data["then"],
    }


def message_reached(message: Message, _: Fact) -> dict[str, Any]:
    """It has reached its recipient, and others tell the same, or did. For notify itself."""
    return {"message_id": message.message_id, "channel": message.channel}


def digest_moved(message: Message, _: Fact) -> dict[str, Any]:
    """What a digest tells is where the digest is now. For notify itself."""
    return {"message_id": message.message_id, "state": message.state}


OF_MESSAGES: dict[str, Callable[[Message, Fact], Mapping[str, Any]]] = {
    "message_ended": message_ended,
    "message_reached": message_reached,
    "digest_moved": digest_moved,
}
