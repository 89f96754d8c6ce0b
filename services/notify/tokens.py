"""Tokens by which a reply to a message, or a click on its link, is known: derived, unguessable without the secret."""

from __future__ import annotations

import base64
import hmac

from services.notify.domain.audience import EMAIL
from services.notify.domain.ledger import Message
from shared.settings import MissingSettings, require

SECRET = "LOOPDESK_REPLY_SECRET"  # noqa: S105 - the name of the setting, not its value
#: Recipients who work here: they answer in the workbench.
_STAFF = ("agent:", "team:", "supervisor:", "duty_manager:")


class Tokens:
    """Makes the token of a message: 120 bits of an HMAC-SHA256, as 24 small letters and digits.

    It stands in a mail address, too, and there are relays that do not keep capitals.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    @classmethod
    def from_environment(cls) -> Tokens:
        """With the deployment's secret; exits with the setting's name when it is missing or short."""
        (secret,) = require(SECRET)
        if len(secret) < 16:
            raise MissingSettings(f"{SECRET} is shorter than 16 characters (see docker-compose.yml)")
        return cls(secret)

    def token(self, message_id: str) -> str:
        """The one token of this message."""
        digest = hmac.digest(self._secret, f"message {message_id}".encode(), "sha256")
        return base64.b32encode(digest[:15]).decode().lower()

    def of(self, message: Message) -> str | None:
        """The token that a message needs: mails to people who do not work here have one, others have none."""
        if message.channel != EMAIL or message.recipient.startswith(_STAFF):
            return None
        return self.token(message.message_id)
