"""What a message asks, and until when it may be answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notify.domain.reading import APPOINTMENT, SURVEY

#: What a rule's `answers` may be -> what its event must say for that: which question it is, and until when it stands.
ANSWERABLE: Mapping[str, tuple[str, ...]] = {
    SURVEY: ("case_no", "expires_at"),
    APPOINTMENT: ("order_no", "appointment", "starts_at"),
}


def asked(answers: str | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message that say what it asks: `question`, the same by whatever channel, and `answer_by`.

    A survey's is its case (`W-1042/0`), an appointment's the work order and which of its appointments (`W-1042/3`).
    """
    if answers == SURVEY:
        return {"question": said["case_no"], "answer_by": said["expires_at"]}
    if answers == APPOINTMENT:
        return {"question": f"{said['order_no']}/{said['appointment']}", "answer_by": said["starts_at"]}
    return {}
