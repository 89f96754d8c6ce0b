"""A text as SMPP carries it: a `short_message` per segment, joined by a user data header (3GPP TS 23.040, 9.2.3.24)."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.domain import segments

#: SMPP 3.4, 5.2.19: the gateway's default alphabet, which is GSM 7-bit here, and UCS-2.
CODINGS = {segments.GSM7: 0x00, segments.UCS2: 0x08}
#: esm_class with a user data header (5.2.12).
WITH_HEADER = 0x40
_JOINED_8, _JOINED_16 = 0x00, 0x08  # information elements: reference of 8 or 16 bits


@dataclass(frozen=True)
class Piece:
    """What one submit_sm carries."""

    octets: bytes
    data_coding: int
    esm_class: int


@dataclass(frozen=True)
class Header:
    """Which part of which long message this is; `reference` is the sender's own number."""

    reference: int
    parts: int
    part: int


def pieces(text: str, reference: int) -> list[Piece]:
    """The text's pieces in order; `reference` (its lowest 8 bits count) joins them at the recipient's."""
    cut = segments.cut(text)
    coding = CODINGS[cut.encoding]
    if len(cut.parts) == 1:
        return [Piece(cut.parts[0], coding, 0)]
    start = bytes((5, _JOINED_8, 3, reference & 0xFF, len(cut.parts) & 0xFF))
    return [Piece(start + bytes((n,)) + part, coding, WITH_HEADER) for n, part in enumerate(cut.parts, 1)]


def parted(octets: bytes, with_header: bool) -> tuple[Header | None, bytes]:
    """The header's say on joining, and the text's own octets. What is no header is left out all the same."""
    if not with_header or not octets:
        return None, octets
    end = octets[0] + 1
    return _joined(octets[1:end]), octets[end:]


def _joined(elements: bytes) -> Header | None:
    while len(elements) >= 2:
        kind, length = elements[0], elements[1]
        body, elements = elements[2 : 2 + length], elements[2 + length :]
        if kind == _JOINED_8 and length == len(body) == 3:
            return _checked(Header(body[0], body[1], body[2]))
        if kind == _JOINED_16 and length == len(body) == 4:
            return _checked(Header(int.from_bytes(body[:2]), body[2], body[3]))
    return None


def _checked(header: Header) -> Header | None:
    return header if 1 <= header.part <= header.parts and header.parts > 1 else None


def text_of(octets: bytes, data_coding: int) -> str:
    """A text that came in. What cannot be read is shown as the replacement character."""
    if data_coding == CODINGS[segments.UCS2]:
        return octets.decode("utf-16-be", "replace")
    if data_coding == 0x03:
        return octets.decode("latin-1")
    if data_coding == 0x01:
        return octets.decode("ascii", "replace")
    return segments.gsm7_text(octets)
