"""What notify is asked about replies, and what it answers. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.notify.domain.matching import Match, Question
from services.notify.domain.reading import APPOINTMENT, CHANGE, CONFIRM, SCORES, STATUS, SURVEY
from services.notify.domain.replies import STATES, Reply
from shared.schemas import Code, Instant, Page, Request, Text

TICKET, REPLY, NOTHING = "ticket", "reply", "nothing"
AS = (SURVEY, APPOINTMENT, STATUS, REPLY, TICKET, NOTHING)
#: What each of them needs beside itself.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    SURVEY: ("message_id", "value"),
    APPOINTMENT: ("message_id", "value"),
    STATUS: ("ticket_no",),
    REPLY: ("ticket_no",),
    TICKET: (),
    NOTHING: ("note",),
}
_VALUES = {SURVEY: SCORES, APPOINTMENT: (CONFIRM, CHANGE)}


class FindReplies(Page):
    """Both filters in any combination."""

    state = fields.String(validate=validate.OneOf(STATES))
    sender = Text(320)


class GetReply(Request):
    """By id."""

    reply_id = Text(400, required=True)


class RetryReply(GetReply):
    """By id."""


class ResolveReply(GetReply):
    """What it is, as a person reads it.

    `survey` and `appointment` name the message that asked (`message_id`) and the answer (`value`: 1 to 5; confirm or
    change); `status` and `reply` the ticket; `nothing` says why (`note`).
    """

    as_ = fields.String(data_key="as", required=True, validate=validate.OneOf(AS))
    message_id = Code(64)
    value = Code(16)
    comment = Text(2_000)
    ticket_no = Code(32)
    note = Text(500)

    @validates_schema
    def _says_enough(self, data: Mapping[str, Any], **_: Any) -> None:
        lacking = [name for name in _NEEDS[data["as_"]] if name not in data]
        if lacking:
            raise ValidationError({name: ["Missing data for required field."] for name in lacking})
        values = _VALUES.get(data["as_"])
        if values is not None and data["value"] not in values:
            raise ValidationError(f"Must be one of: {', '.join(values)}.", "value")


class PreviewReply(Request):
    """An SMS that might come in."""

    from_ = Text(320, data_key="from", required=True)
    to = Text(320, load_default="")
    text = Text(20_000, required=True)
    received_at = Instant()


# replies


def summary(reply: Reply) -> dict[str, Any]:
    """A reply in a list: without its text."""
    return {
        "reply_id": reply.reply_id,
        "channel": reply.channel,
        "sender": reply.sender,
        "to": reply.to,
        "received_at": reply.received_at,
        "state": reply.state,
        "why": reply.why,
        "meaning": {"kind": reply.meaning.kind, "value": reply.meaning.value} if reply.meaning else None,
        "message_id": reply.message_id,
        "ticket_no": reply.ticket_no,
        "order_no": reply.order_no,
        "version": reply.version,
    }


def reply(state: Reply, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A reply in full."""
    return {
        **summary(state),
        "subject": state.subject,
        "text": state.text,
        "comment": state.meaning.comment if state.meaning else None,
        "recipient": state.recipient,
        "might": [dict(question) for question in state.might],
        "attachments": [dict(one) for one in state.attachments],
        "history": list(history),
    }


def match(found: Match) -> dict[str, Any]:
    """What a text would be taken for."""
    meaning = found.meaning
    return {
        "outcome": found.outcome,
        "why": found.why,
        "meaning": {"kind": meaning.kind, "value": meaning.value, "comment": meaning.comment} if meaning else None,
        "question": _question(found.question) if found.question else None,
        "might": [_question(question) for question in found.might],
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "message_id": question.message_id,
        "kind": question.kind,
        "ticket_no": question.ticket_no,
        "asked_at": question.asked_at,
        "answer_by": question.answer_by,
        "answered": question.given.value if question.given else None,
    }
