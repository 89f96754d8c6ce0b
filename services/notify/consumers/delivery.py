"""One message: claim -> send -> record what became of it. Never twice, whatever ends in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from traceback import extract_tb
from typing import Protocol, TypeVar

from services.notify.consumers.halt import Stopped
from services.notify.consumers.message import EXPIRED, UNKNOWN, Down, Message, Outcome, TryLater, Unanswered
from services.notify.consumers.store import Claim, Claims, StoreDown
from shared.clock import Clock

log = logging.getLogger("loopdesk.consumer")
T = TypeVar("T")

SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds, doubling: until what is away is asked again
#: So often a message is sent without an answer to where second copies are dropped; then it is only asked after.
MOST_UNANSWERED = 10


class PutOff(Exception):
    """The message was refused for now, `refusals` times by now; nothing of it has left."""

    def __init__(self, refusals: int) -> None:
        super().__init__(f"refused for now, {refusals} times")
        self.refusals = refusals


class Transport(Protocol):
    """What sends. `idempotent`: sending the same message again is known to be harmless.

    It may also have `window` (how many messages `send` takes at once, each in a thread of its own; 1 without it),
    `resolve(message, claim)` (what became of a message in doubt; None: it has certainly not left, send it; raises
    `TryLater` or `Down` where that cannot be said now), and what is in `tidings.Telling`.
    """

    idempotent: bool

    def send(self, message: Message) -> Outcome:
        """Send; raises `TryLater` or `Down` if nothing has left, and `Unanswered` only where it is `idempotent`."""

    def check(self) -> None:
        """`Down` unless it could send now."""

    def close(self) -> None:
        """Hang up."""


def insist(record: Callable[[], T], wait: Callable[[float], None]) -> T:
    """What has happened is recorded before anything else does, however long the database is away."""
    seconds = SHORTEST_WAIT
    while True:
        try:
            return record()
        except StoreDown as error:
            log.warning("database away, outcome not recorded yet", extra={"reason": str(error), "again_in": seconds})
            wait(seconds)
            seconds = min(seconds * 2, LONGEST_WAIT)


def _broken_by(message: Message, error: Exception) -> Outcome:
    """Our own code cannot work on the message: it may have left. Only the place is logged; words may quote a text."""
    place = extract_tb(error.__traceback__)[-1]
    said = {"reason": type(error).__name__, "file": place.filename, "line": place.lineno}
    log.error("a message that cannot be worked on", extra={"message_id": message.message_id, **said})
    return Outcome(UNKNOWN, f"the consumer could not work on it: {type(error).__name__}")


class Sender:
    """`wait(seconds)` lets time pass; it raises when the process has no time left. May be used in several threads, for
    different messages."""

    def __init__(self, claims: Claims, transport: Transport, clock: Clock, wait: Callable[[float], None]) -> None:
        self._claims = claims
        self._transport = transport
        self._clock = clock
        self._wait = wait

    def once(self, message: Message) -> Outcome:
        """What became of the message: sent now, or what is known of an earlier time.

        Raises `PutOff` (this message must wait), `Down` or `StoreDown` (all must); then nothing has left, or the claim
        is in doubt.
        """
        claim = self._claims.claim(message.message_id)
        if claim.outcome is not None:
            return claim.outcome
        try:
            outcome = self._doubted(message, claim) if claim.in_doubt else self._fresh(message)
        except (PutOff, Down, StoreDown, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - one message must not end the process again and again
            outcome = _broken_by(message, error)
        return self._insist(lambda: self._claims.settle(message.message_id, outcome))

    def _fresh(self, message: Message) -> Outcome:
        if message.expired(self._clock.now()):
            return Outcome(EXPIRED)
        try:
            return self._send(message)
        except TryLater as error:
            raise PutOff(self._release(message)) from error
        except Unanswered:
            raise
        except Down:
            self._release(message)
            raise

    def _doubted(self, message: Message, claim: Claim) -> Outcome:
        """A claim in doubt is never given back: it would not be in doubt any more. What may have left is not expired,
        but what is expired is not sent."""
        resolve = getattr(self._transport, "resolve", None)
        now = self._clock.now()
        again = self._transport.idempotent and claim.unanswered < MOST_UNANSWERED and not message.expired(now)
        try:
            if again:
                return self._send(message)
            if resolve is None:
                return Outcome(UNKNOWN, claim.why)
            known: Outcome | None = resolve(message, claim)
        except TryLater as error:
            raise PutOff(1) from error
        if known is not None:
            return known
        if claim.owner is None or not self._claims.take_over(message.message_id, claim.owner):
            raise PutOff(1)
        return self._fresh(message)

    def _send(self, message: Message) -> Outcome:
        try:
            return self._transport.send(message)
        except Unanswered as error:
            why = str(error)
            self._insist(lambda: self._claims.doubt(message.message_id, why))
            raise

    def _release(self, message: Message) -> int:
        return self._insist(lambda: self._claims.release(message.message_id))

    def _insist(self, record: Callable[[], T]) -> T:
        return insist(record, self._wait)
