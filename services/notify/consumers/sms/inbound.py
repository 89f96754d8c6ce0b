"""An SMS from a phone as the event `sms_received` (docs/consumers.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import phonenumbers

from services.notify.consumers.sms import pdu
from services.notify.consumers.sms.pdu import Pdu
from services.notify.consumers.sms.pieces import Header, parted, text_of
from services.notify.consumers.sms.reports import Report, of_receipt
from shared.clock import to_text
from shared.events import Event

INTERNATIONAL = 1  # type of number
LONGEST_TEXT, LONGEST_ADDRESS = 20_000, 320  # characters that notify reads (docs/consumers.md)
_WITH_HEADER = 0x40


@dataclass(frozen=True)
class Received:
    """An SMS from a phone: `sender` in E.164 where it is a number, `to` as the gateway writes it."""

    sender: str
    to: str
    text: str
    header: Header | None = None
    gateway_id: str | None = None

    @property
    def possible(self) -> bool:
        """Whether its addresses can be any: nobody could answer what is longer."""
        return max(len(self.sender), len(self.to)) <= LONGEST_ADDRESS

    @property
    def key(self) -> str:
        """The same for the same SMS that comes again: SMPP gives it no name."""
        return sha256("\0".join((self.sender, self.to, self.text, self.gateway_id or "")).encode()).hexdigest()

    @property
    def thread(self) -> str:
        """The same for all parts of one long SMS."""
        joined = f"{self.header.reference}/{self.header.parts}" if self.header else ""
        return f"{self.sender}/{self.to}/{joined}"


def received(packet: Pdu, region: str) -> Received:
    """A deliver_sm that is no receipt. `region` (`CN`) is that of numbers written without their country."""
    octets, esm_class = payload(packet), packet.number("esm_class")
    header, octets = parted(octets, bool(esm_class & _WITH_HEADER))
    return Received(
        sender=phone(packet.text("source_addr"), packet.number("source_addr_ton"), region),
        to=packet.text("destination_addr"),
        text=text_of(octets, packet.number("data_coding")),
        header=header or _segmented(packet),
    )


def report(packet: Pdu) -> Report | None:
    """A deliver_sm that is a receipt; None where it names no message."""
    name = packet.tlvs.get(pdu.RECEIPTED_MESSAGE_ID)
    state = packet.tlvs.get(pdu.MESSAGE_STATE)
    text = payload(packet).decode("latin-1")
    said = of_receipt(text, name.rstrip(b"\0").decode("latin-1") if name else None, state[0] if state else None)
    ours = packet.tlvs.get(pdu.USER_MESSAGE_REFERENCE)
    if said is None or not ours:
        return said
    return replace(said, mark=f"{packet.text('source_addr').removeprefix('+')}/{int.from_bytes(ours)}")


def payload(packet: Pdu) -> bytes:
    """The text's octets, wherever they stand (SMPP 3.4, 5.2.22)."""
    return bytes(packet.fields.get("short_message") or packet.tlvs.get(pdu.MESSAGE_PAYLOAD) or b"")


def phone(address: str, ton: int, region: str) -> str:
    """The sender in E.164; a short code or a name stays as it is."""
    written = f"+{address}" if ton == INTERNATIONAL and not address.startswith("+") else address
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return address
    if not phonenumbers.is_possible_number(number):
        return address
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def sms_received(sms: Received, consumer: str, at: datetime) -> Event:
    """The event; its id is the same whenever the same SMS is told again."""
    said = (sms.sender, sms.to, sms.text, to_text(at))
    name = sms.gateway_id or sha256("\0".join(said).encode()).hexdigest()
    sms_id = f"sms/{consumer}/{name}"
    return Event(
        id=sms_id,
        type="sms_received",
        source="consumers",
        aggregate_id=sms_id,
        aggregate_version=1,
        number=1,
        at=at,
        recorded_at=at,
        data={
            "from": sms.sender,
            "to": sms.to,
            "text": sms.text[:LONGEST_TEXT],
            "received_at": to_text(at),
            "gateway_id": sms.gateway_id,
            "consumer": consumer,
        },
    )


def _segmented(packet: Pdu) -> Header | None:
    """Joined by parameters in place of a header in the text (SMPP 3.4, 5.3.2.22)."""
    reference, parts, part = (packet.tlvs.get(tag) for tag in (pdu.SAR_REFERENCE, pdu.SAR_PARTS, pdu.SAR_PART))
    if not (reference and parts and part) or parts[0] < 2 or not 1 <= part[0] <= parts[0]:
        return None
    return Header(int.from_bytes(reference), parts[0], part[0])
