"""The SMS consumer's settings, read once at start (docs/sms.md)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from services.notify.consumers.sms import ids
from services.notify.consumers.sms.wording import Wording

TRANSCEIVER, PAIR = "transceiver", "pair"
_PORTS = {"smpp": 2775, "smpps": 3550}


@dataclass(frozen=True)
class SmppSettings:
    """Where the gateway is and what was agreed with it. Times in seconds; `rate` is SMS a second, 0 for no limit."""

    host: str
    port: int
    tls: bool
    system_id: str
    password: str
    system_type: str = ""
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    region: str = ""
    window: int = 10
    rate: float = 0.0
    enquire: float = 30.0
    timeout: float = 20.0
    query_after: float = 3600.0
    most_parts: int = 10
    validity: int = 1
    temporary: frozenset[int] = frozenset()
    receipt_ids: str = ids.SAME
    bind: str = TRANSCEIVER
    ca_file: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """What each session is bound as; the first one sends, the last one hears."""
        return ("transmitter", "receiver") if self.bind == PAIR else (TRANSCEIVER,)

    @property
    def name(self) -> str:
        """Which gateway: nothing secret, the same whenever it is the same gateway and account."""
        return f"{self.system_id}@{self.host}:{self.port}"

    @classmethod
    def from_uri(cls, uri: str) -> SmppSettings:
        """From `smpp://system:password@host[:port]?window=10&…`, or `smpps://` for TLS. Raises `ValueError`."""
        parts = urlsplit(uri)
        if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
            raise ValueError("SMS_GATEWAY needs a form like smpp://system:password@host:port")
        system_id, password = unquote(parts.username), unquote(parts.password or "")
        if len(system_id) > 15 or len(password) > 8:
            raise ValueError("SMS_GATEWAY: SMPP takes a system id of 15 characters and a password of 8 at most")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "smpps",
            system_id=system_id,
            password=password,
            **_options(parts.query),
        )


def _options(query: str) -> dict[str, Any]:
    """The options behind the question mark; one that is unknown or out of its bounds is refused by name."""
    read: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        if name not in _OPTIONS:
            raise ValueError(f"SMS_GATEWAY: {name} is no option; there are {', '.join(_OPTIONS)}")
        try:
            read[name] = _OPTIONS[name](value)
        except ValueError:
            raise ValueError(f"SMS_GATEWAY: {name} cannot be {value!r}") from None
    return read


def _number(least: float, most: float, kind: type[int] | type[float] = int) -> Any:
    def read(value: str) -> Any:
        number = kind(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return read


def _choice(*choices: str) -> Any:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(value)
        return value

    return read


def _characters(most: int) -> Any:
    def read(value: str) -> str:
        if not value.isascii() or len(value) > most:
            raise ValueError(value)
        return value

    return read


def _authority(value: str) -> str:
    try:
        ssl.create_default_context(cafile=value)
    except OSError as error:
        raise ValueError(value) from error
    return value


def _statuses(value: str) -> frozenset[int]:
    return frozenset(int(status, 0) for status in value.split(",") if status)


_OPTIONS: dict[str, Any] = {
    "system_type": _characters(12),
    "source": _characters(20),
    "source_ton": _number(0, 6),
    "source_npi": _number(0, 18),
    "region": str,
    "window": _number(1, 100),
    "rate": _number(0, 10_000, float),
    "enquire": _number(0.2, 3600, float),
    "timeout": _number(0.2, 300, float),
    "query_after": _number(0, 30 * 86_400, float),
    "most_parts": _number(1, 255),
    "validity": _number(0, 1),
    "temporary": _statuses,
    "receipt_ids": _choice(*ids.KINDS),
    "bind": _choice(TRANSCEIVER, PAIR),
    "ca_file": _authority,
}


def wording_of(environ: Mapping[str, str]) -> Wording:
    """SMS_SIGNATURE; SMS_OPT_OUT `zh-CN=拒收请回复R;en=Reply STOP to opt out`; SMS_OPT_OUT_KINDS `survey,care`."""
    tails: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in environ.get("SMS_OPT_OUT", "").split(";"))):
        language, equals, tail = part.partition("=")
        if not equals or not language or not tail:
            raise ValueError("SMS_OPT_OUT needs a form like zh-CN=拒收请回复R;en=Reply STOP to opt out")
        tails[language.strip()] = tail.strip()
    kinds = frozenset(filter(None, (kind.strip() for kind in environ.get("SMS_OPT_OUT_KINDS", "").split(","))))
    if bool(tails) != bool(kinds):
        raise ValueError("SMS_OPT_OUT and SMS_OPT_OUT_KINDS go together")
    return Wording(environ.get("SMS_SIGNATURE", ""), tails, kinds)
