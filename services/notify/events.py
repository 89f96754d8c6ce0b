"""What notify sends out: finished messages for consumers (docs/consumers.md). It publishes no events of its own."""

from __future__ import annotations

from collections.abc import Callable

from services.notify.domain.ledger import Message
from shared.document import Outgoing
from shared.events import Fact

EXCHANGE = "notify.messages"


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
            "to": message.to,
            "language": message.language,
            "subject": message.content.subject,
            "text": message.content.text,
            "html": message.content.html,
            "occurrence": message.occurrence,
            "created_at": message.created_at,
            "expires_at": message.expires_at,
        },
    )


HANDED: dict[str, Callable[[Message, Fact], Outgoing]] = {"message_handed_over": message_handed_over}
