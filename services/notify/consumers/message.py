"""The message as it comes off the queue, and the receipt that goes back (docs/consumers.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from services.notify.domain.masking import without_addresses
from shared.errors import ValidationError
from shared.events import Event
from shared.lanes import CHANNELS
from shared.schemas import Consumed, Instant, load

SENT, DELIVERED, FAILED, EXPIRED, UNKNOWN = STATES = ("sent", "delivered", "failed", "expired", "unknown")
#: The receipts of one message in the order of what they know; the event's `number`.
_NUMBERS = {UNKNOWN: 1, SENT: 2, FAILED: 3, EXPIRED: 3, DELIVERED: 4}
LONGEST_DETAIL = 200
#: What may stand in a header as it is.
_NAME = r"[A-Za-z0-9._-]{1,64}\Z"
_HREF = r"(https://[!-\[\]-~]{1,1990}|(?![/.])(?!.*/\.)[!-9;-\[\]-~]{1,2000})\Z"
_CONTENT_TYPE = r"[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}\Z"


class Unreadable(Exception):
    """The body is not a message; says why, without quoting it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message; `detail` is for people, and may hold what a relay answered.

    `gateway_id` is the provider's name for it, `parts` how many SMS it was sent as; None where that is not known.
    """

    state: str
    detail: str | None = None
    gateway_id: str | None = None
    parts: int | None = None


class TryLater(Exception):
    """This message cannot be sent now; nothing of it has left."""


class Down(Exception):
    """Nothing can be sent now; nothing of this message has left."""


class Unanswered(Down):
    """Nothing can be sent now, and this message may have left. It may be sent again: a second copy is dropped."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail, by reference. `href`: an https address, or a path below the consumer's folder."""

    name: str
    content_type: str
    size: int
    href: str


class HandedAttachment(Consumed):
    """One of a message's attachments."""

    name = fields.String(required=True, validate=validate.Regexp(r"[^\x00-\x1f\x7f/\\]{1,200}\Z"))
    content_type = fields.String(required=True, validate=validate.Regexp(_CONTENT_TYPE))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    href = fields.String(required=True, validate=validate.Regexp(_HREF))


class HandedMessage(Consumed):
    """A message's body."""

    message_id = fields.String(required=True, validate=validate.Regexp(_NAME))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    kind = fields.String(load_default="", validate=validate.Length(max=64))
    urgency = fields.String(load_default="", validate=validate.Length(max=64))
    to = fields.String(required=True, validate=validate.Length(1, 254))
    language = fields.String(required=True)
    subject = fields.String(load_default=None, allow_none=True)
    text = fields.String(required=True)
    html = fields.String(load_default=None, allow_none=True)
    occurrence = fields.String(load_default="")
    ticket_no = fields.String(load_default=None, allow_none=True)
    created_at = Instant(required=True)
    expires_at = Instant(load_default=None, allow_none=True)
    reply_to = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(_NAME))
    unsubscribe = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"https://[!-;=?-~]{1,1990}\Z")
    )
    list_id = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(_NAME))
    thread = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(_NAME))
    attachments = fields.List(fields.Nested(HandedAttachment), load_default=list, validate=validate.Length(max=20))


@dataclass(frozen=True, kw_only=True)
class Message:
    """A text that is to reach somebody once; what each field is, docs/consumers.md says."""

    message_id: str
    channel: str
    to: str
    language: str
    text: str
    created_at: datetime
    subject: str | None = None
    html: str | None = None
    occurrence: str = ""
    expires_at: datetime | None = None
    kind: str = ""
    urgency: str = ""
    ticket_no: str | None = None
    reply_to: str | None = None
    unsubscribe: str | None = None
    list_id: str | None = None
    thread: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def expired(self, now: datetime) -> bool:
        """Whether it is not worth sending any more."""
        return self.expires_at is not None and self.expires_at <= now


def read(body: bytes) -> Message:
    """The message in a body; `Unreadable` names the fields that are wrong."""
    try:
        raw = json.loads(body)
        json.dumps(raw, ensure_ascii=False).encode()
        known = load(HandedMessage, raw)
        known["attachments"] = tuple(Attachment(**each) for each in known["attachments"])
        return Message(**known)
    except ValidationError as error:
        raise Unreadable(error.message) from None
    except UnicodeEncodeError:  # half of a surrogate pair, which no gateway and no database takes
        raise Unreadable("a character that is none") from None
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def receipt(message_id: str, channel: str, outcome: Outcome, consumer: str, at: datetime) -> Event:
    """The event that tells notify; its id is the same whenever the same thing is told again."""
    number = _NUMBERS[outcome.state]
    data: dict[str, Any] = {
        "message_id": message_id,
        "channel": channel,
        "state": outcome.state,
        "detail": without_addresses(outcome.detail)[:LONGEST_DETAIL] if outcome.detail else None,
        "consumer": consumer,
        "gateway_id": outcome.gateway_id,
        "parts": outcome.parts,
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
