"""A relay of SMTP as tests need one: whatever mail it takes stands in its book, on disk, before it says so.

It knows no copies: a mail that it is handed again is another one. Reads RELAY_PORT and RELAY_BOOK: a file of JSON
lines, one for each mail handed over (`asked`) and one for each taken (`sent`), by Message-ID.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.fault.crashing.gateway import Book


class Handler(StreamRequestHandler):
    """One connection."""

    book: Book

    def handle(self) -> None:
        self._say("220 relay")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                message_id = self._message_id()
                if message_id is None:  # cut off: no mail
                    return
                self.book.ask(message_id)
            self._say("221 bye" if verb == b"QUIT" else "250 relay")

    def _message_id(self) -> str | None:
        """That of the mail which is handed over; None where its end never comes."""
        found = ""
        for line in self._text():
            if line is None:
                return None
            if line.lower().startswith(b"message-id:"):
                found = line.partition(b"<")[2].partition(b"@")[0].decode()
        return found

    def _text(self) -> Iterator[bytes | None]:
        while (line := self.rfile.readline()) != b".\r\n":
            yield line or None
            if not line:
                return

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


class Server(ThreadingTCPServer):
    """Comes back on its port at once."""

    daemon_threads = True
    allow_reuse_address = True


def main() -> None:
    """Serve until killed."""
    Handler.book = Book(Path(os.environ["RELAY_BOOK"]), blind=True)
    Server(("127.0.0.1", int(os.environ["RELAY_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
