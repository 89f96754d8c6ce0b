"""The addresses by which mails come back: `bounce+<message id>@…` and `reply+<token>@…`, at the domain of SMTP_FROM."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

BOUNCE, REPLY = "bounce", "reply"
#: RFC 5321 4.5.3.1.1, in octets.
LONGEST_LOCAL = 64
_DOT_ATOM = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class OwnAddress:
    """The desk's address, `From` of all mails; `shown` is as configured, with a name or without."""

    shown: str
    address: str

    @classmethod
    def of(cls, shown: str) -> OwnAddress:
        """From `desk@example.com` or `Service desk <desk@example.com>`; raises `ValueError`."""
        address = parseaddr(shown)[1]
        if "@" not in address or not address.isascii():
            raise ValueError("SMTP_FROM needs an e-mail address of ASCII characters")
        return cls(shown, address)

    @property
    def local(self) -> str:
        """Before the @."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """After the @."""
        return self.address.rpartition("@")[2]

    def bounces(self, message_id: str) -> str:
        """The envelope sender that names the message; without the name where it has no place there."""
        return self._tagged(BOUNCE, message_id) or f"{BOUNCE}@{self.domain}"

    def replies(self, token: str) -> str | None:
        """Where an answer to the mail goes; None where the token has no place in an address."""
        return self._tagged(REPLY, token)

    def _tagged(self, name: str, tag: str) -> str | None:
        local = f"{name}+{tag}"
        return f"{local}@{self.domain}" if _DOT_ATOM.fullmatch(tag) and len(local) <= LONGEST_LOCAL else None


@dataclass(frozen=True)
class Incoming:
    """What a recipient's address stands for: `name` is bounce, reply or desk, `tag` what stood after the +."""

    name: str
    tag: str | None


def incoming(recipient: str, own: OwnAddress, desks: frozenset[str]) -> Incoming | None:
    """What an envelope recipient is to us; None if it is not ours. Case matters in tags only.

    `desks` are the local parts, in small letters, of the desk's further addresses.
    """
    local, _, domain = recipient.rpartition("@")
    name, plus, tag = local.partition("+")
    name = name.casefold()
    if domain.casefold() != own.domain.casefold():
        return None
    if name == BOUNCE:
        return Incoming(BOUNCE, tag or None)
    if name == REPLY and plus and tag:
        return Incoming(REPLY, tag)
    if local.casefold() in desks | {own.local.casefold()}:
        return Incoming("desk", None)
    return None
