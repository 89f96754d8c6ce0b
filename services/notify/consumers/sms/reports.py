"""What a gateway says became of an SMS: a delivery receipt's TLVs or text, or the answer to query_sm (SMPP 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zlib import crc32

from services.notify.consumers.message import DELIVERED, FAILED

#: message_state (5.2.28) -> the name that the text form has for it (appendix B).
_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_FATES = {"DELIVRD": DELIVERED, "EXPIRED": FAILED, "DELETED": FAILED, "UNDELIV": FAILED, "REJECTD": FAILED}
#: esm_class, the message's type (5.2.12).
_TYPE, _RECEIPT = 0x3C, 0x04
_FIELD = re.compile(r"\b(id|stat|err):([^ ]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Report:
    """`state`: `delivered` or `failed`, None where it is not over yet; `detail`: the gateway's words for it.

    `mark`: whose number and which reference of ours the gateway gives back with it, where it does.
    """

    gateway_id: str
    state: str | None
    detail: str
    mark: str | None = None


def is_receipt(esm_class: int) -> bool:
    """Whether a deliver_sm is a delivery receipt; anything else came from a phone."""
    return esm_class & _TYPE == _RECEIPT


def of_receipt(text: str, message_id: str | None, message_state: int | None) -> Report | None:
    """A delivery receipt's say: its TLVs count where it has them, then its text. None: it names no message."""
    said: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        said.setdefault(name.lower(), value)
    gateway_id = message_id or said.get("id")
    if not gateway_id:
        return None
    word = _STATES.get(message_state, "") if message_state is not None else said.get("stat", "").upper()[:7]
    detail = " ".join(filter(None, (word, f"err:{said['err']}" if said.get("err") else "")))
    return Report(gateway_id, _FATES.get(word), detail or "no state")


def of_query(gateway_id: str, message_state: int, error_code: int) -> Report:
    """What query_sm answered."""
    word = _STATES.get(message_state, f"state {message_state}")
    return Report(gateway_id, _FATES.get(word), f"{word} err:{error_code:03d}" if error_code else word)


def mark(to: str, message_id: str, part: int) -> str:
    """What a part is known by before it has a gateway's id: its recipient's digits, and a reference of 16 bits."""
    return f"{to}/{reference(message_id, part)}"


def reference(message_id: str, part: int) -> int:
    """The part's user_message_reference (5.3.2.17): the same whenever it is reckoned."""
    return crc32(f"{message_id}/{part}".encode()) & 0xFFFF


def together(states: list[str | None]) -> str | None:
    """What became of a message of several SMS: delivered when all are, failed as soon as one is; None: not over."""
    if FAILED in states:
        return FAILED
    return DELIVERED if states and all(state == DELIVERED for state in states) else None
