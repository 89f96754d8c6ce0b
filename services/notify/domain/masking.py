"""What machines say of a message, without where it went: relays and gateways quote the address in their words. Pure."""

from __future__ import annotations

import re

#: Whatever surrounds an @ without a space, and a run of digits as long as a phone number, as people group them.
_MAIL = re.compile(r"[^\s<>\"'(),;:\[\]]*@[^\s<>\"'(),;:\[\]]+")
_PHONE = re.compile(r"(?<![\w.])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ -]?\d){6,19}(?![\w.]*\w)")
LEFT_OUT = "…"
#: More is nobody's reason; what is read of it is bounded.
LONGEST = 1_000


def without_addresses(text: str) -> str:
    """`550 5.1.1 <a@example.com>: unknown` -> `550 5.1.1 <…>: unknown`; the same for phone numbers."""
    return _PHONE.sub(LEFT_OUT, _MAIL.sub(LEFT_OUT, text[:LONGEST]))
