"""`python -m services.notify.consumers.mail_receiver`: takes the mails that come in, and tells notify (docs/email.md).

Reads LOOPDESK_AMQP_URI (its own account), MAIL_LISTEN (`host:port`) and SMTP_FROM, whose domain is ours; MAIL_PROTOCOL
(`smtp`, or `lmtp`), MAIL_DESK (further local parts that are the desk's, as `info,service`), MAIL_MAX_BYTES,
MAIL_CONNECTIONS, and MAIL_TLS_CERT with MAIL_TLS_KEY (PEM files) for STARTTLS. A relay is in front of it: it knows
no spam, and is not for the open net.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from services.notify.consumers.mail_addresses import OwnAddress
from services.notify.consumers.mail_publisher import Publisher
from services.notify.consumers.mail_server import Counted, Door, server
from services.notify.consumers.mail_settings import file, number, place, words
from shared import logs
from shared.clock import SystemClock
from shared.settings import MissingSettings, require

log = logging.getLogger("loopdesk.mail")


@dataclass(frozen=True)
class ReceiverSettings:
    """What the environment says."""

    amqp_uri: str
    host: str
    port: int
    own: OwnAddress
    desks: frozenset[str]
    lmtp: bool
    max_bytes: int
    connections: int
    tls: ssl.SSLContext | None

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> ReceiverSettings:
        """Exits with what is missing or malformed."""
        amqp_uri, listen, shown = require("LOOPDESK_AMQP_URI", "MAIL_LISTEN", "SMTP_FROM", environ=environ)
        protocol = environ.get("MAIL_PROTOCOL") or "smtp"
        try:
            if protocol not in ("smtp", "lmtp"):
                raise ValueError("MAIL_PROTOCOL is smtp or lmtp")
            host, port = place(listen, "MAIL_LISTEN")
            return cls(
                amqp_uri=amqp_uri,
                host=host,
                port=port,
                own=OwnAddress.of(shown),
                desks=words(environ, "MAIL_DESK"),
                lmtp=protocol == "lmtp",
                max_bytes=number(environ, "MAIL_MAX_BYTES", 10_000_000),
                connections=number(environ, "MAIL_CONNECTIONS", 20),
                tls=_tls(file(environ, "MAIL_TLS_CERT"), file(environ, "MAIL_TLS_KEY")),
            )
        except (ValueError, OSError) as error:
            raise MissingSettings(f"a setting is malformed: {error}") from None


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key or None)
    return context


async def serve(settings: ReceiverSettings) -> None:
    """Until SIGTERM or SIGINT; lines that are open then are closed, and their relays try again."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    door = Door(settings.own, settings.desks, Publisher(settings.amqp_uri), SystemClock(), settings.lmtp)
    protocol = server(
        door,
        lmtp=settings.lmtp,
        max_bytes=settings.max_bytes,
        lines=Counted(settings.connections),
        tls_context=settings.tls,
        hostname=settings.own.domain,
    )
    listening = await loop.create_server(protocol, settings.host, settings.port)
    log.info("ready", extra={"protocol": "lmtp" if settings.lmtp else "smtp"})
    await ended.wait()
    listening.close()
    await asyncio.to_thread(door.close)
    log.info("stopped")


def main() -> int:
    """Serve; gives the exit code."""
    logs.set_up(os.environ.get("LOOPDESK_LOG_LEVEL", "INFO"))
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's: it would name senders
    asyncio.run(serve(ReceiverSettings.load()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
