"""SMPP's packets, written and read by smpplib (ADR 69); what is no packet is nonsense."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smpplib import smpp
from smpplib.exceptions import PDUError, UnknownCommandError

HEADER = 16
#: Octets; nothing that a gateway sends is near it, a peer of another protocol is.
LONGEST = 64 * 1024
#: Optional parameters that are read here (SMPP 3.4, 5.3.2).
RECEIPTED_MESSAGE_ID, USER_MESSAGE_REFERENCE, MESSAGE_PAYLOAD, MESSAGE_STATE = 0x001E, 0x0204, 0x0424, 0x0427
SAR_REFERENCE, SAR_PARTS, SAR_PART = 0x020C, 0x020E, 0x020F


class Nonsense(Exception):
    """What came is no SMPP 3.4."""


@dataclass(frozen=True)
class Pdu:
    """One packet. `fields`: the mandatory ones by SMPP's names, octets and numbers; `tlvs`: tag -> octets."""

    command: str
    status: int
    sequence: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field of characters; empty where it is missing."""
        value = self.fields.get(name) or b""
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)

    def number(self, name: str) -> int:
        """A field that is a number; 0 where it is missing."""
        return int(self.fields.get(name) or 0)


class _Numbered:
    """What smpplib asks for the number of a packet."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence

    def next_sequence(self) -> int:
        return self.sequence


def written(command: str, sequence: int, status: int = 0, **fields: Any) -> bytes:
    """A packet's octets. `ValueError` for a field that is too long: smpplib would cut it off silently."""
    packet = smpp.make_pdu(command, client=_Numbered(sequence), status=status, **fields)
    packet.sequence, packet.status = sequence, status
    for name, value in fields.items():
        longest = getattr(packet.params[name], "max", None)
        if isinstance(value, str) and longest is not None and len(value) >= longest:
            raise ValueError(f"{name} is longer than {longest - 1} characters")
    octets: bytes = packet.generate()
    return octets


def length_of(start: bytes) -> int:
    """A packet's length, from its first four octets or more. Raises `Nonsense`."""
    length = int.from_bytes(start[:4])
    if not HEADER <= length <= LONGEST:
        raise Nonsense("a packet of an impossible length")
    return length


def read(octets: bytes) -> Pdu:
    """A whole packet. Raises `Nonsense`."""
    tlvs: dict[int, bytes] = {}
    try:
        status, sequence = struct.unpack(">LL", octets[8:HEADER])
        packet = smpp.make_pdu(smpp.pdu.extract_command(octets), client=_Numbered(sequence))
        # smpplib stops at a parameter that it does not expect in this packet; SMPP says to leave those out (3.3)
        packet.parse_optional_params = lambda rest: tlvs.update(_tlvs(rest))
        packet._parse_string = _ended(packet._parse_string)
        packet.parse(octets)
        if len(octets) != length_of(octets) or len(packet.__dict__.get("short_message") or b"") != _length(packet):
            raise ValueError("a text cut off")
        names = [name for name in packet.params_order if not packet.field_is_optional(name)]
        fields = {name: getattr(packet, name, None) for name in names}
    except (PDUError, UnknownCommandError, struct.error, LookupError, ValueError, TypeError) as error:
        raise Nonsense(f"a packet that cannot be read: {type(error).__name__}") from error
    return Pdu(str(packet.command), status, sequence, fields, tlvs)


def _ended(parse: Callable[..., Any]) -> Callable[..., Any]:
    """smpplib takes what it finds for a text without an end."""

    def checked(field: str, data: bytes, at: int, length: int | None = None) -> Any:
        data.index(b"\0", at)
        return parse(field, data, at, length)

    return checked


def _length(packet: Any) -> int:
    return int(getattr(packet, "sm_length", 0) or 0)


def _tlvs(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while octets:
        if len(octets) < 4:
            raise ValueError("a parameter cut off")
        tag, length = struct.unpack(">HH", octets[:4])
        yield tag, octets[4 : 4 + length]
        octets = octets[4 + length :]
