"""An SMTP relay that takes the text of a mail and then never says whether it has it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 120.0


class BadRelay:
    """Answers as a relay does, until a text has ended: then it hangs up, or says nothing more (`silent`)."""

    def __init__(self, port: int, *, silent: bool, mails: int) -> None:
        self.taken: list[str] = []  # Message-IDs whose text it has had
        self._silent = silent
        self._left = mails
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                if not self._left:
                    line.close()
                    continue
                self._open.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        line.settimeout(PATIENCE_SECONDS)
        with suppress(OSError), line.makefile("rb") as said:
            line.sendall(b"220 relay\r\n")
            for word in said:
                if word.upper().startswith(b"DATA"):
                    line.sendall(b"354 go on\r\n")
                    self._take(said)
                    if self._silent:
                        said.readline()  # until the other side gives up
                    line.shutdown(socket.SHUT_RDWR)
                    return
                line.sendall(b"250 relay\r\n")

    def _take(self, said: object) -> None:
        for text in iter(said.readline, b".\r\n"):  # type: ignore[attr-defined]
            if not text:
                return
            if text.lower().startswith(b"message-id:"):
                self.taken.append(text.partition(b"<")[2].partition(b"@")[0].decode())
        self._left -= 1
        if not self._left:
            self._hang_up()

    def _hang_up(self) -> None:
        """Closing alone would not wake the thread that accepts, and the port would stay taken."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        self._hang_up()
        for line in self._open:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


@contextmanager
def bad_relay(port: int, *, silent: bool = False, mails: int = 1) -> Iterator[BadRelay]:
    """In place of the mailbox, which must be stopped; after so many mails nobody listens there any more."""
    relay = BadRelay(port, silent=silent, mails=mails)
    try:
        yield relay
    finally:
        relay.close()
