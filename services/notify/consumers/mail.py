"""A message as an e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

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
    address, to = parseaddr(sender)[1], _plain(message.to)
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["From"] = sender
        mail["To"] = to
        mail["Subject"] = message.subject or ""
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{message.message_id}@{address.partition('@')[2]}>"
        mail["Content-Language"] = message.language
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        return Mail(address, to, mail.as_bytes())
    except (ValueError, UnicodeError) as error:
        raise NotMailable(type(error).__name__) from error


def _plain(to: str) -> str:
    """The address in ASCII, its domain by IDNA (RFC 5891): every relay takes that. Raises `NotMailable`.

    What stands before the @ has no such form: an address with more than ASCII there needs SMTPUTF8 all the way.
    """
    if parseaddr(to)[1] != to:
        raise NotMailable("not one plain address")
    if to.isascii():
        return to
    try:
        plain = validate_email(to, check_deliverability=False, test_environment=True).ascii_email
    except EmailNotValidError:
        raise NotMailable("not an address") from None
    if plain is None:
        raise NotMailable("an address that needs SMTPUTF8")
    return plain
