"""Whatever comes in whatever order: nobody is told twice by one channel, and what is known in the end is the same."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import calls, chain, ledger
from services.notify.domain.ledger import DELIVERED, FAILED, RECEIPTS, UNKNOWN, Content
from services.notify.domain.limits import Limits
from services.notify.domain.rules import Notice
from services.notify.errors import NotAReceiptFor
from shared.errors import IllegalMove
from tests.unit.notify.builders import NOON, a_message

LIMITS = Limits()
LONG = timedelta(days=30)


def tried_again():
    return ledger.start(ledger.retry(a_message(state=FAILED, look=True, since=NOON), NOON), NOON)


@dataclass
class Desk:
    """The ledger's rows of one notice, and everything that was handed over."""

    rows: dict = field(default_factory=dict)
    handed: list = field(default_factory=list)
    now: object = NOON

    def begin(self):
        drafted = a_message(state=ledger.QUEUED, then=("email", "call"), said={"team": "network"}, since=NOON)
        drafted = replace(drafted, expires_at=NOON + timedelta(days=3000))
        self.apply(drafted, lambda row: ledger.start(row, self.now))

    def apply(self, row, rule):
        before = row.state
        try:
            row, facts = rule(row)
        except IllegalMove:
            return
        self.rows[row.message_id] = row
        for fact in facts:
            if fact.type == "message_handed_over":
                assert before in (ledger.QUEUED, ledger.FAILED, ledger.EXPIRED)
                self.handed.append((row.channel, row.wire_id))
            if fact.type == "message_ended":
                self.follow(row.message_id)

    def follow(self, message_id):
        """As services/notify/storage/fallback.py does; twice, as a redelivery would."""
        for _ in range(2):
            row = self.rows[message_id]
            if not chain.open_end(row):
                return
            notice = Notice(chain.left(row), row.recipient, row.then[0], "x", "en", row.then[1:])
            drafted, _ = chain.successor(row, notice, "en", Content("…"), self.now)
            if drafted.message_id not in self.rows:
                self.apply(drafted, lambda one: ledger.start(one, self.now))
            followed, _ = chain.follow(row, self.now, drafted)
            self.rows[message_id] = followed

    def do(self, act, which, value, attempt):
        row = list(self.rows.values())[which % len(self.rows)]
        self.now += timedelta(seconds=1)
        if act == "receipt":
            told = {"state": value, "channel": row.channel, "attempt": attempt}
            self.apply(row, lambda one: ledger.receive(one, self.now, **told))
        elif act == "time":
            self.now += LONG
            self.apply(row, lambda one: ledger.advance(one, self.now, LIMITS))
        elif act == "retry":
            self.apply(row, lambda one: ledger.start(ledger.retry(one, self.now), self.now))
        elif act == "call":
            self.apply(row, lambda one: calls.finish(one, self.now, "not_reached", None, LIMITS))
        else:
            self.apply(row, lambda one: ledger.give_up(one, self.now, "enough"))


ACTS = st.tuples(
    st.sampled_from(("receipt", "receipt", "receipt", "time", "retry", "call", "give_up")),
    st.integers(0, 2),
    st.sampled_from(RECEIPTS),
    st.integers(0, 2),
)


@given(st.lists(ACTS, max_size=30))
def test_nobody_is_told_twice_by_one_channel_whatever_happens(acts):
    desk = Desk()
    desk.begin()
    for act in acts:
        desk.do(*act)
    channels = [row.channel for row in desk.rows.values()]
    assert len(set(channels)) == len(channels)
    assert len(set(desk.handed)) == len(desk.handed)
    for row in desk.rows.values():
        assert row.followed_by is None or row.followed_by in desk.rows
        assert not (row.look and row.followed_by)


@given(st.lists(st.sampled_from(RECEIPTS), max_size=6), st.randoms(), st.lists(st.integers(0, 6), max_size=3))
def test_receipts_and_timers_in_any_order_end_in_the_same_state(receipts, random, ticks):
    def told(order, when):
        row, at = a_message(since=NOON), NOON
        for place, receipt in enumerate(order):
            for _ in range(when.count(place)):
                at += LONG
                row, _ = ledger.advance(row, at, LIMITS)
            row, _ = ledger.receive(row, at, state=receipt, channel="sms")
        return row

    shuffled = [*receipts, *receipts[:2]]
    random.shuffle(shuffled)
    one, other = told(receipts, []), told(shuffled, ticks)
    if receipts:
        assert one.state == other.state
        assert one.look == other.look or one.state == UNKNOWN  # looked at only once its limit has passed, too


@given(st.permutations([(0, "failed"), (0, "sent"), (0, "unknown"), (1, "sent"), (1, "unknown")]), st.booleans())
def test_the_newest_attempt_counts_unless_an_older_one_arrived(order, arrived):
    row, _ = tried_again()
    for attempt, state in [*order, *([(0, DELIVERED)] if arrived else [])]:
        row, _ = ledger.receive(row, NOON, state=state, channel="sms", attempt=attempt)
    assert row.state == (DELIVERED if arrived else "sent")


@pytest.mark.parametrize("attempt", [2, 3])
def test_an_attempt_that_was_never_made_has_no_receipt(attempt):
    row, _ = tried_again()
    with pytest.raises(NotAReceiptFor):
        ledger.receive(row, NOON, state="sent", channel="sms", attempt=attempt)
