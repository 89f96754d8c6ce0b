"""A mail that came in as what notify is told of it: a receipt where it is a bounce that names its message, else
`mail_received` (docs/email.md). Nothing here does any I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from typing import Any

from services.notify.consumers import mail_bounces
from services.notify.consumers.mail_addresses import BOUNCE, REPLY, Incoming, OwnAddress
from services.notify.consumers.mail_quotes import reply_in
from services.notify.consumers.mail_text import children, file_name, header, header_as_sent, header_text, plain_text
from services.notify.consumers.message import Outcome, receipt
from services.notify.domain.automatic import Marks, automatic
from shared.clock import to_text
from shared.events import Event

LONGEST_TEXT, LONGEST_SUBJECT, LONGEST_ADDRESS, LONGEST_NAME = 20_000, 500, 254, 200  # characters
MOST_REFERENCES, MOST_ATTACHMENTS, DEEPEST = 50, 50, 30
#: Ends the headers; not every relay mends lines that end in a bare LF.
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_NAMED = re.compile(r"<([^<>\s]{1,500})>")


class Unparsable(Exception):
    """Parts in parts in parts …, or what breaks the parser: nobody wrote that."""


@dataclass(frozen=True)
class Taken:
    """A mail as the server took it, for one recipient; `return_path` is the envelope sender, "" for <>."""

    data: bytes
    return_path: str
    recipient: str
    meant: Incoming
    at: datetime


def told_of(taken: Taken, own: OwnAddress, consumer: str) -> Event | None:
    """The event to publish; None for what needs none: a report that a mail is late, or one of an unknown mail.

    Raises `Unparsable`.
    """
    mail, taken = parsed(taken.data), _readable(taken)
    reason = automatic(marks_of(mail, taken.return_path))
    bounce = mail_bounces.report_in(mail)
    if bounce is None and reason is not None and _may_be_a_bounce(taken, reason):
        bounce = mail_bounces.guess_in(mail)
    if bounce is None:
        return _received(mail, taken, reason, consumer)
    named = _message_of(mail, taken, own)
    if named is None or bounce.state == mail_bounces.DELAYED:
        return None
    return receipt(named, "email", Outcome(bounce.state, bounce.detail), consumer, taken.at)


def _readable(taken: Taken) -> Taken:
    """Its addresses as an event can hold them: octets that are no UTF-8 come from SMTP as lone surrogates."""
    meant = replace(taken.meant, tag=taken.meant.tag and _utf8(taken.meant.tag))
    return replace(taken, return_path=_utf8(taken.return_path), recipient=_utf8(taken.recipient), meant=meant)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def parsed(data: bytes) -> Message:
    """The mail's parts; raises `Unparsable`."""
    try:
        mail = message_from_bytes(data)
        if any(depth > DEEPEST for depth in _depths(mail)):
            raise Unparsable
    except (RecursionError, TypeError, ValueError):
        raise Unparsable from None
    return mail


def _depths(mail: Message, depth: int = 0) -> Iterator[int]:
    yield depth
    for part in children(mail) if depth <= DEEPEST else ():
        yield from _depths(part, depth + 1)


def marks_of(mail: Message, return_path: str) -> Marks:
    """What tells a machine's mail from a person's."""
    headers: dict[str, list[str]] = {}
    for name, value in mail.raw_items():
        headers.setdefault(name.lower(), []).append(header_text(str(value)[:1000]))
    return Marks(return_path, _author(mail), mail.get_content_type(), headers)


def _may_be_a_bounce(taken: Taken, reason: str) -> bool:
    return taken.meant.name == BOUNCE or taken.return_path == "" or reason in ("bounce", "mailer_daemon")


def _message_of(mail: Message, taken: Taken, own: OwnAddress) -> str | None:
    if taken.meant.name == BOUNCE and taken.meant.tag:
        return taken.meant.tag
    return mail_bounces.message_named(mail, own.domain)


def _received(mail: Message, taken: Taken, reason: str | None, consumer: str) -> Event:
    mail_id = next(iter(_NAMED.findall(header_as_sent(mail, "message-id"))), None)
    name = f"mail/{_digest(mail_id or _content(mail, taken.data), taken.recipient)}"
    data: dict[str, Any] = {
        "from": (_author(mail) or taken.return_path)[:LONGEST_ADDRESS],
        "return_path": taken.return_path[:LONGEST_ADDRESS],
        "to": taken.recipient[:LONGEST_ADDRESS],
        "token": taken.meant.tag if taken.meant.name == REPLY else None,
        "mail_id": mail_id,
        "in_reply_to": next(iter(_NAMED.findall(header_as_sent(mail, "in-reply-to"))), None),
        "references": _NAMED.findall(header_as_sent(mail, "references"))[-MOST_REFERENCES:],
        "subject": header(mail, "subject")[:LONGEST_SUBJECT],
        "text": reply_in(plain_text(mail))[:LONGEST_TEXT],
        "automatic": reason,
        "received_at": to_text(taken.at),
        "consumer": consumer,
        "attachments": list(_attachments(mail))[:MOST_ATTACHMENTS],
    }
    return Event(
        id=name,
        type="mail_received",
        source="consumers",
        aggregate_id=name,
        aggregate_version=1,
        number=1,
        at=taken.at,
        recorded_at=taken.at,
        data=data,
    )


def _author(mail: Message) -> str:
    addresses = (address for _, address in getaddresses([header_as_sent(mail, "from")]))
    return next((address for address in addresses if "@" in address and len(address) <= LONGEST_ADDRESS), "")


def _content(mail: Message, data: bytes) -> str:
    """Names a mail without Message-ID: what stays the same when the relay sends it again."""
    empty = _EMPTY_LINE.search(data)
    body = data[empty.end() :] if empty else b""
    return _digest(*(header(mail, name) for name in ("from", "date", "subject")), hashlib.sha256(body).hexdigest())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _attachments(mail: Message) -> Iterator[dict[str, Any]]:
    """Name, type and size of what came with the mail; mails that are attached count as one file."""
    for part in _leaves(mail):
        name = file_name(part)
        if name is None and part.get_content_disposition() != "attachment" and _is_body(part):
            continue
        raw = b"" if part.is_multipart() else part.get_payload(decode=True)
        yield {
            "name": (name or "")[:LONGEST_NAME],
            "content_type": part.get_content_type()[:LONGEST_NAME],
            "size": len(raw) if isinstance(raw, bytes) else 0,
        }


def _leaves(mail: Message) -> Iterator[Message]:
    if mail.is_multipart() and mail.get_content_maintype() == "multipart":
        for part in children(mail):
            yield from _leaves(part)
    else:
        yield mail


def _is_body(part: Message) -> bool:
    return part.get_content_type() in ("text/plain", "text/html")
