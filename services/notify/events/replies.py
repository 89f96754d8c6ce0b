"""The events that inbound messages make notify publish (docs/events.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from services.notify.domain.replies import Reply
from shared.events import Fact

LONGEST_SUBJECT, LONGEST_TEXT = 200, 20_000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def survey_replied(reply: Reply, _: Fact) -> dict[str, Any]:
    """A score, and perhaps a comment, for the survey of that case."""
    return {
        "reply_id": reply.reply_id,
        "case_no": _key(reply),
        "score": int(_value(reply)),
        "comment": _clean(reply.meaning.comment if reply.meaning else None, 2_000),
        "message_id": reply.message_id,
    }


def appointment_answered(reply: Reply, _: Fact) -> dict[str, Any]:
    """`answer`: confirm, or change, for which `note` may say what would suit; `number`: of the work's appointments."""
    order_no, number = _key(reply).rsplit("/", 1)
    return {
        "reply_id": reply.reply_id,
        "order_no": order_no,
        "number": int(number),
        "answer": _value(reply),
        "note": _clean(reply.meaning.comment if reply.meaning else None, 500),
        "message_id": reply.message_id,
    }


def status_asked(reply: Reply, _: Fact) -> dict[str, Any]:
    """Somebody asks how that ticket stands."""
    return {**_where(reply), "ticket_no": reply.ticket_no, "language": reply.language}


def reply_received(reply: Reply, _: Fact) -> dict[str, Any]:
    """What was said about that ticket, in answer to a message of ours; `by`: to whom that message went."""
    return {**_where(reply), **_said(reply), "ticket_no": reply.ticket_no, "by": reply.recipient}


def contact_received(reply: Reply, fact: Fact) -> dict[str, Any]:
    """A person must see to it; `might`: the questions that it may answer; `acknowledge`: its sender may be told."""
    return {
        **_where(reply),
        **_said(reply),
        "why": fact.data.get("why", reply.why),
        "might": [dict(question) for question in reply.might],
        "language": reply.language,
        "acknowledge": reply.acknowledge,
    }


OF_REPLIES: dict[str, Callable[[Reply, Fact], Mapping[str, Any]]] = {
    "survey_replied": survey_replied,
    "appointment_answered": appointment_answered,
    "status_asked": status_asked,
    "reply_received": reply_received,
    "contact_received": contact_received,
}


def _where(reply: Reply) -> dict[str, Any]:
    return {
        "reply_id": reply.reply_id,
        "channel": reply.channel,
        "from": reply.sender,
        "to": reply.to,
        "received_at": reply.received_at,
    }


def _said(reply: Reply) -> dict[str, Any]:
    text = _clean(reply.text, LONGEST_TEXT) or ""
    subject = _clean(reply.subject, LONGEST_SUBJECT) or next(iter(text.strip().splitlines()), "")[:80].strip()
    return {
        "subject": " ".join(subject.split()) or "-",
        "text": text,
        "attachments": [dict(one) for one in reply.attachments],
    }


def _clean(text: str | None, longest: int) -> str | None:
    """Text as other services take it: no control characters; nothing where there is nothing to read."""
    cleaned = _CONTROL.sub("", text.replace("\r\n", "\n"))[:longest] if text else ""
    return cleaned if cleaned.strip() else None


def _key(reply: Reply) -> str:
    return str(reply.question).partition("/")[2]


def _value(reply: Reply) -> str:
    return reply.meaning.value if reply.meaning else ""
