"""What a relay's reply means: for this mail, for now, or for all (RFC 5321 4.2, RFC 3463, RFC 4954). The one table."""

from __future__ import annotations

import re

MAIL, RCPT, DATA, TEXT = STEPS = ("MAIL", "RCPT", "DATA", "TEXT")
GO, TAKEN, LATER, REFUSED, DOWN, UNCLEAR = ("go", "taken", "later", "refused", "down", "unclear")

#: It will not talk to us at all: closing, login needed, wrong or too weak, TLS needed or not there.
_NOT_THE_MESSAGE = {421, 454, 530, 534, 535, 538}
#: What a reply to MAIL may say of the message and not of our address: too big for the list or the system, or not
#: sendable as it is (RFC 3463 X.2.3, X.3.4, X.6.*).
_OF_THE_MESSAGE = re.compile(r"5\.(2\.3|3\.4|6\.\d+)\b")


def meaning(step: str, code: int, said: str) -> str:
    """What follows from the reply `code said` to a step.

    `go` on; the mail is `taken`; try it `later`; it is `refused` for good; the relay is as good as `down`, no mail is
    at fault; `unclear`: no reply that this step can have, after the text had left.
    """
    if step == TEXT and code < 200:  # smtplib's own -1, no SMTP at all: the text has left
        return UNCLEAR
    if code in _NOT_THE_MESSAGE or code < 200:
        return DOWN
    if code < 400:
        return _good(step, code)
    if code < 500:
        return LATER
    if step == MAIL and code != 552 and not _OF_THE_MESSAGE.match(said):
        return DOWN  # it does not like our address, and so would refuse every mail
    return REFUSED


def _good(step: str, code: int) -> str:
    """Only DATA is answered by 3xx, and by nothing else that is good: otherwise its words are about another step."""
    if step == TEXT:
        return TAKEN if code < 300 else UNCLEAR
    return GO if (code >= 300) == (step == DATA) else DOWN
