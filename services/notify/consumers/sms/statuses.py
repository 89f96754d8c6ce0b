"""What an SMPP command_status means for a message (SMPP 3.4, 5.1.3)."""

from __future__ import annotations

OK = 0x00
THROTTLED = frozenset({0x14, 0x58})  # ESME_RMSGQFUL, ESME_RTHROTTLED
#: The session is of no use any more; nothing is wrong with the message.
NOT_BOUND = frozenset({0x04, 0x05, 0x0D, 0x0E, 0x0F, 0x53})
#: A trouble that may pass: ESME_RSYSERR, RSUBMITFAIL, RX_T_APPN, RDELIVERYFAILURE. One message that always provokes it
#: must not hold up the others, so it is that message which waits.
TEMPORARY = frozenset({0x08, 0x45, 0x64, 0xFE})
_NAMES = {
    0x01: "ESME_RINVMSGLEN",
    0x02: "ESME_RINVCMDLEN",
    0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS",
    0x05: "ESME_RALYBND",
    0x08: "ESME_RSYSERR",
    0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x14: "ESME_RMSGQFUL",
    0x45: "ESME_RSUBMITFAIL",
    0x58: "ESME_RTHROTTLED",
    0x64: "ESME_RX_T_APPN",
    0x65: "ESME_RX_P_APPN",
    0x67: "ESME_RQUERYFAIL",
}


def named(status: int) -> str:
    """`ESME_RINVDSTADR (0x0b)`."""
    return f"{_NAMES.get(status, 'status')} (0x{status:02x})"
