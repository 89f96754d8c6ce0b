"""The message as it comes off the queue, and the receipt that goes back (docs/consumers.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from shared.errors import ValidationError
from shared.events import Event
from shared.schemas import Consumed, Instant, load

SENT, DELIVERED, FAILED, UNKNOWN = STATES = ("sent", "delivered", "failed", "unknown")
#: The receipts of one message in the order of what they know; the event's `number`.
_NUMBERS = {UNKNOWN: 1, SENT: 2, FAILED: 3, DELIVERED: 4}
LONGEST_DETAIL = 200


class Unreadable(Exception):
    """The body is not a message; says why, without quoting it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message; `detail` is for people, and may hold what a relay answered."""

    state: str
    detail: str | None = None


class TryLater(Exception):
    """This message cannot be sent now; nothing of it has left."""


class Down(Exception):
    """Nothing can be sent now; nothing of this message has left."""


class HandedMessage(Consumed):
    """A message's body."""

    message_id = fields.String(required=True, validate=validate.Length(1, 64))
    channel = fields.String(required=True)
    to = fields.String(required=True, validate=validate.Length(1, 254))
    language = fields.String(required=True)
    subject = fields.String(load_default=None, allow_none=True)
    text = fields.String(required=True)
    html = fields.String(load_default=None, allow_none=True)
    occurrence = fields.String(load_default="")
    created_at = Instant(required=True)
    expires_at = Instant(load_default=None, allow_none=True)


@dataclass(frozen=True)
class Message:
    """A text that is to reach somebody once."""

    message_id: str
    channel: str
    to: str
    language: str
    subject: str | None
    text: str
    html: str | None
    occurrence: str
    created_at: datetime
    expires_at: datetime | None


def read(body: bytes) -> Message:
    """The message in a body; `Unreadable` names the fields that are wrong."""
    try:
        return Message(**load(HandedMessage, json.loads(body)))
    except ValidationError as error:
        raise Unreadable(error.message) from None
    except ValueError:
        raise Unreadable("not JSON") from None


def receipt(message_id: str, channel: str, outcome: Outcome, consumer: str, at: datetime) -> Event:
    """The event that tells notify; its id is the same whenever the same thing is told again."""
    number = _NUMBERS[outcome.state]
    data: dict[str, Any] = {
        "message_id": message_id,
        "channel": channel,
        "state": outcome.state,
        "detail": outcome.detail[:LONGEST_DETAIL] if outcome.detail else None,
        "consumer": consumer,
    }
    return Event(
        id=f"{message_id}/{outcome.state}",
        type="receipt",
        source="consumers",
        aggregate_id=message_id,
        aggregate_version=number,
        number=number,
        at=at,
        recorded_at=at,
        data=data,
    )
