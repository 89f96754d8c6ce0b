"""A certificate of localhost, and an https server with it; for tests."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate, which is its own authority, and key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    return cert, key


def a_tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A server's."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


@dataclass
class Web:
    """Where it is, whom to trust, what it was asked for."""

    address: str
    ca_file: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def a_web_server(folder: Path) -> Iterator[Web]:
    """`/plan.pdf` is there; `/404` and the like answer with that status."""
    cert, key = a_certificate(folder)

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append(self.path)
            status = int(self.path[1:]) if self.path[1:].isdigit() else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/plan.pdf")
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"%PDF-web")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.socket = a_tls_context(cert, key).wrap_socket(server.socket, server_side=True)
    web = Web(f"https://localhost:{server.server_address[1]}", str(cert))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
