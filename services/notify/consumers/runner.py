"""The consumer process: takes messages off one channel's queues, has each sent once, and reports what became of it.

It outlives the broker, the database and whatever sends; only SIGTERM or SIGINT ends it.
"""

from __future__ import annotations

import logging
import signal
import time

from services.notify.consumers.broker import BROKEN, Broker
from services.notify.consumers.delivery import LONGEST_WAIT, SHORTEST_WAIT, PutOff, Sender, Transport
from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.message import FAILED, Down, Outcome, Unreadable, read, receipt
from services.notify.consumers.store import Claims, StoreDown
from shared.clock import Clock

log = logging.getLogger("loopdesk.consumer")

FIRST_DELAY, LONGEST_DELAY = 5.0, 300.0  # seconds, doubling: until a message that was put off is tried again
#: Seconds that an unacknowledged message is held; RabbitMQ closes the channel after 1,800.
LONGEST_HOLD = 900.0
LAST_GRACE = 10.0  # seconds after SIGTERM for recording what has been sent


class Stopped(Exception):
    """The process was told to end."""


class Consumer:
    """One channel's consumer; `run` returns when it was told to stop."""

    def __init__(self, channel: str, amqp_uri: str, claims: Claims, transport: Transport, clock: Clock) -> None:
        self._channel = channel
        self._inbox = Inbox()
        self._broker = Broker(amqp_uri, channel, self._inbox)
        self._claims = claims
        self._transport = transport
        self._clock = clock
        self._sender = Sender(claims, transport, clock, self._hold_out)
        self._owed: dict[str, Outcome] = {}  # receipts that the broker has not confirmed
        self._stop_by: float | None = None
        self._wait = SHORTEST_WAIT

    def stop(self) -> None:
        """End after the message in hand."""
        self._stop_by = self._stop_by or time.monotonic() + LAST_GRACE

    def run(self) -> None:
        """Consume until stopped; a lost broker is asked again, less and less often."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        try:
            while True:
                try:
                    self._serve()
                except (*BROKEN, Down) as error:
                    log.warning("broker away", extra={"reason": type(error).__name__, "again_in": self._wait})
                    self._broker.close()
                    self._pause()
        except Stopped:
            log.info("stopped", extra={"channel": self._channel})
        finally:
            self._broker.close()
            self._transport.close()
            self._claims.close()

    def _serve(self) -> None:
        self._broker.connect()
        for message_id, outcome in list(self._owed.items()):
            self._report(message_id, outcome)
        self._broker.consume()
        log.info("ready", extra={"channel": self._channel, "account": self._broker.account})
        while True:
            self._go_on()
            self._broker.listen(0)
            delivery = self._inbox.take(time.monotonic())
            if delivery is None:
                self._broker.listen(1)
                continue
            try:
                self._handle(delivery)
                self._wait = SHORTEST_WAIT
            except (Down, StoreDown) as error:
                self._outlast(error, delivery)

    def _outlast(self, error: Exception, delivery: Delivery) -> None:
        """Take nothing until it could be sent again."""
        log.warning("cannot send now", extra={"reason": str(error), "again_in": self._wait})
        self._broker.give_back(delivery)
        self._pause()
        while not self._able():
            self._pause()
        log.info("can send again", extra={"channel": self._channel})
        self._broker.consume()

    def _able(self) -> bool:
        try:
            self._claims.check()
            self._transport.check()
        except (Down, StoreDown):
            return False
        return True

    # time

    def _go_on(self) -> None:
        if self._stop_by is not None:
            raise Stopped

    def _pause(self) -> None:
        """Wait, longer each time, with the broker's heartbeats answered."""
        until, self._wait = time.monotonic() + self._wait, min(self._wait * 2, LONGEST_WAIT)
        while (left := until - time.monotonic()) > 0:
            self._go_on()
            self._broker.idle(left)

    def _hold_out(self, seconds: float) -> None:
        """Wait even where the process is to end, but not for ever."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._stop_by is not None and time.monotonic() > self._stop_by:
                raise Stopped
            self._broker.idle(left)

    # one message

    def _handle(self, delivery: Delivery) -> None:
        begun = time.monotonic()
        try:
            message = read(delivery.body)
            outcome = self._sender.once(message)
        except Unreadable as error:
            self._refuse(delivery, error)
            return
        except PutOff as error:
            self._put_off(delivery, error)
            return
        self._report(message.message_id, outcome)
        self._broker.acknowledge(delivery)
        milliseconds = round((time.monotonic() - begun) * 1000, 1)
        said = {
            "message_id": message.message_id,
            "lane": delivery.lane,
            "state": outcome.state,
            "ms": milliseconds,
        }
        log.info("message", extra=said)

    def _put_off(self, delivery: Delivery, why: PutOff) -> None:
        delay = min(FIRST_DELAY * 2 ** min(why.refusals - 1, 10), LONGEST_DELAY)
        now = time.monotonic()
        log.info("put off", extra={"message_id": delivery.message_id, "refusals": why.refusals, "again_in": delay})
        if now + delay - delivery.since > LONGEST_HOLD:
            self._broker.requeue(delivery)
        else:
            self._inbox.put_off(delivery, now + delay)

    def _refuse(self, delivery: Delivery, why: Unreadable) -> None:
        """Nobody can send this: say so, if it has an id to say it of; the queue's dead letters keep it."""
        log.error("unreadable message", extra={"message_id": delivery.message_id, "reason": str(why)})
        if delivery.message_id:
            self._report(delivery.message_id, Outcome(FAILED, f"unreadable: {why}"))
        self._broker.reject(delivery)

    def _report(self, message_id: str, outcome: Outcome) -> None:
        """The receipt is owed until the broker has confirmed it."""
        self._owed[message_id] = outcome
        self._broker.publish(receipt(message_id, self._channel, outcome, self._broker.account, self._clock.now()))
        del self._owed[message_id]
