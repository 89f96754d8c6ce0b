"""What an SMPP gateway tells: receipts and SMS from phones, and its answers about messages without a receipt.

A deliver_sm is answered only once the broker has what it says: until then the gateway keeps it, and sends it again.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Thread

from services.notify.consumers.message import Down
from services.notify.consumers.sms import ids
from services.notify.consumers.sms.errors import Broken
from services.notify.consumers.sms.inbound import Received, received, report, sms_received
from services.notify.consumers.sms.pdu import Pdu
from services.notify.consumers.sms.reports import Report, is_receipt, of_query
from services.notify.consumers.sms.session import Session
from services.notify.consumers.sms.settings import SmppSettings
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.store import StoreDown
from services.notify.consumers.tidings import Came, Fate, Tiding

log = logging.getLogger("loopdesk.consumer")

ASK_EVERY = 10.0  # seconds
ASK_AT_MOST = 20  # messages at a time

Heard = tuple[Session, Pdu] | Report


class Listener:
    """`hear` may be called in any thread; `tidings` in one only."""

    def __init__(self, settings: SmppSettings, trail: Trail) -> None:
        self._settings = settings
        self._trail = trail
        self._heard: deque[Heard] = deque()
        self._asked_at = time.monotonic()
        self._asking: Thread | None = None
        self.wake: Callable[[], None] = lambda: None

    def hear(self, *heard: Heard) -> None:
        """Something to tell of at the next occasion."""
        self._heard.extend(heard)
        self.wake()

    def hear_packet(self, session: Session, packet: Pdu) -> None:
        """A deliver_sm."""
        self.hear((session, packet))

    def tidings(self) -> Iterator[Tiding]:
        """What there is to tell. Raises `StoreDown`; then it is told the next time."""
        while self._heard:
            told = self._understood(self._heard[0])
            self._heard.popleft()
            if told is not None:
                yield told

    def _understood(self, heard: Heard) -> Tiding | None:
        if isinstance(heard, Report):
            return self._answered(heard)
        session, packet = heard
        done = partial(session.answer, packet)
        if is_receipt(packet.number("esm_class")):
            said = report(packet)
            if said is not None:
                name = ids.of_receipt(said.gateway_id, self._settings.receipt_ids)
                return self._reported(replace(said, gateway_id=name), done)
            log.warning("a receipt that names no message")
            done()
            return None
        sms = received(packet, self._settings.region)
        if not sms.possible:
            log.warning("an SMS with an impossible address")
            done()
            return None
        return self._came(sms, done)

    def _reported(self, said: Report, done: Callable[[], None], *, told: bool = True) -> Tiding | None:
        message_id, fate = self._trail.reported(said, told=told)
        if message_id is not None and fate is not None and said.state is not None and fate.state == said.state:
            return Fate(message_id, fate, done)
        if message_id is None:
            log.info("a receipt before its message, or of another", extra={"gateway_id": said.gateway_id})
        done()
        return None

    def _answered(self, said: Report) -> Tiding | None:
        """A gateway does not ask for an answer to its answer: what a crash keeps from being told is asked for again."""
        if said.state is None:
            return None
        return self._reported(said, partial(self._asked_enough, said.gateway_id), told=False)

    def _asked_enough(self, gateway_id: str) -> None:
        try:
            self._trail.asked_enough(gateway_id)
        except StoreDown as error:  # then it is asked and told again, as the same event
            log.warning("database away", extra={"reason": str(error)})

    def _came(self, sms: Received, done: Callable[[], None]) -> Tiding | None:
        thread = ""
        if sms.header is not None:
            whole = self._trail.joined(sms.thread, sms.header, sms.text)
            if whole is None:
                done()
                return None
            thread = sms.thread
            sms = Received(sms.sender, sms.to, whole, None, sms.gateway_id)
        at = self._trail.came(sms.key)
        return Came(lambda consumer: sms_received(sms, consumer, at), partial(self._finish, done, sms.key, thread))

    def _finish(self, done: Callable[[], None], key: str, thread: str) -> None:
        done()
        try:
            self._trail.answered(key)
            if thread:
                self._trail.forget(thread)
        except StoreDown as error:  # it is forgotten by itself
            log.warning("database away", extra={"reason": str(error)})

    # asking

    def ask(self, session: Session) -> None:
        """Have a thread ask after messages without a receipt, now and then. A setting of 0 asks nothing."""
        now = time.monotonic()
        if not self._settings.query_after or now - self._asked_at < ASK_EVERY:
            return
        if self._asking is None or not self._asking.is_alive():
            self._asked_at = now
            self._asking = Thread(target=self._ask_after, args=(session,), name="query_sm", daemon=True)
            self._asking.start()

    def _ask_after(self, session: Session) -> None:
        us = self._settings
        source = {"source_addr": us.source, "source_addr_ton": us.source_ton, "source_addr_npi": us.source_npi}
        try:
            for gateway_id, message_id, _ in self._trail.to_ask(ASK_AT_MOST, timedelta(seconds=us.query_after)):
                answer = session.ask("query_sm", message_id=gateway_id, **source)
                if answer.command != "query_sm_resp" or answer.status:
                    log.info("query refused", extra={"message_id": message_id, "status": answer.status})
                    continue
                said = of_query(gateway_id, answer.number("message_state"), answer.number("error_code"))
                log.info("asked after a message", extra={"message_id": message_id, "said": said.detail})
                self.hear(said)
        except (Down, Broken, StoreDown) as error:
            log.info("cannot ask now", extra={"reason": str(error)})
