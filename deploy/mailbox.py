"""`python -m deploy.mailbox`: a mail server that keeps what it is given in a Maildir and sends nothing; for trying out.

MAILBOX_LISTEN is host:port, MAILBOX_FOLDER the Maildir.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

from shared.settings import require


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    listen, folder = require("MAILBOX_LISTEN", "MAILBOX_FOLDER", environ=os.environ)
    host, _, port = listen.rpartition(":")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for part in ("cur", "new", "tmp"):  # mailbox.Maildir makes them only where it makes the folder itself
        (Path(folder) / part).mkdir(parents=True, exist_ok=True)
    server = Controller(Mailbox(Path(folder)), hostname=host, port=int(port))
    server.start()
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
