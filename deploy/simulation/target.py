"""What is asked of the staffing: `90% within 30s`, `80% of P2 within 4h`, `80% of P2 in time`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import ValidationError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FORM = re.compile(
    r"(?P<share>\d{1,2}(?:\.\d+)?)\s*%"
    r"(?:\s+of\s+(?P<priority>P[1-4]))?"
    r"(?:\s+within\s+(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>[smhd])|\s+(?P<answered>answered\s+)?in\s+time)"
)


@dataclass(frozen=True)
class Target:
    """That share of the work (of one priority) waits no longer than `seconds` for an agent.

    `seconds` None: it keeps the promise `promise` of the policy.
    """

    text: str
    share: float
    priority: str | None = None
    seconds: float | None = None
    promise: str = "resolution"


def target_of(text: str) -> Target:
    """The target that a text asks for. Raises `ValidationError`."""
    told = _FORM.fullmatch(text.strip())
    if told is None:
        form = (
            "is not like '90% within 30s', '80% of P2 within 4h', '80% of P2 in time' or '80% of P2 answered in time'"
        )
        raise ValidationError({"target": [f"{text!r} {form}"]})
    share = float(told["share"]) / 100
    if not 0 < share < 1:
        raise ValidationError({"target": [f"{text!r}: the share has to lie between 0% and 100%"]})
    seconds = float(told["count"]) * SECONDS[told["unit"]] if told["count"] else None
    promise = "first_response" if told["answered"] else "resolution"
    if seconds is None and told["priority"] is None:
        raise ValidationError({"target": [f"{text!r}: say of which priority, as in '80% of P2 in time'"]})
    return Target(text.strip(), share, told["priority"], seconds, promise)
