"""Claim, send, record: what a consumer does with one message, with a store and a transport that are feigned."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.notify.consumers.delivery import MOST_UNANSWERED, PutOff, Sender
from services.notify.consumers.halt import Stopped
from services.notify.consumers.message import Down, Outcome, TryLater, Unanswered
from services.notify.consumers.store import Claim, StoreDown
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import FixedClock, a_message


class Store:
    """Answers a claim with what a test wants; may be away for some calls."""

    def __init__(self, claim, away=0):
        self.found, self.away, self.settled, self.released, self.doubts = claim, away, [], 0, []

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

    def doubt(self, message_id, why):
        self._answer()
        self.doubts.append(why)

    def take_over(self, message_id, owner):
        return True

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


class Asked(Line):
    """One that drops second copies and can be asked."""

    def __init__(self, known, answer=None):
        super().__init__(answer, idempotent=True)
        self.known = known

    def resolve(self, message, claim):
        return self.known


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


# what may have left


DOUBT = Claim(in_doubt=True, owner="", unanswered=1, why="no answer")


def test_what_was_not_answered_stays_in_doubt_and_is_not_given_back():
    store = Store(Claim(), away=1)
    with pytest.raises(Unanswered):
        once(store, Line(Unanswered("no answer"), idempotent=True))
    assert (store.doubts, store.released, store.settled) == (["no answer"], 0, [])


def test_what_is_in_doubt_is_sent_again_where_copies_are_dropped():
    line = Line(idempotent=True)
    assert once(Store(DOUBT), line)[0] == Outcome("sent")
    assert line.sent == 1


def test_what_expired_after_it_may_have_left_is_unknown_and_not_sent_again():
    store, line = Store(DOUBT), Line(idempotent=True)
    assert once(store, line, expires_at=NOON)[0] == Outcome("unknown", "no answer")
    assert (line.sent, store.settled) == (0, [Outcome("unknown", "no answer")])


def test_what_expired_in_doubt_is_what_the_gateway_says_of_it():
    line = Asked(Outcome("delivered"))
    assert once(Store(DOUBT), line, expires_at=NOON)[0] == Outcome("delivered")
    assert line.sent == 0


def test_what_expired_in_doubt_and_has_certainly_not_left_is_expired():
    line = Asked(None)
    assert once(Store(DOUBT), line, expires_at=NOON)[0] == Outcome("expired")
    assert line.sent == 0


def test_what_is_never_answered_is_given_up_after_so_many_times():
    last, enough = (replace(DOUBT, unanswered=MOST_UNANSWERED - more) for more in (1, 0))
    line = Line(Unanswered("no answer"), idempotent=True)
    with pytest.raises(Unanswered):
        once(Store(last), line)
    assert once(Store(enough), line)[0] == Outcome("unknown", "no answer")
    assert line.sent == 1


# what nobody thought of


def test_a_message_that_our_own_code_cannot_work_on_is_unknown_and_the_next_one_goes(caplog):
    store = Store(Claim())
    outcome = Outcome("unknown", "the consumer could not work on it: ValueError")
    assert once(store, Line(ValueError("a customer's words")))[0] == outcome
    assert store.settled == [outcome]
    assert "a customer's words" not in caplog.text
    assert once(Store(Claim()), Line())[0] == Outcome("sent")


def test_the_end_of_the_process_leaves_the_claim_as_it_is():
    store = Store(Claim())
    with pytest.raises(Stopped):
        once(store, Line(Stopped()))
    assert (store.settled, store.released, store.doubts) == ([], 0, [])
