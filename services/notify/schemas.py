"""What notify is asked, and what it answers; what it hears is in heard.py. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.notify.domain import audience, ledger
from services.notify.domain.ledger import Message
from shared.schemas import Code, Page, Request


def _one_of(values: Sequence[str], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **options)


class FindMessages(Page):
    """Any combination of filters; `customer_id` is short for the recipient `customer:<id>`."""

    recipient = Code(160)
    customer_id = Code(64)
    ticket_no = Code(32)
    channel = _one_of(audience.ALL_CHANNELS)
    state = _one_of(ledger.STATES)
    template = Code(64)

    @validates_schema
    def _one_recipient(self, data: Mapping[str, Any], **_: Any) -> None:
        if "recipient" in data and "customer_id" in data:
            raise ValidationError("Give either customer_id or recipient.", "customer_id")


class GetMessage(Request):
    """By id."""

    message_id = Code(64, required=True)


# replies


def summary(message: Message) -> dict[str, Any]:
    """A message in a list: without its texts."""
    return {
        "message_id": message.message_id,
        "occurrence": message.occurrence,
        "event": message.event,
        "recipient": message.recipient,
        "ticket_no": message.ticket_no,
        "order_no": message.order_no,
        "channel": message.channel,
        "urgency": message.urgency,
        "template": message.template,
        "language": message.language,
        "to": message.to,
        "state": message.state,
        "detail": message.detail,
        "created_at": message.created_at,
        "expires_at": message.expires_at,
        "version": message.version,
    }


def message(state: Message, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A message in full, with its fate."""
    content = state.content
    texts = {"subject": content.subject, "text": content.text, "html": content.html} if content else None
    return {**summary(state), "content": texts, "history": list(history)}
