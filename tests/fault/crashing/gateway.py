"""A provider of SMS over HTTP, as tests need one: it counts what it was asked and what it did, on disk.

POST / with JSON `{"id", "to", "text"}` -> 200 `{"gateway_id", "again"}`. `again`: an id that it has, for which it does
nothing more. With GATEWAY_BLIND=1 it knows no ids, and does again whatever it is asked.
Reads GATEWAY_PORT and GATEWAY_BOOK: a file of JSON lines, one for each thing asked (`asked`), each done (`sent`) and
each copy that was dropped (`again`), written before it answers.
"""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Book:
    """What was asked and done; a new process reads what the one before has written."""

    def __init__(self, path: Path, *, blind: bool) -> None:
        self._lock = threading.Lock()
        self._blind = blind
        self._sent = {line["sent"] for line in entries(path) if "sent" in line}
        self._file = path.open("ab")

    def ask(self, message_id: str) -> bool:
        """Somebody wants it sent; gives whether that is new. One at a time."""
        with self._lock:
            self.note({"asked": message_id})
            new = self._blind or message_id not in self._sent
            if new:
                self.enter(message_id)
            else:
                self.note({"again": message_id})
            return new

    def enter(self, message_id: str) -> None:
        """It is sent: that counts."""
        self.note({"sent": message_id})
        self._sent.add(message_id)

    def note(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()


def entries(path: Path) -> list[dict[str, Any]]:
    """The lines of a book; one that a crash has cut off is none."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"}\n")]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    book: Book

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        new = self.book.ask(asked["id"])
        answer = json.dumps({"gateway_id": f"g-{asked['id']}", "again": not new}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Comes back on its port at once."""

    daemon_threads = True
    allow_reuse_address = True


def main() -> None:
    """Serve until killed."""
    Handler.book = Book(Path(os.environ["GATEWAY_BOOK"]), blind=os.environ.get("GATEWAY_BLIND") == "1")
    Server(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
