"""A gateway with HTTP as a transport, as a mapping declares it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from services.notify.consumers.delivery import insist
from services.notify.consumers.halt import Halt, Stopped
from services.notify.consumers.message import FAILED, SENT, UNKNOWN, Down, Message, Outcome, TryLater, Unanswered
from services.notify.consumers.sms.errors import Broken, Throttled
from services.notify.consumers.sms.http_asking import FATES, Asking, ours
from services.notify.consumers.sms.http_line import Line
from services.notify.consumers.sms.mapping import Answer, Gateway
from services.notify.consumers.sms.pace import Pace
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.sms.wording import Wording
from services.notify.consumers.store import ABANDONED_AFTER, Claim
from services.notify.consumers.tidings import Tiding
from services.notify.domain import segments
from shared.clock import Clock

log = logging.getLogger("loopdesk.consumer")

#: Throttling answers to one message, after which it is put off and the next one tried.
TRIES = 3
#: So long a claim in doubt is asked for where the gateway does not say whether it has the message.
LONGEST_DOUBT = timedelta(minutes=10)
#: Seconds between questions right after an answer failed to come.
SOON = (0.5, 2.0, 5.0)
SAYS_NOTHING = "the gateway does not say whether it has the message"


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
        self._later = timedelta(seconds=gateway.query_after)

    def check(self) -> None:
        """`Down` unless somebody listens where messages go."""
        self._line.reach(self._gateway.send)

    def close(self) -> None:
        """Nothing stays open."""

    def send(self, message: Message) -> Outcome:
        """As the mapping reads the answer. Raises `TryLater` and `Down`; then nothing has left. `Unanswered`: it may
        have, and once more does no harm."""
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
            return self._sent(message, self._throttled(message, values), parts)
        except Broken as error:
            if self.idempotent:
                raise Unanswered(str(error)) from error
            return self._in_doubt(message, str(error))

    def resolve(self, message: Message, claim: Claim) -> Outcome | None:
        """What became of a message in doubt; None where the gateway has never had it. Raises `TryLater` and `Down` for
        as long as that may still be learned."""
        if not self._gateway.asked_by_our_id:
            return self._given_up(message, f"{claim.why}; the gateway cannot be asked")
        age = claim.age(self._clock.now())
        if age < max(ABANDONED_AFTER, timedelta(seconds=2 * self._gateway.timeout)):
            raise TryLater("another process may be at it")
        self.check()
        verdict, outcome = self._asked(message)
        if verdict is not None:
            return outcome
        if age < LONGEST_DOUBT:
            raise TryLater(SAYS_NOTHING)
        return self._given_up(message, f"{claim.why}; {SAYS_NOTHING}")

    def _given_up(self, message: Message, why: str) -> Outcome:
        self._trail.count("doubts")
        if self._gateway.query and self._gateway.query_after:
            self._trail.to_be_asked(ours(message.message_id), message.message_id, self._later)
        return Outcome(UNKNOWN, why)

    def _throttled(self, message: Message, values: dict[str, str]) -> Answer:
        """The answer that is none about the pace."""
        for _ in range(TRIES):
            now = time.monotonic()
            try:
                self._halt.rest(self._pace.turn(now) - now)
            except Stopped:
                raise TryLater("the process ends") from None
            if message.expired(self._clock.now()):
                raise TryLater("it has expired while it waited for its turn")
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
        if self._gateway.query and self._gateway.query_after:
            insist(lambda: self._trail.taken(gateway_id, message.message_id, 1, 1, self._later), self._halt.hold_out)

    def _in_doubt(self, message: Message, why: str) -> Outcome:
        """Ask at once, and again later; that the gateway has not got it yet proves nothing so soon."""
        outcome = self._asked_soon(message) if self._gateway.query else None
        if outcome is not None:
            return outcome
        insist(lambda: self._trail.count("unanswered"), self._halt.hold_out)
        if self._gateway.query and self._gateway.query_after:
            name = ours(message.message_id)
            insist(lambda: self._trail.to_be_asked(name, message.message_id, self._later), self._halt.hold_out)
        return Outcome(UNKNOWN, why)

    def _asked_soon(self, message: Message) -> Outcome | None:
        for seconds in SOON:
            self._halt.hold_out(seconds)
            verdict, outcome = self._asked(message)
            if verdict in FATES:
                return outcome
        return None

    def _asked(self, message: Message) -> tuple[str | None, Outcome | None]:
        """As `Asking.about`; no answer is no verdict. That nobody can be asked says nothing of what has left."""
        try:
            return self._asking.about(message.message_id, _named(message))
        except (Broken, Down) as error:
            log.info("cannot ask now", extra={"message_id": message.message_id, "reason": str(error)})
            return None, None

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
