"""`python -m services.notify.consumers.email`: the e-mail consumer. Sends by SMTP through a relay.

Reads LOOPDESK_AMQP_URI and LOOPDESK_MONGO_URI (its own accounts), SMTP_URI (`smtp://host:port`, `smtps://…`,
`smtp+starttls://user:password@…`) and SMTP_FROM (`desk@example.com` or `Service desk <desk@example.com>`).
"""

from __future__ import annotations

import os
import sys
from email.utils import parseaddr

from services.notify.consumers.mail import NotMailable, compose
from services.notify.consumers.message import FAILED, Message, Outcome
from services.notify.consumers.runner import Consumer
from services.notify.consumers.smtp import Relay, RelaySettings
from services.notify.consumers.store import Claims
from shared import logs
from shared.clock import Clock, SystemClock
from shared.settings import MissingSettings, require


class Mailer:
    """Messages as e-mails through the relay. A relay cannot tell that it has had a mail before."""

    idempotent = False

    def __init__(self, relay: Relay, sender: str, clock: Clock) -> None:
        self._relay = relay
        self._sender = sender
        self._clock = clock
        self.check, self.close = relay.check, relay.close

    def send(self, message: Message) -> Outcome:
        """As `Relay.send`; what no mail can be made of is failed."""
        try:
            mail = compose(message, self._sender, self._clock.now())
        except NotMailable as error:
            return Outcome(FAILED, f"not mailable: {error}")
        return self._relay.send(mail)


def main() -> int:
    """Consume until SIGTERM; gives the exit code."""
    amqp_uri, mongo_uri, smtp_uri, sender = require("LOOPDESK_AMQP_URI", "LOOPDESK_MONGO_URI", "SMTP_URI", "SMTP_FROM")
    logs.set_up(os.environ.get("LOOPDESK_LOG_LEVEL", "INFO"))
    try:
        settings = RelaySettings.from_uri(smtp_uri)
    except ValueError as error:
        raise MissingSettings(f"a setting is malformed: {error}") from None
    address = parseaddr(sender)[1]
    if "@" not in address or not address.isascii():
        raise MissingSettings("a setting is malformed: SMTP_FROM needs an e-mail address of ASCII characters")
    clock = SystemClock()
    mailer = Mailer(Relay(settings), sender, clock)
    Consumer("email", amqp_uri, Claims(mongo_uri, "email", clock), mailer, clock).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
