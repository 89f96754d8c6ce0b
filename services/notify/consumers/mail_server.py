"""The SMTP or LMTP server to which the operators' relay delivers: says yes only when the broker has what came."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope

from services.notify.consumers.mail_addresses import Incoming, OwnAddress, incoming
from services.notify.consumers.mail_inbound import Taken, Unparsable, told_of
from services.notify.consumers.mail_publisher import BrokerAway, Publisher
from shared.clock import Clock
from shared.events import Event

log = logging.getLogger("loopdesk.mail")

MOST_RECIPIENTS = 20
OK, AWAY = "250 2.0.0 taken", "451 4.3.0 not now, please try again"
UNREADABLE = "554 5.6.0 the mail cannot be read"
NOT_OURS, RELAY = "550 5.1.1 no such recipient here", "550 5.7.1 not our domain"
TOO_MANY_RECIPIENTS, TOO_MANY_LINES = "452 4.5.3 too many recipients", b"421 4.7.0 too many connections\r\n"


class Door:
    """What the server does at each step; one thread reads mails and speaks to the broker."""

    def __init__(self, own: OwnAddress, desks: frozenset[str], publisher: Publisher, clock: Clock, lmtp: bool) -> None:
        self._own, self._desks = own, desks
        self._publisher = publisher
        self._clock = clock
        self._lmtp = lmtp
        self._thread = ThreadPoolExecutor(1, "mail")

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Only what is ours."""
        if self._meant(address) is None:
            at_home = address.rpartition("@")[2].casefold() == self._own.domain.casefold()
            return NOT_OURS if at_home else RELAY
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ours"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        """The reply to the mail; by LMTP one line for each recipient (RFC 2033 4.2)."""
        reply = await self._in_thread(lambda: self._take(envelope))
        return "\r\n".join([reply] * len(envelope.rcpt_tos)) if self._lmtp else reply

    async def handle_NOOP(self, _server: Any, _session: Any, _envelope: Any, _argument: str) -> str:  # noqa: N802
        """Whether a mail would be taken now: what the health check asks."""
        return await self._in_thread(self._state)

    async def handle_exception(self, error: Exception) -> str:
        """A defect of ours loses no mail: the relay keeps it."""
        log.error("mail not handled", extra={"reason": type(error).__name__})
        return AWAY

    def close(self) -> None:
        """After the mail in hand."""
        self._thread.submit(self._publisher.close).result()
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], str]) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _meant(self, address: str) -> Incoming | None:
        return incoming(address, self._own, self._desks)

    def _state(self) -> str:
        try:
            self._publisher.check()
        except BrokerAway as error:
            return f"451 4.3.0 broker away: {error}"
        return "250 2.0.0 mails are taken"

    def _take(self, envelope: Envelope) -> str:
        try:
            self._publisher.publish(self._events(envelope))
        except BrokerAway as error:
            log.warning("mail put off", extra={"reason": str(error)})
            return AWAY
        except Unparsable:
            log.warning("mail refused", extra={"reason": "unparsable"})
            return UNREADABLE
        return OK

    def _events(self, envelope: Envelope) -> list[Event]:
        data, at = bytes(envelope.original_content or b""), self._clock.now()
        return_path = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        found = []
        for recipient in dict.fromkeys(envelope.rcpt_tos):
            meant = self._meant(recipient)
            event = told_of(Taken(data, return_path, recipient, meant, at), self._own, self._account) if meant else None
            log.info("mail", extra={"event_id": event.id if event else None, "at_address": meant and meant.name})
            found += [event] if event else []
        return found

    @property
    def _account(self) -> str:
        return self._publisher.account


class Counted:
    """Lines open now, of `most` at most."""

    def __init__(self, most: int) -> None:
        self.most, self.open = most, 0


def server(door: Door, *, lmtp: bool, max_bytes: int, lines: Counted, **given: Any) -> Callable[[], Any]:
    """Makes the protocol for each line; `given` goes to aiosmtpd."""
    protocol: type[Any] = _Lmtp if lmtp else _Smtp

    def opened() -> Any:
        line = protocol(
            door,
            data_size_limit=max_bytes,
            enable_SMTPUTF8=True,
            ident="loopdesk",
            timeout=60,
            loop=asyncio.get_running_loop(),
            **given,
        )
        line.lines = lines
        return line

    return opened


class _Limited:
    """Turns a line away while there are too many; takes lines of mails longer than RFC 5321's."""

    line_length_limit = 65_536
    lines: Counted
    _counted = False

    def connection_made(self, transport: Any) -> None:
        """A line was opened, or has got TLS."""
        if not self._counted and self.lines.open >= self.lines.most:
            transport.write(TOO_MANY_LINES)
            transport.close()
            return
        if not self._counted:
            self.lines.open += 1
            self._counted = True
        super().connection_made(transport)  # type: ignore[misc]

    def connection_lost(self, error: Exception | None) -> None:
        """A line was closed."""
        if self._counted:
            self._counted = False
            self.lines.open -= 1
            super().connection_lost(error)  # type: ignore[misc]

    def eof_received(self) -> bool | None:
        """The other side has no more to say."""
        return super().eof_received() if self._counted else None  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """What comes on a line that was turned away is not heard."""
        if self._counted:
            super().data_received(data)  # type: ignore[misc]


class _Smtp(_Limited, SMTP):
    pass


class _Lmtp(_Limited, LMTP):
    pass
