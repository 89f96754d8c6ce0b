"""How an SMS text is written and cut: GSM 7-bit or UCS-2, one segment or several (3GPP TS 23.038, 23.040).

Units are septets in GSM 7-bit and 16-bit words in UCS-2. A character is never cut in two: neither a septet pair of the
extension table nor a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

GSM7, UCS2 = "gsm7", "ucs2"
#: The default alphabet in its order (23.038, 6.2.1); the place of the escape is never asked for.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table (6.2.1.1): each is the escape and then this septet.
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_ESCAPE = 0x1B
_SEPTETS: dict[str, bytes] = {
    **{character: bytes([at]) for at, character in enumerate(_BASIC) if at != _ESCAPE},
    **{character: bytes([_ESCAPE, at]) for character, at in _EXTENSION.items()},
}
_LETTERS = {septets: character for character, septets in _SEPTETS.items()}
#: Units of a segment that stands alone, and of one of several: their header takes 6 octets of 140.
ALONE = {GSM7: 160, UCS2: 70}
JOINED = {GSM7: 153, UCS2: 67}
#: More do not fit into the header's one octet.
MOST_SEGMENTS = 255


@dataclass(frozen=True)
class Segments:
    """A text cut up. `units`: how much it takes in all; `parts`: the octets of each segment, a septet in an octet."""

    encoding: str
    units: int
    parts: tuple[bytes, ...]


def encoding_of(text: str) -> str:
    """GSM 7-bit where every character has a place in its tables, otherwise UCS-2."""
    return GSM7 if all(character in _SEPTETS for character in text) else UCS2


def cut(text: str) -> Segments:
    """The text as it is sent. An empty text is one empty segment."""
    encoding = encoding_of(text)
    width = 1 if encoding == GSM7 else 2
    written = [_octets(character, encoding) for character in text]
    units = sum(map(len, written)) // width
    if units <= ALONE[encoding]:
        return Segments(encoding, units, (b"".join(written),))
    return Segments(encoding, units, tuple(_filled(written, JOINED[encoding] * width)))


def count(text: str) -> tuple[str, int, int]:
    """Encoding, units and segments of a text."""
    segments = cut(text)
    return segments.encoding, segments.units, len(segments.parts)


def gsm7_text(octets: bytes) -> str:
    """A text from septets, one in an octet; what has no place in the tables is shown as `?`."""
    return "".join(_read(octets))


def _octets(character: str, encoding: str) -> bytes:
    """A lone surrogate is no character: it is sent as the replacement character."""
    if encoding == GSM7:
        return _SEPTETS[character]
    return ("\ufffd" if "\ud800" <= character <= "\udfff" else character).encode("utf-16-be")


def _filled(written: list[bytes], room: int) -> Iterator[bytes]:
    """Segments of at most `room` octets, each as full as whole characters allow."""
    part = b""
    for octets in written:
        if len(part) + len(octets) > room:
            yield part
            part = b""
        part += octets
    yield part


def _read(octets: bytes) -> Iterator[str]:
    escaped = False
    get = _LETTERS.get
    for octet in octets:
        if escaped:  # 23.038: an unknown extension is shown as the basic character
            yield get(bytes([_ESCAPE, octet]), get(bytes([octet]), "?"))
        elif octet != _ESCAPE:
            yield get(bytes([octet]), "?")
        escaped = octet == _ESCAPE and not escaped
