from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.ledger import (
    DELIVERED,
    FAILED,
    HANDED_OVER,
    MOVES,
    QUEUED,
    RECEIPTS,
    SENT,
    UNKNOWN,
    Content,
    message_id,
    promise_of,
    receive,
    write,
)
from services.notify.domain.rules import Notice
from services.notify.errors import NotAReceiptFor, WrongChannel
from tests.unit.notify.builders import NOON, a_message, a_rule, an_occurrence, work

TEXT = Content("Your ticket T-1042 was closed.")


def a_notice(**given):
    notice = Notice(a_rule(), "customer:c-7", "sms", "+441164960403", "en")
    return replace(notice, **given)


def received(message, *states):
    for state in states:
        message, _ = receive(message, NOON, state=state, channel=message.channel, detail=None, consumer="sms-consumer")
    return message.state


def test_a_message_is_queued_and_handed_over_at_once():
    message, facts = write(an_occurrence(), a_notice(), "en", TEXT)
    assert message.state == HANDED_OVER
    assert [fact.type for fact in facts] == ["message_queued", "message_handed_over"]


def test_a_notice_without_address_fails_with_its_reason():
    message, facts = write(an_occurrence(), a_notice(to=None), "en", None)
    assert (message.state, message.detail) == (FAILED, "no_address")
    assert [fact.type for fact in facts] == ["message_queued", "message_failed"]
    assert facts[-1].data == {"detail": "no_address"}


def test_a_message_counts_from_when_the_event_counted():
    message, facts = write(an_occurrence(at=NOON - timedelta(days=900)), a_notice(), "en", TEXT)
    assert message.created_at == NOON - timedelta(days=900)
    assert {fact.at for fact in facts} == {message.created_at}


def test_a_message_about_the_past_is_worth_sending_from_when_it_was_known():
    message, _ = write(an_occurrence(at=NOON - timedelta(days=900)), a_notice(), "en", TEXT)
    assert message.expires_at == NOON + timedelta(hours=24)


def test_an_id_stands_for_occurrence_recipient_and_channel():
    ids = {
        message_id(an_occurrence(id=occurrence), recipient, channel)
        for occurrence in ("dispatch_orders/W-1/1", "dispatch_orders/W-1/2")
        for recipient in ("customer:c-7", "team:network")
        for channel in ("sms", "email")
    }
    assert len(ids) == 8


def test_ids_sort_by_time():
    times = [NOON + timedelta(milliseconds=step) for step in (0, 1, 60_000, 10**11)]
    ids = [message_id(an_occurrence(at=at), "customer:c-7", "sms") for at in times]
    assert ids == sorted(ids)
    assert {len(name) for name in ids} == {40}


def test_a_changed_address_book_does_not_make_a_second_message():
    first, _ = write(an_occurrence(), a_notice(), "en", TEXT)
    again, _ = write(an_occurrence(), a_notice(channel="email", to="customer@example.com"), "en", TEXT)
    assert first.message_id == again.message_id


def test_the_table_has_a_move_for_every_receipt_after_handing_over():
    after = [HANDED_OVER, *RECEIPTS]
    assert {(state, receipt) for state in after for receipt in RECEIPTS} <= MOVES.keys()


@pytest.mark.parametrize(
    ("receipts", "end"),
    [
        ((SENT, DELIVERED), DELIVERED),
        ((UNKNOWN, SENT), SENT),
        ((SENT, FAILED), FAILED),
        ((UNKNOWN, DELIVERED, FAILED), DELIVERED),
    ],
)
def test_receipts_end_the_same_in_any_order(receipts, end):
    assert {received(a_message(), *order) for order in permutations(receipts)} == {end}


@given(st.lists(st.sampled_from(RECEIPTS), max_size=8), st.randoms())
def test_any_receipts_in_any_order_and_number_end_the_same(receipts, random):
    shuffled = receipts + receipts[:3]
    random.shuffle(shuffled)
    assert received(a_message(), *receipts) == received(a_message(), *shuffled)


def test_a_late_receipt_is_kept_in_the_history_and_changes_nothing():
    message, facts = receive(
        a_message(state=DELIVERED, detail="by 10:00"), NOON, state=SENT, channel="sms", detail="250", consumer="x"
    )
    assert (message.state, message.detail) == (DELIVERED, "by 10:00")
    assert [(fact.type, fact.data) for fact in facts] == [("message_sent", {"detail": "250", "consumer": "x"})]


def test_a_message_not_handed_over_has_no_receipts():
    with pytest.raises(NotAReceiptFor):
        received(a_message(state=QUEUED), SENT)


def test_a_receipt_from_another_channel_is_refused():
    with pytest.raises(WrongChannel):
        receive(a_message(), NOON, state=SENT, channel="email", detail=None, consumer=None)


def deadline(**given):
    return work(**{"clock": "step", "part": "on_site", "visit": 4, **given})


def an_id(event, data, **given):
    occurrence = an_occurrence(
        id=f"dispatch_orders/W-1042/{event}", event=event, promise=promise_of(event, data), **given
    )
    return message_id(occurrence, "agent:agent-17", "email")


def test_warning_miss_and_escalation_of_one_promise_at_one_instant_are_one_message():
    events = ("deadline_near", "deadline_missed", "work_escalated")
    assert len({an_id(event, deadline()) for event in events}) == 1


@pytest.mark.parametrize(
    ("data", "given"),
    [
        (deadline(visit=5), {}),
        (deadline(clock="group"), {}),
        (deadline(order_no="W-1043"), {}),
        (deadline(), {"at": NOON + timedelta(milliseconds=1)}),
    ],
    ids=["another visit", "another clock", "another order", "another time"],
)
def test_what_is_told_of_another_promise_or_at_another_time_is_another_message(data, given):
    assert an_id("work_escalated", data, **given) != an_id("deadline_missed", deadline())


def test_what_is_about_no_deadline_stands_for_itself():
    assert promise_of("work_escalated", deadline(clock=None)) == ""
    assert promise_of("deadline_moved", deadline()) == ""
    assert promise_of("work_assigned", work()) == ""
    assert promise_of("deadline_near", deadline(part=None, visit=None, clock="resolution")) == "W-1042 resolution"
