"""What calendars and their days may be called."""

from __future__ import annotations

import re

MOST_LETTERS = 200
NAME = f"text of 1 to {MOST_LETTERS} characters on one line"
_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def is_name(value: object) -> bool:
    """That it is a name, of any script: not blank, not too long, no line ends, controls or halves of characters."""
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= MOST_LETTERS and not _BROKEN.search(value)
