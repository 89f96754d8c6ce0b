"""The SMPP gateway as a transport: each message once, its parts in order, and what the gateway says of them later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any

from services.notify.consumers.delivery import insist
from services.notify.consumers.halt import Halt, Stopped
from services.notify.consumers.message import FAILED, SENT, UNKNOWN, Down, Message, Outcome, TryLater
from services.notify.consumers.sms import statuses
from services.notify.consumers.sms.errors import Broken, Refused, Throttled
from services.notify.consumers.sms.listening import Listener
from services.notify.consumers.sms.pace import Pace
from services.notify.consumers.sms.pieces import Piece, pieces
from services.notify.consumers.sms.reports import mark, reference
from services.notify.consumers.sms.session import Session
from services.notify.consumers.sms.settings import SmppSettings
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.sms.wording import Wording
from services.notify.consumers.store import Claim
from services.notify.consumers.tidings import Tiding
from services.notify.domain import segments
from shared.clock import Clock

#: Throttling answers to one message, after which it is put off and the next one tried.
TRIES = 3
#: Seconds for the further parts of a message of which one has left: nothing of it can be given back any more.
PATIENCE = 60.0
#: TON and NPI of an E.164 number.
_INTERNATIONAL, _ISDN = 1, 1
_UNTIL = "%y%m%d%H%M%S000+"  # absolute, UTC (SMPP 3.4, 7.1.1.1)
OVER = "it has expired while it waited for its turn"
CANNOT_ASK = "the gateway cannot be asked"


@dataclass(frozen=True)
class Part:
    """One SMS of a message; `number` from 1."""

    message: Message
    number: int
    piece: Piece


class SmppGateway:
    """SMPP has no id of ours: a second copy would be a second SMS. `window` messages at once, each in a thread."""

    idempotent = False

    def __init__(self, settings: SmppSettings, wording: Wording, trail: Trail, halt: Halt, clock: Clock) -> None:
        self.window = settings.window
        self._settings = settings
        self._wording = wording
        self._trail = trail
        self._halt = halt
        self._clock = clock
        self._pace = Pace(settings.rate)
        self._lock = Lock()
        self._sessions: dict[str, Session] = {}  # by role
        self._reference = int(time.monotonic() * 1000)
        self._listener = Listener(settings, trail)
        self._flown: set[str] = set()  # messages sent by this process, of which it has not said so yet
        self._early: set[str] = set()  # those of them whose receipt overtook the answer

    def check(self) -> None:
        """`Down` unless the gateway is bound and answers."""
        try:
            self._bound().ask("enquire_link")
        except Broken as error:
            raise Down(str(error)) from error

    def close(self) -> None:
        """Unbind."""
        with self._lock:
            for session in self._sessions.values():
                session.close()

    def send(self, message: Message) -> Outcome:
        """`sent` once the gateway has taken every part. Raises `TryLater` and `Down`; then nothing has left."""
        to = _digits(message)
        if not (to.isascii() and to.isdigit() and len(to) <= 20):
            return Outcome(FAILED, "not a phone number")
        text, most = self._wording.of(message), self._settings.most_parts
        number = segments.count(text)[2]
        if number > most:
            return Outcome(FAILED, f"too long: {number} SMS, {most} at most")
        parts = pieces(text, self._next_reference())
        return self._send_all([Part(message, number, piece) for number, piece in enumerate(parts, 1)])

    def resolve(self, message: Message, claim: Claim) -> Outcome:
        """What became of a message that was claimed by a process which ended: the trail may know it."""
        self._doubt(message)
        fate = self._trail.fate(message.message_id)
        if fate is not None:
            return fate
        self._trail.count("doubts")
        known = self._trail.parts_known(message.message_id)
        left = f"; {known} of its SMS are known to have left" if known else ""
        return Outcome(UNKNOWN, f"{claim.why}; {CANNOT_ASK}{left}")

    def _doubt(self, message: Message) -> None:
        """A receipt that gives our reference back can still say that it has left."""
        parts = range(1, 1 + len(pieces(self._wording.of(message), 0)))
        self._trail.in_doubt([mark(_digits(message), message.message_id, part) for part in parts], message.message_id)

    def _send_all(self, parts: list[Part]) -> Outcome:
        first = None
        for part in parts:
            try:
                gateway_id = self._send_one(part)
            except Refused as error:
                return Outcome(FAILED, _of(part, parts, str(error)), first)
            except Broken as error:
                insist(lambda: self._trail.count("unanswered"), self._halt.hold_out)
                insist(partial(self._doubt, part.message), self._halt.hold_out)
                return Outcome(UNKNOWN, _of(part, parts, str(error)), first)
            first = first or gateway_id
            if gateway_id:
                self._record(gateway_id, part, len(parts))
        self._flown.add(parts[0].message.message_id)
        return Outcome(SENT, None, first, len(parts))

    def _send_one(self, part: Part) -> str | None:
        """The gateway's id for the part. Once another part has left, nothing can be given back any more."""
        begun, give_up, tries = part.number > 1, time.monotonic() + PATIENCE, 0
        while not (begun and time.monotonic() > give_up):
            self._wait_for_turn(begun)
            if not begun and part.message.expired(self._clock.now()):
                raise TryLater(OVER)
            try:
                return self._submit(part)
            except Throttled:
                tries += 1
                self._pace.throttled(time.monotonic())
                if not begun and tries >= TRIES:
                    raise
            except (TryLater, Down):
                if not begun:
                    raise
                self._halt.hold_out(1.0)
        raise Refused("the gateway took no more of it")

    def _wait_for_turn(self, begun: bool) -> None:
        now = time.monotonic()
        wait = self._pace.turn(now) - now
        if begun:
            self._halt.hold_out(wait)
            return
        try:
            self._halt.rest(wait)
        except Stopped:
            raise TryLater("the process ends") from None

    def _submit(self, part: Part) -> str | None:
        session = self._bound()
        answer = session.ask("submit_sm", **self._fields(part))
        if answer.command == "generic_nack":
            raise TryLater(f"the gateway did not understand it: {statuses.named(answer.status)}")
        if answer.command != "submit_sm_resp":
            session.end("a wrong answer")
            raise Broken(f"the gateway answered with {answer.command}")
        if answer.status == statuses.OK:
            self._pace.taken()
            return answer.text("message_id") or None
        raise self._refusal(session, answer.status)

    def _refusal(self, session: Session, status: int) -> Exception:
        said = statuses.named(status)
        if status in statuses.THROTTLED:
            return Throttled(said)
        if status in statuses.NOT_BOUND:
            session.end(said)
            return Down(f"the session is of no use: {said}")
        if status in statuses.TEMPORARY or status in self._settings.temporary:
            return TryLater(said)
        return Refused(said)

    def _fields(self, part: Part) -> dict[str, Any]:
        us, message, piece = self._settings, part.message, part.piece
        until = message.expires_at.strftime(_UNTIL) if us.validity and message.expires_at else ""
        return {
            "source_addr": us.source,
            "source_addr_ton": us.source_ton,
            "source_addr_npi": us.source_npi,
            "destination_addr": _digits(message),
            "dest_addr_ton": _INTERNATIONAL,
            "dest_addr_npi": _ISDN,
            "esm_class": piece.esm_class,
            "validity_period": until,
            "registered_delivery": 1,
            "data_coding": piece.data_coding,
            "short_message": piece.octets,
            "user_message_reference": reference(message.message_id, part.number),
        }

    def _record(self, gateway_id: str, part: Part, parts: int) -> None:
        """It has left: its receipts are to find it, however long the database is away."""
        after = timedelta(seconds=self._settings.query_after) if self._settings.query_after else None
        message_id, number = part.message.message_id, part.number
        if insist(lambda: self._trail.taken(gateway_id, message_id, number, parts, after), self._halt.hold_out):
            self._early.add(message_id)

    def _next_reference(self) -> int:
        with self._lock:
            self._reference += 1
            return self._reference

    def _bound(self) -> Session:
        """The session that sends, once all that are needed are there, new ones where they have ended. Raises `Down`."""
        with self._lock:
            for role in self._settings.roles:
                if not self._alive(role):
                    self._sessions[role] = Session(self._settings, self._listener.hear_packet, role)
            return self._sessions[self._settings.roles[0]]

    def _alive(self, role: str) -> bool:
        return role in self._sessions and self._sessions[role].alive

    # what it tells

    def on_news(self, wake: Callable[[], None]) -> None:
        """Call `wake`, in any thread, when there is something to tell."""
        self._listener.wake = wake

    def tidings(self) -> Iterator[Tiding]:
        """What the gateway has told since. Raises `StoreDown`; then it is told the next time.

        `Down` without a session: phones and receipts must not wait until there is something to send.
        """
        if not all(self._alive(role) for role in self._settings.roles):
            raise Down("no session with the gateway")
        self._listener.ask(self._sessions[self._settings.roles[0]])
        return self._listener.tidings()

    def known(self, message_id: str) -> Outcome | None:
        """What the gateway told of a message before it was known whose it was, perhaps to a process that ended."""
        if message_id in self._flown and message_id not in self._early:
            self._flown.discard(message_id)
            return None
        fate = self._trail.fate(message_id)
        self._flown.discard(message_id)
        self._early.discard(message_id)
        return fate if fate is not None and fate.state != SENT else None


def _digits(message: Message) -> str:
    return message.to.removeprefix("+")


def _of(part: Part, parts: list[Part], said: str) -> str:
    return said if len(parts) == 1 else f"SMS {part.number} of {len(parts)}: {said}"
