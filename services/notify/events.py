"""What notify sends out: finished messages for consumers (docs/consumers.md). It publishes no events of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from services.notify.domain.ledger import Message
from shared.document import Outgoing
from shared.events import Fact

EXCHANGE = "notify.messages"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")


def message_handed_over(message: Message, _: Fact) -> Outgoing:
    """The message as the consumers of its channel get it.

    It carries no AMQP expiration: the broker would drop it in silence. The consumer reads `expires_at` and says so.
    """
    assert message.content is not None, "only what can be sent is handed over"  # noqa: S101 - the ledger's own rule
    return Outgoing(
        EXCHANGE,
        f"{message.channel}.{message.urgency}",
        {
            "message_id": message.message_id,
            "channel": message.channel,
            "kind": message.kind,
            "urgency": message.urgency,
            "to": message.to,
            "language": message.language,
            "subject": message.content.subject,
            "text": message.content.text,
            "html": message.content.html,
            "occurrence": message.occurrence,
            "ticket_no": message.ticket_no or None,
            "created_at": message.created_at,
            "expires_at": message.expires_at,
            "reply_to": message.token,
            "unsubscribe": None,
            "list_id": message.kind if message.broadcast else None,
            "thread": thread(message.ticket_no),
            "attachments": [],
        },
    )


def thread(ticket_no: str) -> str | None:
    """What all mails of a ticket have in common, fit for a Message-ID; None where there is no ticket."""
    if not ticket_no or _PLAIN.fullmatch(ticket_no):
        return ticket_no or None
    return hashlib.sha256(ticket_no.encode()).hexdigest()


HANDED: dict[str, Callable[[Message, Fact], Outgoing]] = {"message_handed_over": message_handed_over}
