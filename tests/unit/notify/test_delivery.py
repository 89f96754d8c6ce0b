"""Claim, send, record: what a consumer does with one message, with a store and a transport that are feigned."""

from datetime import timedelta

import pytest

from services.notify.consumers.delivery import PutOff, Sender
from services.notify.consumers.message import Down, Outcome, TryLater
from services.notify.consumers.store import Claim, StoreDown
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import FixedClock, a_message


class Store:
    """Answers a claim with what a test wants; may be away for some calls."""

    def __init__(self, claim, away=0):
        self.found, self.away, self.settled, self.released = claim, away, [], 0

    def claim(self, message_id):
        return self.found

    def settle(self, message_id, outcome):
        self._answer()
        self.settled.append(outcome)
        return outcome

    def release(self, message_id):
        self._answer()
        self.released += 1
        return self.released

    def _answer(self):
        if self.away:
            self.away -= 1
            raise StoreDown("away")


class Line:
    """Sends nothing; answers or raises what a test wants."""

    def __init__(self, answer=None, idempotent=False):
        self.answer, self.idempotent, self.sent = answer or Outcome("sent"), idempotent, 0

    def send(self, message):
        self.sent += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def check(self):
        pass

    def close(self):
        pass


def once(store, line, **given):
    waited = []
    sender = Sender(store, line, FixedClock(), waited.append)
    return sender.once(a_message(**given)), waited


def test_a_fresh_message_is_sent_and_recorded():
    store, line = Store(Claim()), Line()
    assert once(store, line)[0] == Outcome("sent")
    assert (line.sent, store.settled) == (1, [Outcome("sent")])


def test_a_settled_message_is_only_told_again():
    store, line = Store(Claim(Outcome("failed", "550"))), Line()
    assert once(store, line)[0] == Outcome("failed", "550")
    assert (line.sent, store.settled) == (0, [])


def test_a_doubtful_mail_is_unknown():
    store, line = Store(Claim(in_doubt=True)), Line()
    assert once(store, line)[0].state == "unknown"
    assert line.sent == 0
    assert store.settled[0].state == "unknown"


def test_a_doubtful_text_is_resolved_by_asking_the_sink_again():
    store, line = Store(Claim(in_doubt=True)), Line(idempotent=True)
    assert once(store, line)[0] == Outcome("sent")


def test_an_expired_message_is_not_sent():
    store, line = Store(Claim()), Line()
    assert once(store, line, expires_at=NOON)[0] == Outcome("expired")
    assert line.sent == 0
    assert once(store, line, expires_at=NOON + timedelta(seconds=1))[0] == Outcome("sent")


def test_a_refusal_for_now_gives_the_claim_back():
    store = Store(Claim())
    with pytest.raises(PutOff) as put_off:
        once(store, Line(TryLater("450")))
    assert (put_off.value.refusals, store.released, store.settled) == (1, 1, [])


def test_a_relay_that_is_down_gives_the_claim_back():
    store = Store(Claim())
    with pytest.raises(Down):
        once(store, Line(Down("away")))
    assert (store.released, store.settled) == (1, [])


def test_what_was_sent_is_recorded_however_long_the_database_is_away():
    store, line = Store(Claim(), away=4), Line()
    outcome, waited = once(store, line)
    assert (outcome, line.sent) == (Outcome("sent"), 1)
    assert waited == [0.5, 1.0, 2.0, 4.0]
