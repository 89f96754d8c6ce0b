"""The SMTP relay, spoken to step by step: only so is it known whether a text may have left when a line breaks."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.notify.consumers.mail import Mail
from services.notify.consumers.message import FAILED, SENT, UNKNOWN, Down, Outcome, TryLater

TIMEOUT = 20.0  # seconds for each step
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
#: The relay will not talk to us at all: no message is at fault (RFC 5321, 4954).
_NOT_THE_MESSAGE = {421, 530, 534, 535, 538}
_BROKEN = (OSError, smtplib.SMTPException)


@dataclass(frozen=True)
class RelaySettings:
    """Where and how to reach the relay."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None

    @classmethod
    def from_uri(cls, uri: str) -> RelaySettings:
        """From `smtp://`, `smtps://` (TLS at once) or `smtp+starttls://`, then `[user:password@]host[:port]`.

        Raises `ValueError`.
        """
        parts = urlsplit(uri)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "SMTP_URI needs a form like smtp://host:port, smtps://… or smtp+starttls://user:password@…"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            security=parts.scheme,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class Relay:
    """One connection to the relay, kept from message to message."""

    def __init__(self, settings: RelaySettings, timeout: float = TIMEOUT) -> None:
        self._settings = settings
        self._timeout = timeout
        self._client: smtplib.SMTP | None = None

    def check(self) -> None:
        """`Down` unless the relay takes commands."""
        client = self._connected()
        try:
            client.noop()
        except _BROKEN as error:
            self.close()
            raise Down(type(error).__name__) from error

    def send(self, mail: Mail) -> Outcome:
        """Hand the relay one mail.

        `sent`: it took it. `failed`: it never will (5xx). `unknown`: the line broke after the text had begun to leave.
        Raises `TryLater` (4xx) and `Down` (no relay); then nothing has left.
        """
        client = self._begin(mail)
        if isinstance(client, Outcome):
            return client
        try:
            client.send(_stuffed(mail.data))
            code, said = client.getreply()
        except _BROKEN as error:
            self.close()
            return Outcome(UNKNOWN, f"the relay went away during the text: {type(error).__name__}")
        if 200 <= code < 300:
            return Outcome(SENT, _text(code, said))
        return self._verdict(code, said) or Outcome(UNKNOWN, _text(code, said))

    def _begin(self, mail: Mail) -> smtplib.SMTP | Outcome:
        """The connection, ready for the text; or how it ended before that. An idle line may be stale: once more."""
        for last in (False, True):
            fresh = self._client is None
            client = self._connected()
            try:
                refused = self._envelope(client, mail)
                return refused or client
            except _BROKEN as error:
                self.close()
                if fresh or last:
                    raise Down(type(error).__name__) from error
        raise AssertionError  # the loop has returned or raised

    def _envelope(self, client: smtplib.SMTP, mail: Mail) -> Outcome | None:
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: client.mail(mail.sender),
            lambda: client.rcpt(mail.to),
            lambda: client.docmd("DATA"),
        )
        for step in steps:
            refused = self._verdict(*step())
            if refused is not None:
                return refused
        return None

    def _verdict(self, code: int, said: bytes) -> Outcome | None:
        """None: go on. What is refused is taken back, so that the next mail begins anew."""
        if 200 <= code < 400:
            return None
        if code in _NOT_THE_MESSAGE or code < 200:  # below: smtplib's own -1, no SMTP at all
            self.close()
            raise Down(f"the relay says {code}")
        self._reset()
        if code < 500:
            raise TryLater(_text(code, said))
        return Outcome(FAILED, _text(code, said))

    def _reset(self) -> None:
        try:
            if self._client is not None:
                self._client.rset()
        except _BROKEN:
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            try:
                self._client = self._connect()
            except (*_BROKEN, UnicodeError) as error:  # a login that smtplib cannot say in ASCII
                raise Down(type(error).__name__) from error
        return self._client

    def _connect(self) -> smtplib.SMTP:
        at, name = self._settings, socket.gethostname()
        tls = ssl.create_default_context()
        if at.security == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(at.host, at.port, name, timeout=self._timeout, context=tls)
        else:
            client = smtplib.SMTP(at.host, at.port, name, timeout=self._timeout)
        try:
            if at.security == "smtp+starttls":
                client.starttls(context=tls)
            if at.user is not None:
                client.login(at.user, at.password or "")
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def close(self) -> None:
        """Hang up; the next mail calls again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _stuffed(data: bytes) -> bytes:
    """The text in SMTP's form (RFC 5321 4.5.2): lines that begin with a dot get another, a lone dot ends it."""
    data = re.sub(rb"(?m)^\.", b"..", data)
    return data + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _text(code: int, said: bytes) -> str:
    return f"{code} {said.decode('utf-8', 'replace')}"
