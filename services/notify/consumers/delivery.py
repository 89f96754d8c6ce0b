"""One message: claim -> send -> record what became of it. Never twice, whatever ends in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from services.notify.consumers.message import EXPIRED, UNKNOWN, Down, Message, Outcome, TryLater
from services.notify.consumers.store import Claims, StoreDown
from shared.clock import Clock

log = logging.getLogger("loopdesk.consumer")
T = TypeVar("T")

SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds, doubling: until what is away is asked again


class PutOff(Exception):
    """The message was refused for now, `refusals` times by now; nothing of it has left."""

    def __init__(self, refusals: int) -> None:
        super().__init__(f"refused for now, {refusals} times")
        self.refusals = refusals


class Transport(Protocol):
    """What sends. `idempotent`: sending the same message again is known to be harmless."""

    idempotent: bool

    def send(self, message: Message) -> Outcome:
        """Send, or raise `TryLater` or `Down` if nothing has left."""

    def check(self) -> None:
        """`Down` unless it could send now."""

    def close(self) -> None:
        """Hang up."""


class Sender:
    """`wait(seconds)` lets time pass; it raises when the process has no time left."""

    def __init__(self, claims: Claims, transport: Transport, clock: Clock, wait: Callable[[float], None]) -> None:
        self._claims = claims
        self._transport = transport
        self._clock = clock
        self._wait = wait

    def once(self, message: Message) -> Outcome:
        """What became of the message: sent now, or what is known of an earlier time.

        Raises `PutOff` (this message must wait), `Down` or `StoreDown` (all must); then nothing has left.
        """
        claim = self._claims.claim(message.message_id)
        if claim.outcome is not None:
            return claim.outcome
        outcome = self._outcome(message, claim.in_doubt)
        return self._insist(lambda: self._claims.settle(message.message_id, outcome))

    def _outcome(self, message: Message, in_doubt: bool) -> Outcome:
        if in_doubt and not self._transport.idempotent:
            return Outcome(UNKNOWN, "a consumer ended between sending and recording")
        if not in_doubt and message.expires_at is not None and message.expires_at <= self._clock.now():
            return Outcome(EXPIRED)
        try:
            return self._transport.send(message)
        except TryLater as error:
            raise PutOff(self._release(message)) from error
        except Down:
            self._release(message)
            raise

    def _release(self, message: Message) -> int:
        return self._insist(lambda: self._claims.release(message.message_id))

    def _insist(self, record: Callable[[], T]) -> T:
        """What has happened is recorded before anything else does, however long the database is away."""
        wait = SHORTEST_WAIT
        while True:
            try:
                return record()
            except StoreDown as error:
                log.warning("database away, outcome not recorded yet", extra={"reason": str(error), "again_in": wait})
                self._wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)
