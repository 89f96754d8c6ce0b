"""A gateway with HTTP as a transport, as a mapping declares it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from services.notify.consumers.delivery import insist
from services.notify.consumers.halt import Halt, Stopped
from services.notify.consumers.message import FAILED, SENT, UNKNOWN, Down, Message, Outcome, TryLater
from services.notify.consumers.sms.errors import Broken, Throttled
from services.notify.consumers.sms.http_asking import FATES, Asking, ours
from services.notify.consumers.sms.http_line import Line
from services.notify.consumers.sms.mapping import Answer, Gateway
from services.notify.consumers.sms.pace import Pace
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.sms.wording import Wording
from services.notify.consumers.tidings import Tiding
from services.notify.domain import segments
from shared.clock import Clock

#: Throttling answers to one message, after which it is put off and the next one tried.
TRIES = 3
#: Seconds, at least, after which a claim is taken to be nobody's any more, so that its absence means something.
ABANDONED_AFTER = 60.0
#: Seconds between questions right after an answer failed to come.
SOON = (0.5, 2.0, 5.0)
DOUBT = "the consumer ended between sending and recording; the gateway cannot be asked"


class HttpGateway:
    """A second copy would be a second SMS, unless the gateway drops it. One that knows our ids is asked before a fate
    is called unknown.
    """

    def __init__(self, gateway: Gateway, wording: Wording, trail: Trail, clock: Clock, halt: Halt) -> None:
        self.window = gateway.window
        self.idempotent = gateway.drops_copies
        self._gateway = gateway
        self._wording = wording
        self._trail = trail
        self._clock = clock
        self._halt = halt
        self._line = Line(gateway.timeout)
        self._pace = Pace()
        self._asking = Asking(gateway, self._line, trail)

    def check(self) -> None:
        """`Down` unless somebody listens where messages go."""
        self._line.reach(self._gateway.send)

    def close(self) -> None:
        """Nothing stays open."""

    def send(self, message: Message) -> Outcome:
        """As the mapping reads the answer. Raises `TryLater` and `Down`; then nothing has left."""
        text = self._wording.of(message)
        encoding, _, parts = segments.count(text)
        if parts > self._gateway.most_parts:
            return Outcome(FAILED, f"too long: {parts} SMS, {self._gateway.most_parts} at most")
        values = {
            **_named(message),
            "text": text,
            "language": message.language,
            "kind": message.kind,
            "encoding": encoding,
            "segments": str(parts),
        }
        try:
            return self._sent(message, self._throttled(values), parts)
        except Broken as error:
            if self.idempotent:
                raise Down(str(error)) from error  # it may have left: once more does no harm
            return self._in_doubt(message, str(error))

    def resolve(self, message: Message, since: datetime | None) -> Outcome | None:
        """What became of a message whose process ended; None where the gateway has never had it."""
        if not self._gateway.asked_by_our_id:
            self._trail.count("doubts")
            return Outcome(UNKNOWN, DOUBT)
        patience = timedelta(seconds=max(ABANDONED_AFTER, 2 * self._gateway.timeout))
        if since is not None and self._clock.now() - since < patience:
            raise TryLater("another process may be at it")
        try:
            verdict, outcome = self._asking.about(message.message_id, _named(message))
        except Broken as error:
            raise TryLater(str(error)) from error
        if verdict is None:
            raise TryLater("the gateway does not say whether it has the message")
        return outcome

    def _throttled(self, values: dict[str, str]) -> Answer:
        """The answer that is none about the pace."""
        for _ in range(TRIES):
            now = time.monotonic()
            try:
                self._halt.rest(self._pace.turn(now) - now)
            except Stopped:
                raise TryLater("the process ends") from None
            answer = self._line.ask(self._gateway.send, values)
            if self._gateway.send.verdict(answer) != "throttled":
                self._pace.taken()
                return answer
            self._pace.throttled(time.monotonic())
        raise Throttled(f"throttled {TRIES} times")

    def _sent(self, message: Message, answer: Answer, parts: int) -> Outcome:
        call = self._gateway.send
        verdict, detail = call.verdict(answer), call.named(answer, call.detail_at)
        said = " ".join(filter(None, (str(answer.status), detail)))
        if verdict == "temporary":
            raise TryLater(said)
        if verdict == "permanent":
            return Outcome(FAILED, said)
        if verdict != "accepted":
            raise Broken(f"an answer that was not declared: {answer.status}")
        gateway_id = call.named(answer, call.id_at)
        self._follow(message, gateway_id or ours(message.message_id))
        return Outcome(SENT, said, gateway_id, parts)

    def _follow(self, message: Message, gateway_id: str) -> None:
        after = timedelta(seconds=self._gateway.query_after) if self._gateway.query else None
        if after:
            insist(lambda: self._trail.taken(gateway_id, message.message_id, 1, 1, after), self._halt.hold_out)

    def _in_doubt(self, message: Message, why: str) -> Outcome:
        """Ask at once, and again later; that the gateway has not got it yet proves nothing so soon."""
        outcome = self._asked_soon(message) if self._gateway.query else None
        if outcome is not None:
            return outcome
        insist(lambda: self._trail.count("unanswered"), self._halt.hold_out)
        if self._gateway.query and self._gateway.query_after:
            after = timedelta(seconds=self._gateway.query_after)
            name = ours(message.message_id)
            insist(lambda: self._trail.to_be_asked(name, message.message_id, after), self._halt.hold_out)
        return Outcome(UNKNOWN, why)

    def _asked_soon(self, message: Message) -> Outcome | None:
        for seconds in SOON:
            self._halt.hold_out(seconds)
            try:
                verdict, outcome = self._asking.about(message.message_id, _named(message))
            except (Broken, TryLater, OSError):
                continue
            if verdict in FATES:
                return outcome
        return None

    # what it tells

    def on_news(self, wake: Callable[[], None]) -> None:
        """Call `wake`, in any thread, when there is something to tell."""
        self._asking.wake = wake

    def tidings(self) -> Iterable[Tiding]:
        """What was learned by asking since."""
        return self._asking.tidings()

    def known(self, message_id: str) -> Outcome | None:
        """Nothing comes before it is asked for."""
        return None


def _named(message: Message) -> dict[str, str]:
    return {"message_id": message.message_id, "to": message.to, "to_digits": message.to.removeprefix("+")}
