"""`python -m services.notify.consumers.mail_health`: exit 0 while the mail receiver takes mails; its health check.

Reads MAIL_LISTEN and MAIL_PROTOCOL as the receiver does, and asks it (NOOP): it says 451 while the broker is away.
"""

from __future__ import annotations

import os
import smtplib
import sys

from services.notify.consumers.mail_settings import place
from shared.settings import require

SECONDS = 8.0


def trouble(listen: str, protocol: str = "smtp") -> str | None:
    """None while mails are taken, else what is wrong, in one line."""
    host, port = place(listen, "MAIL_LISTEN")
    try:
        with (smtplib.LMTP if protocol == "lmtp" else smtplib.SMTP)(host, port, timeout=SECONDS) as line:
            line.ehlo_or_helo_if_needed()
            code, said = line.noop()
    except (OSError, smtplib.SMTPException) as error:
        return f"the receiver does not answer: {type(error).__name__}"
    return None if code == 250 else f"{code} {said.decode(errors='replace')}"


def main() -> int:
    """The exit code."""
    (listen,) = require("MAIL_LISTEN")
    said = trouble(listen, os.environ.get("MAIL_PROTOCOL") or "smtp")
    print(f"mail: {said or 'mails are taken'}", file=sys.stderr if said else sys.stdout)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
