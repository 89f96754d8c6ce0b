"""The consumer process: takes messages off one channel's queues, has each sent once, and reports what became of it.

It outlives the broker, the database and whatever sends; only SIGTERM or SIGINT ends it. Messages are sent in threads,
as many at once as the transport allows; broker and receipts are this thread's.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from typing import Any

from services.notify.consumers.broker import BROKEN, Broker
from services.notify.consumers.circuit import Circuit, Watched
from services.notify.consumers.delivery import LONGEST_WAIT, SHORTEST_WAIT, PutOff, Sender, Transport
from services.notify.consumers.flights import Flight, Flights
from services.notify.consumers.halt import LAST_GRACE, Halt, Stopped
from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.message import FAILED, SENT, Down, Outcome, Unreadable, read, receipt
from services.notify.consumers.pace import Pace, domain_of
from services.notify.consumers.store import Claims, StoreDown
from services.notify.consumers.tidings import Fate, Silent, Telling, Tiding
from shared.clock import Clock

log = logging.getLogger("loopdesk.consumer")

FIRST_DELAY, LONGEST_DELAY = 5.0, 300.0  # seconds, doubling: until a message that was put off is tried again
#: Seconds that an unacknowledged message is held; RabbitMQ closes the channel after 1,800.
LONGEST_HOLD = 900.0


class Consumer:
    """One channel's consumer; `run` returns when it was told to stop."""

    def __init__(
        self,
        channel: str,
        amqp_uri: str,
        claims: Claims,
        transport: Transport,
        clock: Clock,
        halt: Halt | None = None,
    ) -> None:
        self._channel = channel
        self._pace: Pace = getattr(transport, "pace", None) or Pace()
        self._inbox = Inbox(self._pace.wait)
        self._broker = Broker(amqp_uri, channel, self._inbox)
        self._claims = claims
        self._transport = transport
        self._clock = clock
        self._halt = halt or Halt()
        self._circuit = Circuit(channel)
        self._window: int = getattr(transport, "window", 1)
        self._telling: Telling = transport if isinstance(transport, Telling) else Silent()
        sender = Sender(claims, Watched(transport, self._circuit), clock, self._halt.hold_out)
        self._flights = Flights(sender.once, self._window, self._broker.wake)
        self._telling.on_news(self._broker.wake)
        self._owed: dict[tuple[str, str], Outcome] = {}  # receipts that the broker has not confirmed
        self._untold: deque[Tiding] = deque()
        self._trouble: Exception | None = None
        self._wait = SHORTEST_WAIT

    def stop(self) -> None:
        """End after the messages in hand."""
        self._halt.stop()

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
            self._halt.stop()  # whatever ended this thread, the others end, too
            self._broker.close()
            self._flights.close(LAST_GRACE)
            self._transport.close()
            self._claims.close()

    def _serve(self) -> None:
        self._flights.void()
        self._broker.connect()
        for (message_id, _), outcome in list(self._owed.items()):
            self._report(message_id, outcome)
        if isinstance(self._transport, Telling) and not self._able():  # what it tells is heard before anything is sent
            self._trouble = Down("the gateway cannot be reached")
        self._broker.consume()
        log.info("ready", extra={"channel": self._channel, "account": self._broker.account})
        while True:
            self._end_or_go_on()
            self._land()
            self._tell()
            if self._trouble is not None:
                self._outlast(self._trouble)
            self._make_room()
            self._broker.listen(0 if self._launch() else self._rest())

    def _end_or_go_on(self) -> None:
        """When the process is to end, what is on its way is awaited and reported first."""
        try:
            self._halt.go_on()
        except Stopped:
            self._await_flights()
            raise

    # trouble

    def _outlast(self, trouble: Exception) -> None:
        """Take nothing until it could be sent again; then the circuit lets one message through."""
        log.warning("cannot send now", extra={"reason": str(trouble), "again_in": self._wait})
        self._broker.give_back()
        self._await_flights()
        self._pause()
        while not self._able():
            self._pause()
        log.info("can send again", extra={"channel": self._channel})
        self._trouble = None
        self._circuit.probe()
        self._broker.consume()

    def _able(self) -> bool:
        try:
            self._claims.check()
            self._transport.check()
        except (Down, StoreDown):
            return False
        return True

    def _await_flights(self) -> None:
        while len(self._flights):
            self._halt.hold_on()
            self._land()
            if len(self._flights):
                self._broker.listen(1)

    def _pause(self) -> None:
        """Wait, longer each time, with the broker's heartbeats answered."""
        until, self._wait = time.monotonic() + self._wait, min(self._wait * 2, LONGEST_WAIT)
        while (left := until - time.monotonic()) > 0:
            self._halt.go_on()
            self._broker.idle(left)

    # messages

    def _launch(self) -> bool:
        """Send the next message, if there is one and room for it."""
        if len(self._flights) >= self._circuit.room(self._window):
            return False
        now = time.monotonic()
        delivery = self._inbox.take(now)
        if delivery is None:
            return False
        try:
            message = read(delivery.body)
        except Unreadable as error:
            self._refuse(delivery, error)
            return True
        domain, expired = domain_of(message.to), message.expired(self._clock.now())
        if not expired and self._pace.wait(domain, now) > 0:
            self._inbox.hold(delivery, domain)
        elif not self._flights.join(message.message_id, delivery):
            if not expired:  # what is not sent takes nobody's turn
                self._pace.spend(domain, now)
            self._flights.begin(message, delivery)
        return True

    def _rest(self) -> float:
        """Seconds in which there is nothing to do but listen; what lands wakes the broker's connection."""
        room = len(self._flights) < self._circuit.room(self._window)
        return self._inbox.pause(time.monotonic(), 1.0) if room else 1.0

    def _make_room(self) -> None:
        """What waits in hand is in nobody's way, and is not kept for longer than RabbitMQ allows."""
        for delivery in self._inbox.held_since(time.monotonic() - LONGEST_HOLD):
            self._broker.requeue(delivery)
        self._broker.make_room()

    def _land(self) -> None:
        while (flight := self._flights.landed()) is not None:
            self._settle(flight)

    def _settle(self, flight: Flight) -> None:
        result = flight.result
        if isinstance(result, Outcome):
            try:
                self._told(flight, result)
            except StoreDown as error:
                result = error
        if isinstance(result, PutOff):
            for delivery in flight.deliveries:
                self._put_off(delivery, result)
        elif isinstance(result, Down | StoreDown):
            self._trouble = result
            for delivery in flight.deliveries:
                self._broker.requeue(delivery)
        elif isinstance(result, Exception):
            raise result
        if self._circuit.state == "open":
            self._trouble = self._trouble or Down(self._circuit.reason)

    def _told(self, flight: Flight, outcome: Outcome) -> None:
        self._report(flight.message_id, outcome)
        better = self._telling.known(flight.message_id) if outcome.state == SENT else None
        if better is not None:
            self._report(flight.message_id, better)
        for delivery in flight.deliveries:
            self._broker.acknowledge(delivery)
        if self._circuit.state == "closed":
            self._wait = SHORTEST_WAIT
        said: dict[str, Any] = {"message_id": flight.message_id, "state": outcome.state, "ms": flight.milliseconds}
        log.info("message", extra=said | {"lane": flight.deliveries[0].lane if flight.deliveries else None})

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

    # receipts

    def _tell(self) -> None:
        """What the gateway tells of its own accord; it is answered when the broker has it."""
        try:
            self._untold.extend(self._telling.tidings())
        except (Down, StoreDown) as error:
            self._trouble = error
        while self._untold:
            self._tell_one(self._untold[0])
            self._untold.popleft()

    def _tell_one(self, tiding: Tiding) -> None:
        if isinstance(tiding, Fate):
            self._report(tiding.message_id, tiding.outcome)
            log.info("receipt", extra={"message_id": tiding.message_id, "state": tiding.outcome.state})
        else:
            self._broker.publish(tiding.event(self._broker.account))
        tiding.done()

    def _report(self, message_id: str, outcome: Outcome) -> None:
        """The receipt is owed until the broker has confirmed it."""
        owed = (message_id, outcome.state)
        self._owed[owed] = outcome
        self._broker.publish(receipt(message_id, self._channel, outcome, self._broker.account, self._clock.now()))
        del self._owed[owed]
