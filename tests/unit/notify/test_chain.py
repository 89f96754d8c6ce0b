from dataclasses import replace
from datetime import timedelta

import pytest

from services.notify.domain import chain, ledger
from services.notify.domain.ledger import (
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FAILED,
    HELD,
    SENT,
    UNKNOWN,
    Content,
)
from services.notify.domain.limits import Limits
from services.notify.domain.rules import Notice
from services.notify.errors import NotOnWorklist
from tests.unit.notify.builders import NOON, a_message

LATER = NOON + timedelta(hours=5)
LIMITS = Limits()
TEXT = Content("Please read this out.")


def left(**given):
    return a_message(**{"then": ("email", "call"), "said": {"team": "network"}, "since": NOON, **given})


def failed(**given):
    return ledger.move(left(**given), FAILED, NOON, detail="no such number")[0]


def by_email(previous):
    return Notice(chain.left(previous), previous.recipient, "email", "customer@example.com", "en", ("call",))


def successor(previous):
    return chain.successor(previous, by_email(previous), "en", TEXT, LATER)


def types(facts):
    return [fact.type for fact in facts]


def test_what_failed_and_has_another_channel_says_so():
    message, facts = ledger.move(left(), FAILED, NOON, detail="no such number")
    assert types(facts) == ["message_failed", "message_ended"]
    assert facts[1].data == {"then": ["email", "call"]}
    assert chain.open_end(message)
    assert not message.look


def test_what_failed_and_has_no_other_channel_is_for_a_person():
    message, facts = ledger.move(a_message(), FAILED, NOON)
    assert types(facts) == ["message_failed"]
    assert message.look


def test_an_expired_notice_is_told_by_no_other_channel():
    message, facts = ledger.move(left(), EXPIRED, NOON)
    assert types(facts) == ["message_expired"]
    assert not chain.open_end(message)
    assert not message.look


def test_a_bounce_after_sending_goes_on_to_the_next_channel():
    sent, _ = ledger.move(left(), SENT, NOON)
    _, facts = ledger.move(sent, FAILED, LATER, detail="5.1.1")
    assert types(facts) == ["message_failed", "message_ended"]


def test_without_a_word_a_message_is_unknown_and_later_the_next_channel_acts_once():
    after, limit = LIMITS.after["bulk"], LIMITS.limit["bulk"]
    message = left()
    assert ledger.advance(message, NOON + after - timedelta(seconds=1), LIMITS) == (message, [])
    unknown, facts = ledger.advance(message, NOON + after, LIMITS)
    assert (unknown.state, unknown.detail, types(facts)) == (UNKNOWN, "no_word", ["message_unknown"])
    assert ledger.next_due(unknown, LIMITS) == NOON + after + limit
    ended, facts = ledger.advance(unknown, NOON + after + limit, LIMITS)
    assert (ended.state, types(facts)) == (UNKNOWN, ["message_ended"])
    assert ledger.next_due(ended, LIMITS) is None
    assert ledger.advance(ended, NOON + timedelta(days=99), LIMITS) == (ended, [])


def test_a_late_timer_gives_the_word_that_may_lie_in_a_queue_its_whole_time_still():
    late = NOON + timedelta(days=9)
    unknown, _ = ledger.advance(left(), late, LIMITS)
    assert unknown.state == UNKNOWN
    assert ledger.next_due(unknown, LIMITS) == late + LIMITS.limit["bulk"]


def test_a_late_word_takes_an_unknown_message_off_the_worklist():
    unknown, _ = ledger.advance(a_message(since=NOON), NOON + timedelta(days=9), LIMITS)
    looked_at, facts = ledger.advance(unknown, NOON + timedelta(days=99), LIMITS)
    assert (looked_at.look, facts) == (True, [])
    assert not ledger.receive(looked_at, LATER, state=SENT, channel="sms")[0].look


def test_the_successor_tells_the_same_by_the_next_channel_for_as_long():
    previous = failed(answers="survey", token="abc", attempt=2, area="north", household="h1")
    message, facts = successor(previous)
    assert (message.channel, message.to, message.then) == ("email", "customer@example.com", ("call",))
    assert (message.occurrence, message.recipient) == (previous.occurrence, previous.recipient)
    assert (message.created_at, message.written_at, message.expires_at) == (NOON, LATER, previous.expires_at)
    assert (message.previous, message.attempt, message.token, message.ended_at) == (previous.message_id, 0, None, None)
    assert (message.answers, message.area, message.household) == ("survey", "north", "h1")
    assert (message.state, types(facts)) == (ledger.QUEUED, ["message_queued"])


def test_a_message_has_one_successor_whichever_channel_it_has():
    previous = failed()
    call = Notice(chain.left(previous), previous.recipient, "call", "+441164960403", "en")
    assert successor(previous)[0].message_id == chain.successor(previous, call, "en", TEXT, NOON)[0].message_id
    assert successor(previous)[0].message_id != successor(failed(message_id="0" * 40))[0].message_id
    assert len(successor(previous)[0].message_id) == 40


def test_a_call_is_the_teams_that_has_the_work():
    previous = failed()
    call = Notice(chain.left(previous), previous.recipient, "call", "+441164960403", "en")
    assert chain.successor(previous, call, "en", TEXT, NOON)[0].team == "network"
    assert successor(previous)[0].team is None


def test_what_is_told_by_another_message_keeps_nothing_for_that():
    message, facts = chain.follow(failed(), LATER, successor(failed())[0])
    assert (message.then, message.said) == ((), None)
    assert types(facts) == ["message_followed"]
    assert not chain.open_end(message)
    assert chain.follow(message, LATER, successor(failed())[0]) == (message, [])


def test_what_arrives_while_its_successor_is_written_knows_of_it_all_the_same():
    arrived, _ = ledger.move(failed(), DELIVERED, LATER)
    message, _ = chain.follow(arrived, LATER, successor(failed())[0])
    assert (message.state, message.followed_by) == (DELIVERED, successor(failed())[0].message_id)


def test_with_no_channel_left_a_person_looks_at_it():
    message, facts = chain.give_up(failed(), LATER, [("email", "no_address")])
    assert message.look
    assert [(fact.type, fact.data) for fact in facts] == [("message_exhausted", {"refused": [["email", "no_address"]]})]


def test_who_does_not_want_to_be_told_is_not_for_a_person_to_look_at():
    unwanted = replace(left(state=CANCELLED), ended_at=NOON)
    assert chain.open_end(unwanted)
    assert not chain.give_up(unwanted, LATER, [])[0].look


ARRIVED = a_message(message_id="b" * 40, state=DELIVERED, reached_at=LATER)


@pytest.mark.parametrize("given", [{"state": HELD}, {"state": ledger.QUEUED}, {"channel": "call", "agent": "ann"}])
def test_what_no_machine_has_is_called_off_when_another_one_has_reached_them(given):
    message, _ = chain.overtaken(a_message(**given), LATER, ARRIVED)
    assert (message.state, message.detail, message.told_by) == (CANCELLED, "told_already", ARRIVED.message_id)


@pytest.mark.parametrize("given", [{"state": FAILED, "look": True}, {"state": UNKNOWN, "look": True}])
def test_what_failed_leaves_the_worklist_when_another_one_has_reached_them_and_says_so(given):
    message, facts = chain.overtaken(a_message(**given), LATER, ARRIVED)
    assert (message.state, message.look, message.told_by) == (given["state"], False, ARRIVED.message_id)
    assert [(fact.type, fact.data) for fact in facts] == [
        ("message_told_otherwise", {"message_id": ARRIVED.message_id, "channel": "sms"})
    ]
    with pytest.raises(NotOnWorklist, match=f"told by {ARRIVED.message_id}"):
        ledger.retry(message, LATER)


def test_what_fails_after_another_one_has_reached_them_is_told_by_no_further_channel_and_is_for_nobody():
    under_way, _ = chain.overtaken(left(), LATER, ARRIVED)
    message, facts = ledger.move(under_way, FAILED, LATER)
    assert (types(facts), message.look, chain.open_end(message)) == (["message_failed"], False, False)


@pytest.mark.parametrize(
    "given",
    [
        {"state": CANCELLED},
        {"told_by": "c"},
        {"state": SENT, "reached_at": NOON},
        {"state": FAILED, "followed_by": "c"},
    ],
)
def test_what_is_settled_stays_as_it_is(given):
    message = a_message(**given)
    assert chain.overtaken(message, LATER, ARRIVED) == (message, [])


def test_what_had_reached_them_and_fails_after_all_is_for_a_person_if_others_were_called_off_for_it():
    sent = a_message(state=SENT, reached_at=NOON, followed_by="c")
    fails, facts = ledger.move(sent, FAILED, LATER)
    fails = ledger.mark_reached(fails, LATER, "sent")[0]
    assert (fails.look, types(facts)) == (False, ["message_failed", "message_ended"])
    called_off = chain.overtaken(a_message(message_id="c", state=HELD), NOON, sent)[0]
    assert chain.left_alone(fails, [called_off])
    assert not chain.left_alone(fails, [called_off, ARRIVED])
    assert not chain.left_alone(sent, [called_off])
    looked_at, facts = chain.look_after_all(fails, LATER)
    assert (looked_at.look, types(facts)) == (True, ["message_exhausted"])
    assert ledger.retry(looked_at, LATER).attempt == 1


def test_arriving_ends_the_chain():
    message, _ = ledger.move(failed(), DELIVERED, LATER)
    assert (message.then, message.said, message.look, chain.open_end(message)) == ((), None, False, False)
