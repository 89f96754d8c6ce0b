"""The circuit to a gateway: closed while it answers, open while it does not, and half open to try (ADR 70)."""

from __future__ import annotations

import logging
from threading import Lock
from typing import Any

from services.notify.consumers.delivery import Transport
from services.notify.consumers.message import UNKNOWN, Down, Message, Outcome, TryLater

log = logging.getLogger("loopdesk.consumer")

CLOSED, HALF_OPEN, OPEN = "closed", "half_open", "open"


class Circuit:
    """Trouble opens it; `probe` lets one message through, and that one's answer closes or opens it. Safe in threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self.state = CLOSED
        self.reason = ""

    def room(self, window: int) -> int:
        """How many messages may be on their way at once."""
        return {CLOSED: window, HALF_OPEN: 1, OPEN: 0}[self.state]

    def failed(self, reason: str) -> None:
        """The gateway is away, did not answer in time, or answered nonsense."""
        self._move(OPEN, reason)

    def probe(self) -> None:
        """It could be reached again: try one message."""
        if self.state == OPEN:
            self._move(HALF_OPEN, "")

    def answered(self) -> None:
        """The gateway has said what it does with a message. A message that was begun before it opened says nothing."""
        if self.state == HALF_OPEN:
            self._move(CLOSED, "")

    def _move(self, state: str, reason: str) -> None:
        with self._lock:
            changed, self.state, self.reason = self.state != state, state, reason
        if changed:
            level = logging.WARNING if state == OPEN else logging.INFO
            log.log(level, "circuit", extra={"gateway": self._name, "circuit": state, "reason": reason or None})


class Watched:
    """A transport, with its troubles told to a circuit. Everything but `send` is the transport's own."""

    def __init__(self, transport: Transport, circuit: Circuit) -> None:
        self._transport = transport
        self._circuit = circuit
        self.idempotent = transport.idempotent
        self.check, self.close = transport.check, transport.close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self, message: Message) -> Outcome:
        """As the transport does. An unknown fate is the gateway's fault, a refusal is an answer."""
        try:
            outcome = self._transport.send(message)
        except TryLater:
            self._circuit.answered()
            raise
        except Down as error:
            self._circuit.failed(str(error))
            raise
        if outcome.state == UNKNOWN:
            self._circuit.failed(outcome.detail or UNKNOWN)
        else:
            self._circuit.answered()
        return outcome
