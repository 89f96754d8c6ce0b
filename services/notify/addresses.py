"""Whether an address can be one at all: the same rules by which addresses are taken at the edges."""

from __future__ import annotations

from marshmallow import ValidationError

from services.notify.domain.audience import EMAIL
from shared.schemas import normal_email, normal_phone

BAD_PHONE, BAD_EMAIL = "bad_phone", "bad_email"


def normal(channel: str, address: str) -> str | None:
    """E.164, or the normalised e-mail address; None: it can be none."""
    try:
        return (normal_email if channel == EMAIL else normal_phone)(address)
    except ValidationError:
        return None


def fault(channel: str, address: str) -> str | None:
    """None: it can be one. `bad_phone`: no number of any numbering plan; `bad_email`: no address by RFC 5321."""
    if normal(channel, address) is not None:
        return None
    return BAD_EMAIL if channel == EMAIL else BAD_PHONE


def usable(_recipient: str, _kind: str, channel: str, address: str) -> str | None:
    """`domain.rules.Usable`: every address that can be one."""
    return fault(channel, address)
