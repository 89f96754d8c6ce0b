"""A message as an e-mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from services.notify.consumers.mail_addresses import OwnAddress
from services.notify.consumers.mail_attachments import File
from services.notify.consumers.message import Message

#: Bodies in seven bits: every relay takes those.
_POLICY = SMTP.clone(cte_type="7bit")
#: RFC 5322 2.1.1 without the line's end; printable ASCII.
_LINE = re.compile(r"[ -~]{1,998}")
FAILURE, ALL = "FAILURE", "SUCCESS,FAILURE"


class NotMailable(Exception):
    """No mail can be made of this message; says why, without quoting it."""


@dataclass(frozen=True)
class Mail:
    """What the relay gets: envelope and text. `utf8`: it needs SMTPUTF8. `envelope_id`: what reports shall name it by,
    and `notify` what they shall tell (RFC 3461)."""

    sender: str
    to: str
    data: bytes
    utf8: bool = False
    envelope_id: str | None = None
    notify: str = FAILURE


@dataclass(frozen=True)
class Style:
    """How the desk writes. `bounces`: reports come back to us, `ALL` of them or of a `FAILURE` only; None: they do
    not. `most`: bytes of one mail."""

    own: OwnAddress
    bounces: str | None = None
    most: int = 10_000_000


def compose(message: Message, style: Style, at: datetime, files: Sequence[File] = ()) -> Mail:
    """Plain text with HTML beside it, marked as automatic so that no robot answers (RFC 3834).

    The Message-ID comes from the message's id: a second copy, should there ever be one, is recognised as such, and a
    bounce that returns it names the message. Raises `NotMailable`.
    """
    own, (to, utf8) = style.own, _recipient(message.to)
    mail = EmailMessage(policy=_POLICY.clone(utf8=True) if utf8 else _POLICY)
    try:
        for name, value in _worded(message, own, to, at):
            mail[name] = value
        _fill(mail, message, files)
        data = _literal(message, own) + mail.as_bytes()
    except (ValueError, UnicodeError, IndexError, AttributeError) as error:  # the last two: some addresses, in email
        raise NotMailable(type(error).__name__) from error
    if len(data) > style.most:
        raise NotMailable("too large")
    if style.bounces is None:
        return Mail(own.address, to, data, utf8)
    named = f"{message.message_id}@{own.domain}"
    return Mail(own.bounces(message.message_id), to, data, utf8, named, style.bounces)


def _worded(message: Message, own: OwnAddress, to: str, at: datetime) -> list[tuple[str, str]]:
    """Name and value; the e-mail package encodes them, and refuses whatever would begin a line of its own."""
    return [
        ("From", own.shown),
        ("To", to),
        ("Subject", message.subject or ""),
        ("Date", format_datetime(at)),
        ("Content-Language", message.language),
    ]


def _literal(message: Message, own: OwnAddress) -> bytes:
    """Headers that stand as they are: the package would cut a long address or id in pieces that nobody joins again.

    Raises `ValueError` for what cannot stand in one line of ASCII.
    """
    answers = own.replies(message.reply_to) if message.reply_to else None
    thread = f"<{message.thread}@{own.domain}>" if message.thread else None
    known: dict[str, str | None] = {
        "Message-ID": f"<{message.message_id}@{own.domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Reply-To": answers,
        "In-Reply-To": thread,
        "References": thread,
        "List-Id": f"<{message.list_id}.{own.domain}>" if message.list_id else None,
        "Precedence": "bulk" if message.list_id else None,
        "List-Unsubscribe": f"<{message.unsubscribe}>" if message.unsubscribe else None,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if message.unsubscribe else None,
    }
    lines = [f"{name}: {value}" for name, value in known.items() if value is not None]
    if not all(_LINE.fullmatch(line) for line in lines):
        raise ValueError("a header that is no line")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _fill(mail: EmailMessage, message: Message, files: Sequence[File]) -> None:
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    for file in files:
        main, _, sub = file.content_type.partition("/")
        if main in ("multipart", "message"):  # those have parts of their own, which bytes have not
            main, sub = "application", "octet-stream"
        mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)


def _recipient(to: str) -> tuple[str, bool]:
    """The address, its domain by IDNA (RFC 5891), and whether it needs SMTPUTF8 all the same. Raises `NotMailable`.

    What stands before the @ has no form in ASCII: then the domain stays as it is, too (RFC 6531 3.2).
    """
    if parseaddr(to)[1] != to or "@" not in to:
        raise NotMailable("not one plain address")
    if to.isascii():
        return to, False
    try:
        known = validate_email(to, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise NotMailable("not an address") from None
    return (known.ascii_email, False) if known.ascii_email else (known.normalized, True)
