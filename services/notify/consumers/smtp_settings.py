"""Where and how the relay is reached: SMTP_URI and what belongs to it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.notify.consumers.mail_settings import file, number

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
FORM = "SMTP_URI needs a form like smtp://host:port, smtps://… or smtp+starttls://user:password@…"


@dataclass(frozen=True)
class RelaySettings:
    """`ca_file`: trusted alone, in place of the machine's authorities. A line is left after `mails_per_line` mails, and
    when it was idle for `idle` seconds."""

    host: str
    port: int
    security: str
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None
    mails_per_line: int = 100
    idle: float = 60.0

    @classmethod
    def from_uri(cls, uri: str, **given: object) -> RelaySettings:
        """From `smtp://`, `smtps://` (TLS at once) or `smtp+starttls://`, then `[user:password@]host[:port]`.

        Raises `ValueError`; so does a password that would travel in the clear.
        """
        parts = urlsplit(uri)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(FORM)
        if parts.username and parts.scheme == "smtp":
            raise ValueError("SMTP_URI: a password needs smtps:// or smtp+starttls://")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            security=parts.scheme,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            **given,  # type: ignore[arg-type]  # the fields above are the uri's, these are not
        )

    @classmethod
    def load(cls, uri: str, environ: Mapping[str, str]) -> RelaySettings:
        """The uri's, with SMTP_CA_FILE, SMTP_MAILS_PER_LINE and SMTP_IDLE (seconds). Raises `ValueError`, `OSError`."""
        settings = cls.from_uri(
            uri,
            ca_file=file(environ, "SMTP_CA_FILE"),
            mails_per_line=number(environ, "SMTP_MAILS_PER_LINE", 100),
            idle=float(number(environ, "SMTP_IDLE", 60)),
        )
        settings.tls()
        return settings

    def tls(self) -> ssl.SSLContext:
        """Certificate and name are checked, always. Raises `OSError` where the CA file cannot be read."""
        return ssl.create_default_context(cafile=self.ca_file)
