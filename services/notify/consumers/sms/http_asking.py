"""What a gateway with HTTP is asked: what became of messages, and which SMS came in."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Any

from services.notify.consumers.message import DELIVERED, FAILED, SENT, Down, Outcome
from services.notify.consumers.sms.errors import Broken
from services.notify.consumers.sms.http_line import Line
from services.notify.consumers.sms.inbound import Received, phone, sms_received
from services.notify.consumers.sms.mapping import Gateway, Replies, found, listed
from services.notify.consumers.sms.reports import Report
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.store import StoreDown
from services.notify.consumers.tidings import Came, Fate, Tiding

log = logging.getLogger("loopdesk.consumer")

ASK_EVERY = 10.0  # seconds
ASK_AT_MOST = 20  # messages at a time
#: What a gateway may say of a message that it has.
FATES = {"delivered": DELIVERED, "failed": FAILED, "accepted": SENT}
_OURS = "ours:"


def ours(message_id: str) -> str:
    """How a message is kept that the gateway has given no id."""
    return _OURS + message_id


class Asking:
    """A thread asks, now and then; what it learns waits here to be told. `tidings` is called in one thread only."""

    def __init__(self, gateway: Gateway, line: Line, trail: Trail) -> None:
        self._gateway = gateway
        self._line = line
        self._trail = trail
        self._learned: deque[Tiding] = deque()
        self._thread: Thread | None = None
        self._messages_at = self._replies_at = time.monotonic()
        self.wake: Callable[[], None] = lambda: None

    def about(self, message_id: str, values: Mapping[str, str]) -> tuple[str | None, Outcome | None]:
        """(the mapping's word, what became of it). Raises `Down` and `Broken`."""
        call = self._gateway.query
        if call is None:
            raise Broken("the mapping says no way to ask")
        answer = self._line.ask(call, values)
        verdict = call.verdict(answer)
        if verdict not in FATES:
            return verdict, None
        detail = call.named(answer, call.detail_at)
        return verdict, Outcome(FATES[verdict], detail, call.named(answer, call.id_at))

    def tidings(self) -> Iterator[Tiding]:
        """What was learned since; asks again where it is time."""
        if self._thread is None or not self._thread.is_alive():
            self._begin(time.monotonic())
        while self._learned:
            yield self._learned.popleft()

    def _begin(self, now: float) -> None:
        jobs: list[Callable[[], None]] = []
        replies = self._gateway.replies
        if self._gateway.query and self._gateway.query_after and now - self._messages_at >= ASK_EVERY:
            self._messages_at = now
            jobs.append(self._ask_after_messages)
        if replies and now - self._replies_at >= replies.every:
            self._replies_at = now
            jobs.append(partial(self._fetch, replies))
        if jobs:
            self._thread = Thread(target=self._do, args=(jobs,), name="asking", daemon=True)
            self._thread.start()

    def _do(self, jobs: list[Callable[[], None]]) -> None:
        for job in jobs:
            try:
                job()
            except (Down, Broken, StoreDown) as error:
                log.info("cannot ask now", extra={"reason": str(error)})
        if self._learned:
            self.wake()

    def _ask_after_messages(self) -> None:
        again = timedelta(seconds=self._gateway.query_after)
        for name, message_id, taken in self._trail.to_ask(ASK_AT_MOST, again):
            gateway_id = "" if name.startswith(_OURS) else name
            verdict, outcome = self.about(message_id, {"message_id": message_id, "gateway_id": gateway_id})
            log.info("asked after a message", extra={"message_id": message_id, "said": verdict})
            if outcome is None or (taken and outcome.state == SENT):
                continue
            self._learned.append(Fate(message_id, outcome, partial(self._told, name, outcome)))

    def _told(self, name: str, outcome: Outcome) -> None:
        """The broker has it: what is over is asked for no more. Before, a crash would have it asked again."""
        try:
            if outcome.state != SENT:
                self._trail.reported(Report(name, outcome.state, outcome.detail or ""))
        except StoreDown as error:  # then it is asked and told again, as the same event
            log.warning("database away", extra={"reason": str(error)})

    def _fetch(self, replies: Replies) -> None:
        answer = self._line.ask(replies.call, {})
        entries = listed(answer.body, replies.list_at)
        if answer.status != 200 or entries is None:
            log.warning("replies that cannot be read", extra={"status": answer.status})
            return
        for entry in entries:
            self._came(entry, replies)

    def _came(self, entry: Any, replies: Replies) -> None:
        said = {name: found(entry, place) for name, place in replies.places.items()}
        if not said["id"] or not said["from"] or said["text"] is None:
            log.warning("a reply that cannot be read")
            return
        region = self._gateway.region
        sms = Received(phone(said["from"], 0, region), said.get("to") or "", said["text"], None, said["id"])
        if not sms.possible:
            log.warning("an SMS with an impossible address", extra={"gateway_id": sms.gateway_id})
            return
        if self._trail.was_told(sms.key):
            return
        at = self._trail.came(sms.key)
        self._learned.append(Came(lambda consumer: sms_received(sms, consumer, at), partial(self._trail.told, sms.key)))
