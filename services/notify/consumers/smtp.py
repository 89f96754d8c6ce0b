"""The SMTP relay, spoken to step by step: only so is it known whether a text may have left when a line breaks."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import time
from collections.abc import Callable

from services.notify.consumers.mail import Mail
from services.notify.consumers.message import FAILED, SENT, UNKNOWN, Down, Outcome, TryLater
from services.notify.consumers.smtp_replies import DATA, DOWN, LATER, MAIL, RCPT, REFUSED, TAKEN, TEXT, meaning
from services.notify.consumers.smtp_settings import RelaySettings

TIMEOUT = 20.0  # seconds for each step
LONGEST_WORDS = 500  # characters of a reply that are kept
_BROKEN = (OSError, smtplib.SMTPException)


class Relay:
    """One connection to the relay, kept from mail to mail. `sender`: an address that `check` asks it about."""

    def __init__(
        self,
        settings: RelaySettings,
        timeout: float = TIMEOUT,
        sender: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._timeout = timeout
        self._sender = sender
        self._now = now
        self._client: smtplib.SMTP | None = None
        self._mails = 0
        self._used = 0.0

    def check(self) -> None:
        """`Down` unless the relay takes commands, and our address."""
        client = self._connected()
        try:
            code, said = client.mail(self._sender) if self._sender else client.noop()
        except _BROKEN as error:
            self.close()
            raise Down(type(error).__name__) from error
        self._reset()
        if meaning(MAIL, code, _words(said)) == DOWN:
            self.close()
            raise Down(f"the relay says {code} to our address")

    def send(self, mail: Mail) -> Outcome:
        """Hand the relay one mail.

        `sent`: it took it. `failed`: it never will (5xx). `unknown`: the line broke after the text had begun to leave.
        Raises `TryLater` (4xx) and `Down` (no relay, or none that takes mails of ours); then nothing has left.
        """
        client = self._begin(mail)
        if isinstance(client, Outcome):
            return client
        try:
            self._hand_over(client, mail)
            code, said = client.getreply()
        except _BROKEN as error:
            self.close()
            return Outcome(UNKNOWN, f"the relay went away during the text: {type(error).__name__}")
        if meaning(TEXT, code, _words(said)) == TAKEN:
            self._mails, self._used = self._mails + 1, self._now()
            return Outcome(SENT, _text(code, said))
        refused = self._verdict(TEXT, code, said)
        if refused is None:
            self.close()  # what comes next on this line would be taken for answers to the next mail
        return refused or Outcome(UNKNOWN, _text(code, said))

    def _hand_over(self, client: smtplib.SMTP, mail: Mail) -> None:
        """From the last octet on the relay may have it."""
        client.send(_stuffed(mail.data))

    def _begin(self, mail: Mail) -> smtplib.SMTP | Outcome:
        """The connection, ready for the text; or how it ended before that. A line that has served may be dead, or the
        relay may want it to end (421): once more, on a new one."""
        self._leave_if_worn()
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
            except Down:
                if fresh or last:
                    raise
        raise AssertionError  # the loop has returned or raised

    def _envelope(self, client: smtplib.SMTP, mail: Mail) -> Outcome | None:
        if mail.utf8 and not client.has_extn("smtputf8"):
            return Outcome(FAILED, "not mailable: the address needs SMTPUTF8, which the relay does not offer")
        steps: tuple[tuple[str, Callable[[], tuple[int, bytes]]], ...] = (
            (MAIL, lambda: client.mail(mail.sender, _mail_options(client, mail))),
            (RCPT, lambda: client.rcpt(mail.to, _rcpt_options(client, mail))),
            (DATA, lambda: client.docmd("DATA")),
        )
        for name, step in steps:
            refused = self._verdict(name, *step())
            if refused is not None:
                return refused
        return None

    def _verdict(self, step: str, code: int, said: bytes) -> Outcome | None:
        """None: go on. What is refused is taken back, so that the next mail begins anew."""
        means = meaning(step, code, _words(said))
        if means == DOWN:
            self.close()
            raise Down(f"the relay says {code} to {step}")
        if means not in (LATER, REFUSED):
            return None
        self._reset()
        if means == LATER:
            raise TryLater(_text(code, said))
        return Outcome(FAILED, _text(code, said))

    def _reset(self) -> None:
        self._used = self._now()
        try:
            if self._client is not None:
                self._client.rset()
        except _BROKEN:
            self.close()

    def _leave_if_worn(self) -> None:
        """Relays limit both, and some hang up without a word."""
        old = self._now() - self._used > self._settings.idle
        if self._client is not None and (old or self._mails >= self._settings.mails_per_line):
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            try:
                self._client = self._connect()
            except smtplib.SMTPResponseException as error:
                raise Down(f"the relay says {error.smtp_code} when it is called") from error
            except (*_BROKEN, UnicodeError) as error:  # a login that smtplib cannot say in ASCII
                raise Down(type(error).__name__) from error
            self._mails, self._used = 0, self._now()
        return self._client

    def _connect(self) -> smtplib.SMTP:
        at, name = self._settings, socket.gethostname()
        if at.security == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(at.host, at.port, name, timeout=self._timeout, context=at.tls())
        else:
            client = smtplib.SMTP(at.host, at.port, name, timeout=self._timeout)
        try:
            if at.security == "smtp+starttls":
                client.starttls(context=at.tls())
            if at.user is not None:
                client.login(at.user, at.password or "")
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def close(self) -> None:
        """Hang up, with a word of goodbye where somebody hears it; the next mail calls again."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*_BROKEN):
                client.putcmd("quit")
            client.close()


def _mail_options(client: smtplib.SMTP, mail: Mail) -> list[str]:
    """What the relay offers and the mail can use: size (RFC 1870), script (RFC 6531), reports (RFC 3461)."""
    options = [f"SIZE={len(mail.data)}"] if client.has_extn("size") else []
    if mail.utf8:
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    if mail.envelope_id is not None and client.has_extn("dsn"):
        options += ["RET=HDRS", f"ENVID={mail.envelope_id}"]
    return options


def _rcpt_options(client: smtplib.SMTP, mail: Mail) -> list[str]:
    return [f"NOTIFY={mail.notify}"] if mail.envelope_id is not None and client.has_extn("dsn") else []


def _stuffed(data: bytes) -> bytes:
    """The text in SMTP's form (RFC 5321 4.5.2): lines that begin with a dot get another, a lone dot ends it."""
    data = re.sub(rb"(?m)^\.", b"..", data)
    return data + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _text(code: int, said: bytes) -> str:
    return f"{code} {_words(said)}"[:LONGEST_WORDS]


def _words(said: bytes) -> str:
    return said.decode("utf-8", "replace")
