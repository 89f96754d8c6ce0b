"""Bounces and delivery reports: which message they are about, and what became of it (RFC 3464, 3461, VERP)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from services.notify.consumers.mail_text import children, header, header_as_sent, plain_text
from services.notify.consumers.message import DELIVERED, FAILED

log = logging.getLogger("loopdesk.mail")

DELAYED = "delayed"  # it is still being tried: nothing to report
LONGEST_DETAIL = 200
#: Action (RFC 3464 2.3.3; opensmtpd says error) -> what became of it. `relayed` and `expanded` prove nothing.
_ACTIONS = {"failed": FAILED, "error": FAILED, "delivered": DELIVERED, "delayed": DELAYED}
#: The first digit of a status (RFC 3463) -> the same, for reports without an Action.
_CLASSES = {"2": DELIVERED, "4": DELAYED, "5": FAILED}
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_MESSAGE_ID = re.compile(r"<([A-Za-z0-9._-]{1,64})@([^<>@\s]{1,253})>")


@dataclass(frozen=True)
class Bounce:
    """What a report says. `state` is failed, delivered or delayed; `detail` begins with the status, as `5.1.1`."""

    state: str
    detail: str


def report_in(mail: Message) -> Bounce | None:
    """What an RFC 3464 report says of its recipient: of several, the worst; None where the mail is no such report."""
    found = [bounce for block in _blocks(mail) if (bounce := _of_block(block))]
    order = (FAILED, DELAYED, DELIVERED)
    return min(found, key=lambda bounce: order.index(bounce.state), default=None)


def guess_in(mail: Message) -> Bounce | None:
    """What a bounce of another form says, as flufl.bounce knows them; None where it knows none."""
    temporary, permanent = _failures(mail)
    if not permanent:
        return Bounce(DELAYED, "4.0.0") if temporary else None
    return Bounce(FAILED, _status_in(plain_text(mail)[:20_000]) or "5.0.0")


def message_named(mail: Message, domain: str) -> str | None:
    """The message that a report returns, by its envelope id or the Message-ID in the headers that come with it."""
    for text in _mentions(mail):
        for named, of in _MESSAGE_ID.findall(text):
            if of.casefold() == domain.casefold():
                return str(named)
    return None


def _mentions(mail: Message) -> Iterator[str]:
    """Where a report names what it is about, the surest first."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            yield from (f"<{header_as_sent(block, 'original-envelope-id')}>" for block in children(part))
        elif kind == "message/rfc822":
            yield from (header_as_sent(returned, "message-id") for returned in children(part))
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield _message_id_line(_ascii(part))
    yield header_as_sent(mail, "in-reply-to")
    yield _message_id_line(plain_text(mail))


def _ascii(part: Message) -> str:
    raw = part.get_payload(decode=True)
    return raw.decode("ascii", "replace") if isinstance(raw, bytes) else ""


def _message_id_line(text: str) -> str:
    line = re.search(r"(?mi)^[> \t]*message-id:[ \t]*(<[^<>\s]{1,400}>)", text[:200_000])
    return line[1] if line else ""


def _blocks(mail: Message) -> Iterator[Message]:
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from children(part)


def _of_block(block: Message) -> Bounce | None:
    """One recipient's part of a report. An Action goes before the status: `failed` with 4.4.7 was given up."""
    action = header(block, "action").lower().partition(" ")[0]
    status = _STATUS.search(header(block, "status"))
    said = header(block, "diagnostic-code")
    state = _ACTIONS.get(action) or (_CLASSES[status[1]] if status and not action else None)
    if state is None:
        return None
    known = _finer(status[0], said) if status else _status_in(said)
    return Bounce(state, " ".join(filter(None, (known or "5.0.0", said)))[:LONGEST_DETAIL])


def _finer(status: str, said: str) -> str:
    """Exim says 5.0.0 whatever the next server's reply was: then that reply's own status."""
    told = _STATUS.search(said) if status.endswith(".0.0") else None
    return told[0] if told and told[1] == status[0] else status


def _status_in(text: str) -> str | None:
    status = _STATUS.search(text)
    if status:
        return status[0]
    reply = _REPLY.search(text)
    return f"{reply[1]}.0.0" if reply else None


def _failures(mail: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The addresses that are refused for now, and for good. A detector that breaks on a mail knows nothing of it."""
    try:
        temporary, permanent = all_failures(mail)
    except Exception as error:  # noqa: BLE001 (seventeen foreign parsers on foreign bytes)
        log.warning("bounce not understood", extra={"reason": type(error).__name__})
        return frozenset(), frozenset()
    return frozenset(temporary), frozenset(permanent)
