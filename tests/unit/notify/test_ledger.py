from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.ledger import (
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FAILED,
    HANDED_OVER,
    HELD,
    MOVES,
    QUEUED,
    RECEIPTS,
    SENT,
    UNKNOWN,
    Content,
    attempt_of,
    cancel,
    draft,
    give_up,
    hold,
    message_id,
    promise_of,
    receive,
    release,
    retry,
    start,
    write,
)
from services.notify.domain.rules import Notice
from services.notify.errors import NotAReceiptFor, NotOnWorklist, WrongChannel
from tests.unit.notify.builders import NOON, a_message, a_rule, an_occurrence, work

LATER = NOON + timedelta(hours=5)
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


def test_a_draft_waits_for_the_decision_whether_it_goes():
    message, facts = draft(an_occurrence(), a_notice(), "en", TEXT, said={"a": 1})
    assert (message.state, message.said, message.since) == (QUEUED, {"a": 1}, NOON)
    assert [fact.type for fact in facts] == ["message_queued"]


def test_what_is_held_says_why_and_until_when_and_is_released_with_its_text():
    drafted, _ = draft(an_occurrence(), a_notice(), "en", TEXT, said={"a": 1})
    held, facts = hold(drafted, NOON, why="quiet_hours", until=LATER)
    assert (held.state, held.held_for, held.due_at, held.said) == (HELD, "quiet_hours", LATER, {"a": 1})
    assert facts[0].data == {"why": "quiet_hours", "until": LATER}
    released, facts = release(held, LATER)
    assert (released.state, released.held_for, released.due_at, released.said) == (HANDED_OVER, None, None, None)
    assert (released.since, facts[0].at) == (LATER, LATER)


def test_what_is_released_too_late_has_expired():
    held, _ = hold(draft(an_occurrence(), a_notice(), "en", TEXT)[0], NOON, why="throttle", until=None)
    late, facts = release(held, held.expires_at)
    assert (late.state, late.detail, facts[0].type) == (EXPIRED, "too_late", "message_expired")


def test_a_cancelled_message_says_why():
    held, _ = hold(draft(an_occurrence(), a_notice(), "en", TEXT)[0], NOON, why="digest", until=LATER)
    cancelled, facts = cancel(held, LATER, why="obsolete")
    assert (cancelled.state, cancelled.detail, cancelled.due_at) == (CANCELLED, "obsolete", None)
    assert facts[0].data == {"detail": "obsolete"}


def test_what_has_left_is_neither_held_nor_cancelled():
    for rule in (lambda m: hold(m, NOON, why="throttle", until=None), lambda m: cancel(m, NOON, why="obsolete")):
        with pytest.raises(NotAReceiptFor):
            rule(a_message(state=HANDED_OVER))


def test_what_the_event_said_is_kept_only_while_it_may_have_to_be_told_again():
    assert write(an_occurrence(), a_notice(), "en", TEXT, said={"a": 1})[0].said is None
    assert write(an_occurrence(), a_notice(then=("email",)), "en", TEXT, said={"a": 1})[0].said == {"a": 1}
    assert write(an_occurrence(), a_notice(to=None), "en", None, said={"a": 1})[0].said == {"a": 1}


def test_a_message_that_failed_is_tried_again_under_another_name_and_for_another_day():
    failed = a_message(state=FAILED, look=True)
    again, facts = start(retry(failed, LATER), LATER)
    assert (again.state, again.attempt, again.wire_id) == (HANDED_OVER, 1, f"{failed.message_id}-1")
    assert (again.look, again.expires_at) == (False, LATER + timedelta(days=1))
    assert [fact.type for fact in facts] == ["message_handed_over"]
    assert attempt_of(again.wire_id) == (failed.message_id, 1)
    assert attempt_of(failed.wire_id) == (failed.message_id, 0)


@pytest.mark.parametrize(
    "given",
    [{"state": SENT}, {"state": UNKNOWN, "look": True}, {"state": FAILED}, {"state": EXPIRED, "told_by": "a"}],
)
def test_what_is_not_for_a_person_or_may_have_arrived_is_not_tried_again(given):
    with pytest.raises(NotOnWorklist):
        retry(a_message(**given), LATER)


def test_another_attempt_may_have_to_wait_as_any_message_does():
    again, facts = hold(retry(a_message(state=FAILED, look=True), NOON), NOON, why="quiet_hours", until=LATER)
    assert (again.state, again.attempt, again.look, again.due_at) == (HELD, 1, False, LATER)
    assert [fact.type for fact in facts] == ["message_held"]


def test_while_it_waits_an_older_attempt_may_still_arrive_and_no_receipt_is_about_this_one():
    held, _ = hold(retry(a_message(state=FAILED, look=True), NOON), NOON, why="quiet_hours", until=LATER)
    assert receive(held, LATER, state=SENT, channel="sms", attempt=0)[0] == held
    assert receive(held, LATER, state=DELIVERED, channel="sms", attempt=0)[0].state == DELIVERED
    for receipt in (SENT, FAILED, EXPIRED, DELIVERED):
        with pytest.raises(NotAReceiptFor):
            receive(held, LATER, state=receipt, channel="sms", attempt=1)


def test_what_never_left_has_no_receipt():
    for state in (HELD, QUEUED, CANCELLED):
        for receipt in RECEIPTS:
            with pytest.raises(NotAReceiptFor):
                receive(a_message(state=state), LATER, state=receipt, channel="sms")


@pytest.mark.parametrize("given", [{"previous": "a"}, {"followed_by": "a"}, {"broadcast": "b", "state": FAILED}])
def test_who_is_reached_when_others_tell_the_same_is_said_to_those_once(given):
    reached, facts = receive(a_message(**given), LATER, state=DELIVERED, channel="sms")
    assert [fact.type for fact in facts] == ["message_delivered", "message_reached"]
    assert receive(reached, LATER, state=SENT, channel="sms")[1][1:] == []


@pytest.mark.parametrize("given", [{}, {"broadcast": "b"}])
def test_most_messages_are_the_only_ones_and_say_nothing_more(given):
    assert [fact.type for fact in receive(a_message(**given), LATER, state=DELIVERED, channel="sms")[1]] == [
        "message_delivered"
    ]


def test_a_message_given_up_is_on_the_worklist_no_more():
    message, facts = give_up(a_message(state=FAILED, look=True), LATER, "moved away")
    assert (message.state, message.look, facts[0].data) == (FAILED, False, {"reason": "moved away"})
    with pytest.raises(NotOnWorklist):
        give_up(message, LATER, "moved away")


@pytest.mark.parametrize(
    ("reached", "states", "since"),
    [
        ("sent", (SENT,), NOON),
        ("sent", (SENT, FAILED), None),
        ("sent", (FAILED, DELIVERED), NOON),
        ("delivered", (SENT,), None),
        ("delivered", (SENT, DELIVERED), NOON),
    ],
)
def test_a_message_has_reached_somebody_from_the_receipt_on_that_counts(reached, states, since):
    message = a_message()
    for state in states:
        message, _ = receive(message, NOON, state=state, channel="sms", reached=reached)
    assert message.reached_at == since
