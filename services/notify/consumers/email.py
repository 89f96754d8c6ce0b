"""`python -m services.notify.consumers.email`: the e-mail consumer. Sends by SMTP through a relay.

Reads LOOPDESK_AMQP_URI and LOOPDESK_MONGO_URI (its own accounts), SMTP_URI (`smtp://host:port`, `smtps://…`,
`smtp+starttls://user:password@…`) and SMTP_FROM (`desk@example.com` or `Service desk <desk@example.com>`); and what
docs/email.md lists: SMTP_CA_FILE, SMTP_LINES, SMTP_MAILS_PER_LINE, SMTP_IDLE, SMTP_PACE, SMTP_MAX_BYTES, MAIL_BOUNCES,
ATTACHMENTS, ATTACHMENT_HOSTS, ATTACHMENT_CA_FILE.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.notify.consumers.mail import ALL, FAILURE, NotMailable, Style, compose
from services.notify.consumers.mail_addresses import OwnAddress
from services.notify.consumers.mail_attachments import Attachments, NotAttachable
from services.notify.consumers.mail_settings import file, number, words
from services.notify.consumers.message import FAILED, Message, Outcome
from services.notify.consumers.pace import Pace, rates_of
from services.notify.consumers.runner import Consumer
from services.notify.consumers.smtp import Relay
from services.notify.consumers.smtp_lines import Lines
from services.notify.consumers.smtp_settings import RelaySettings
from services.notify.consumers.store import Claims
from shared import logs
from shared.clock import Clock, SystemClock
from shared.settings import MissingSettings, require

_BOUNCES = {"": None, "0": None, "1": FAILURE, "all": ALL}


class Mailer:
    """Messages as e-mails through the relay. A relay cannot tell that it has had a mail before."""

    idempotent = False

    def __init__(self, lines: Lines, style: Style, attachments: Attachments, clock: Clock, pace: Pace) -> None:
        self._lines = lines
        self._style = style
        self._attachments = attachments
        self._clock = clock
        self.pace = pace
        self.window = lines.number
        self.check, self.close = lines.check, lines.close

    def send(self, message: Message) -> Outcome:
        """As `Relay.send`, each mail on a line of its own; what no mail can be made of is failed."""
        try:
            files = self._attachments.load(message.attachments)
            mail = compose(message, self._style, self._clock.now(), files)
        except NotMailable as error:
            return Outcome(FAILED, f"not mailable: {error}")
        except NotAttachable as error:
            return Outcome(FAILED, f"attachment {error}")
        return self._lines.send(mail)


@dataclass(frozen=True)
class MailSettings:
    """What the environment says of mails."""

    relay: RelaySettings
    style: Style
    attachments: Attachments
    rates: Mapping[str, float]
    lines: int = 1

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> MailSettings:
        """Exits with what is missing or malformed."""
        uri, shown = require("SMTP_URI", "SMTP_FROM", environ=environ)
        bounces, folder = environ.get("MAIL_BOUNCES", ""), environ.get("ATTACHMENTS")
        try:
            most = number(environ, "SMTP_MAX_BYTES", 10_000_000)
            if bounces not in _BOUNCES:
                raise ValueError("MAIL_BOUNCES is 1, all or empty")
            return cls(
                relay=RelaySettings.load(uri, environ),
                style=Style(OwnAddress.of(shown), _BOUNCES[bounces], most),
                attachments=Attachments(
                    Path(folder) if folder else None,
                    words(environ, "ATTACHMENT_HOSTS"),
                    most,
                    file(environ, "ATTACHMENT_CA_FILE") or True,
                ),
                rates=rates_of(environ.get("SMTP_PACE", "")),
                lines=number(environ, "SMTP_LINES", 1),
            )
        except (ValueError, OSError) as error:
            raise MissingSettings(f"a setting is malformed: {error}") from None

    def mailer(self, clock: Clock) -> Mailer:
        """What sends, by these settings."""
        sender = self.style.own.bounces("check") if self.style.bounces else self.style.own.address
        lines = Lines(self.lines, lambda: Relay(self.relay, sender=sender))
        return Mailer(lines, self.style, self.attachments, clock, Pace(self.rates))


def main() -> int:
    """Consume until SIGTERM; gives the exit code."""
    amqp_uri, mongo_uri = require("LOOPDESK_AMQP_URI", "LOOPDESK_MONGO_URI")
    logs.set_up(os.environ.get("LOOPDESK_LOG_LEVEL", "INFO"))
    clock = SystemClock()
    mailer = MailSettings.load().mailer(clock)
    Consumer("email", amqp_uri, Claims(mongo_uri, "email", clock), mailer, clock).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
