"""One bound connection to an SMPP gateway: many requests outstanding, answers matched by their numbers.

A thread reads. Whoever asks waits for the answer; what the gateway sends of its own is handed on.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from services.notify.consumers.message import Down
from services.notify.consumers.sms import pdu
from services.notify.consumers.sms.errors import Broken
from services.notify.consumers.sms.pdu import Nonsense, Pdu
from services.notify.consumers.sms.settings import TRANSCEIVER, SmppSettings
from services.notify.consumers.sms.statuses import named

log = logging.getLogger("loopdesk.consumer")

LAST_SEQUENCE = 0x7FFFFFFF
SLICE = 0.5  # seconds after which the reader looks whether it should ask if the gateway is still there


class Session:
    """`heard` gets each deliver_sm, in the reader's thread; it answers by `answer` when it has been taken care of.

    `role`: transceiver, transmitter or receiver.
    """

    def __init__(self, settings: SmppSettings, heard: Callable[[Session, Pdu], None], role: str = TRANSCEIVER) -> None:
        self._settings = settings
        self._role = role
        self._heard = heard
        self._lock = Lock()
        self._waiting: dict[int, Future[Pdu]] = {}
        self._sequence = 0
        self._broken = ""
        self._last_heard = time.monotonic()
        self._enquired = False
        try:
            self._socket = self._connect()
        except (OSError, ValueError) as error:
            raise Down(f"no connection to the gateway: {type(error).__name__}") from error
        Thread(target=self._read, name="smpp", daemon=True).start()
        self._bind()

    @property
    def alive(self) -> bool:
        """Whether requests can be sent."""
        return not self._broken

    def ask(self, command: str, **fields: Any) -> Pdu:
        """The gateway's answer. `Down`: the request has not left. `Broken`: it may have."""
        answer: Future[Pdu] = Future()
        self._write(command, answer, **fields)
        try:
            return answer.result(self._settings.timeout)
        except NoAnswer:
            self.end("no answer in time")
            raise Broken("the gateway did not answer in time") from None

    def answer(self, request: Pdu, status: int = 0) -> None:
        """Answer a request of the gateway's; where it has gone, it will ask again."""
        try:
            self._send(pdu.written(f"{request.command}_resp", request.sequence, status))
        except OSError as error:
            self.end(type(error).__name__)

    def close(self) -> None:
        """Take leave."""
        if self.alive:
            try:
                self._send(pdu.written("unbind", self._next()))
            except OSError as error:
                log.info("gateway gone already", extra={"reason": type(error).__name__})
            self.end("unbound")

    def end(self, reason: str) -> None:
        """Nothing goes any more; whoever waits for an answer gets none."""
        with self._lock:
            if self._broken:
                return
            self._broken = reason
            waiting, self._waiting = list(self._waiting.values()), {}
        log.info("session ended", extra={"reason": reason, "unanswered": len(waiting)})
        with suppress(OSError):  # at once, also while the reader waits for the socket
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for answer in waiting:
            if not answer.done():
                answer.set_exception(Broken(f"the gateway went away before its answer: {reason}"))

    def _connect(self) -> socket.socket:
        to = self._settings
        line = socket.create_connection((to.host, to.port), timeout=to.timeout)
        try:
            if to.tls:
                trusted = ssl.create_default_context(cafile=to.ca_file or None)
                line = trusted.wrap_socket(line, server_hostname=to.host)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.settimeout(SLICE)
        except BaseException:
            line.close()
            raise
        return line

    def _bind(self) -> None:
        us = self._settings
        try:
            said = self.ask(
                f"bind_{self._role}", system_id=us.system_id, password=us.password, system_type=us.system_type
            )
        except Broken as error:
            raise Down(f"the gateway does not answer to a bind: {error}") from error
        if said.status:
            self.end("bind refused")
            raise Down(f"the gateway refuses the bind: {named(said.status)}")
        log.info("bound", extra={"gateway": us.name, "role": self._role})

    # writing

    def _write(self, command: str, answer: Future[Pdu], **fields: Any) -> None:
        sequence = self._next()
        octets = pdu.written(command, sequence, **fields)
        with self._lock:
            if self._broken:
                raise Down(f"no session with the gateway: {self._broken}")
            self._waiting[sequence] = answer
        try:
            self._send(octets)
        except OSError as error:  # the gateway has not the whole packet: that is no request
            with self._lock:
                self._waiting.pop(sequence, None)
            self.end(type(error).__name__)
            raise Down(f"the gateway cannot be written to: {type(error).__name__}") from error

    def _send(self, octets: bytes) -> None:
        deadline = time.monotonic() + self._settings.timeout
        with self._lock:
            while octets:
                try:
                    octets = octets[self._socket.send(octets) :]
                except TimeoutError:
                    if time.monotonic() > deadline:
                        raise

    def _next(self) -> int:
        with self._lock:
            self._sequence = 1 if self._sequence >= LAST_SEQUENCE else self._sequence + 1
            return self._sequence

    # reading

    def _read(self) -> None:
        octets = b""
        try:
            while self.alive:
                more = self._received()
                if more is None:
                    self._enquire()
                    continue
                if not more:
                    self.end("the gateway hung up")
                    return
                self._last_heard, self._enquired = time.monotonic(), False
                octets = self._packets(octets + more)
        except Nonsense as error:
            self.end(str(error))
        except (OSError, ValueError) as error:  # a socket that was closed meanwhile has no number to wait for
            self.end(type(error).__name__)

    def _received(self) -> bytes | None:
        """What has come; None after a while without anything. TLS has no reading beside writing: hence the lock."""
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        if not pending and not select.select([self._socket], [], [], SLICE)[0]:
            return None
        try:
            with self._lock:
                return self._socket.recv(65536)
        except TimeoutError:
            return None

    def _packets(self, octets: bytes) -> bytes:
        """Handle the whole packets; gives what is left of the last one."""
        while len(octets) >= 4 and len(octets) >= (length := pdu.length_of(octets)):
            self._take(pdu.read(octets[:length]))
            octets = octets[length:]
        return octets

    def _take(self, packet: Pdu) -> None:
        if packet.command.endswith("_resp") or packet.command == "generic_nack":
            with self._lock:
                answer = self._waiting.pop(packet.sequence, None)
            if answer is not None:
                answer.set_result(packet)
            elif packet.command not in ("enquire_link_resp", "unbind_resp"):
                log.warning("an answer to nothing that was asked", extra={"command": packet.command})
        elif packet.command == "deliver_sm":
            self._heard(self, packet)
        elif packet.command == "enquire_link":
            self.answer(packet)
        elif packet.command == "unbind":
            self.answer(packet)
            self.end("the gateway has unbound")
        elif packet.command != "alert_notification":
            self._send(pdu.written("generic_nack", packet.sequence, 0x03))

    def _enquire(self) -> None:
        """Ask a silent gateway whether it is there; one that says nothing to that is not."""
        silent = time.monotonic() - self._last_heard
        if silent > self._settings.enquire + self._settings.timeout:
            raise Nonsense("silence, even to enquire_link")
        if silent > self._settings.enquire and not self._enquired:
            self._enquired = True
            self._send(pdu.written("enquire_link", self._next()))
