"""Survey tokens: derived, so that a repeated delivery makes the same one; unguessable without the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac

from shared.settings import MissingSettings, require

SECRET = "LOOPDESK_SURVEY_SECRET"  # noqa: S105 - the name of the setting, not its value


class Tokens:
    """Makes the token of a case. 144 bits of an HMAC-SHA256: 24 letters, digits, `-` and `_`."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    @classmethod
    def from_environment(cls) -> Tokens:
        """With the deployment's secret; exits with the setting's name when it is missing or short."""
        (secret,) = require(SECRET)
        if len(secret) < 16:
            raise MissingSettings(f"{SECRET} is shorter than 16 characters (see docker-compose.yml)")
        return cls(secret)

    def token(self, case_no: str) -> str:
        """The one token of this case."""
        digest = hmac.digest(self._secret, f"survey {case_no}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()


def token_hash(token: str) -> str:
    """What is kept of a token and looked up by: the index compares hashes, so its timing tells nothing of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
