"""What notify is asked, and what it answers; what it hears is in heard.py. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.notify.domain import audience, ledger
from services.notify.domain.ledger import Message
from shared.schemas import Code, Instant, Page, Request


def _one_of(values: Sequence[str], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **options)


class FindMessages(Page):
    """Any combination of filters; `customer_id` is short for the recipient `customer:<id>`.

    `from` and `to` bound the time of what the messages tell: `from` is included, `to` is not.
    """

    recipient = Code(160)
    customer_id = Code(64)
    ticket_no = Code(32)
    channel = _one_of(audience.ALL_CHANNELS)
    state = _one_of(ledger.STATES)
    states = fields.List(_one_of(ledger.STATES), validate=validate.Length(1, len(ledger.STATES)))
    template = Code(64)
    kind = Code(32)
    event = Code(64)
    broadcast = Code(64)
    since = Instant(data_key="from")
    until = Instant(data_key="to")

    @validates_schema
    def _one_recipient(self, data: Mapping[str, Any], **_: Any) -> None:
        if "recipient" in data and "customer_id" in data:
            raise ValidationError("Give either customer_id or recipient.", "customer_id")

    @validates_schema
    def _one_way_to_ask(self, data: Mapping[str, Any], **_: Any) -> None:
        if "state" in data and "states" in data:
            raise ValidationError("Give either state or states.", "states")
        if "since" in data and "until" in data and data["until"] <= data["since"]:
            raise ValidationError("Lies not after from.", "to")


class GetMessage(Request):
    """By id."""

    message_id = Code(64, required=True)


# replies


_SHOWN = (
    *("message_id", "occurrence", "event", "recipient", "ticket_no", "order_no", "channel", "rule", "kind", "urgency"),
    *("template", "language", "to", "state", "detail", "since", "held_for", "due_at", "attempt", "previous"),
    *("followed_by", "told_by", "digest", "broadcast", "area", "household", "team", "agent", "look"),
    *("created_at", "written_at", "reached_at", "expires_at", "version"),
)


def summary(message: Message) -> dict[str, Any]:
    """A message in a list: without its texts."""
    return {**{name: getattr(message, name) for name in _SHOWN}, "then": list(message.then)}


def message(state: Message, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A message in full, with its fate."""
    content = state.content
    texts = {"subject": content.subject, "text": content.text, "html": content.html} if content else None
    return {**summary(state), "content": texts, "history": list(history)}
