"""A message as an e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.notify.consumers.message import Message

#: Bodies in seven bits: every relay takes those.
_POLICY = SMTP.clone(cte_type="7bit")


class NotMailable(Exception):
    """No mail can be made of this message; says why, without quoting it."""


@dataclass(frozen=True)
class Mail:
    """What the relay gets: envelope and text."""

    sender: str
    to: str
    data: bytes


def compose(message: Message, sender: str, at: datetime) -> Mail:
    """Plain text with HTML beside it, marked as automatic so that no robot answers (RFC 3834).

    The Message-ID comes from the message's id: a second copy, should there ever be one, is recognised as such.
    Raises `NotMailable`.
    """
    address = parseaddr(sender)[1]
    if parseaddr(message.to)[1] != message.to or not message.to.isascii():
        raise NotMailable("not one plain address")
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["From"] = sender
        mail["To"] = message.to
        mail["Subject"] = message.subject or ""
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{message.message_id}@{address.partition('@')[2]}>"
        mail["Content-Language"] = message.language
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        return Mail(address, message.to, mail.as_bytes())
    except (ValueError, UnicodeError) as error:
        raise NotMailable(type(error).__name__) from error
