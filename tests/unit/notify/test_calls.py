from dataclasses import replace
from datetime import timedelta

import pytest

from services.notify.domain import calls, ledger
from services.notify.domain.ledger import CANCELLED, DELIVERED, EXPIRED, FAILED, HANDED_OVER
from services.notify.domain.limits import Limits
from services.notify.errors import NoSuchCall
from tests.unit.notify.builders import NOON, a_message

LIMITS = Limits()
NUMBER = "+441164960403"
SOON = NOON + timedelta(minutes=5)


def a_call(**given):
    return a_message(**{"channel": "call", "since": NOON, "team": "network", **given})


def claimed(**given):
    return calls.claim(a_call(**given), NOON, "ann", NUMBER, LIMITS)[0]


def test_an_agent_has_a_call_for_a_while():
    message, facts = calls.claim(a_call(), NOON, "ann", NUMBER, LIMITS)
    assert (message.agent, message.due_at) == ("ann", NOON + LIMITS.call_lease)
    assert [fact.type for fact in facts] == ["call_claimed"]
    with pytest.raises(NoSuchCall):
        calls.claim(message, SOON, "bob", NUMBER, LIMITS)


def test_a_call_that_nobody_ended_comes_back_and_is_the_next_ones():
    message, facts = ledger.advance(claimed(), NOON + LIMITS.call_lease, LIMITS)
    assert (message.agent, message.due_at, message.state) == (None, None, HANDED_OVER)
    assert [fact.type for fact in facts] == ["call_returned"]
    assert calls.claim(message, SOON, "bob", NUMBER, LIMITS)[0].agent == "bob"


def test_a_call_reached_is_delivered():
    message, facts = calls.finish(claimed(), SOON, "reached", "will be at home", LIMITS)
    assert (message.state, message.reached_at, message.due_at, message.agent) == (DELIVERED, SOON, None, None)
    assert facts[0].data == {"agent": "ann", "note": "will be at home"}


def test_who_is_not_reached_is_called_again_later_up_to_the_limit():
    message, facts = calls.finish(claimed(), SOON, "not_reached", None, LIMITS)
    assert (message.state, message.agent, message.due_at) == (HANDED_OVER, None, SOON + LIMITS.call_again)
    assert [fact.type for fact in facts] == ["call_not_reached"]
    with pytest.raises(NoSuchCall):
        calls.claim(message, SOON, "bob", NUMBER, LIMITS)
    again, _ = ledger.advance(message, message.due_at, LIMITS)
    assert calls.claim(again, message.due_at, "bob", NUMBER, LIMITS)[0].agent == "bob"
    last, _ = calls.finish(replace(again, attempt=LIMITS.call_attempts - 1), SOON, "not_reached", None, LIMITS)
    assert (last.state, last.detail, last.look) == (FAILED, "not_reached", True)


def test_a_wrong_number_fails_at_once_and_is_for_a_person():
    message, _ = calls.finish(claimed(), SOON, "wrong_number", None, LIMITS)
    assert (message.state, message.detail, message.look, message.agent) == (FAILED, "wrong_number", True, None)


def test_a_call_is_ended_once():
    message, _ = calls.finish(claimed(), SOON, "reached", None, LIMITS)
    with pytest.raises(NoSuchCall):
        calls.finish(message, SOON, "reached", None, LIMITS)


def test_what_goes_by_another_channel_is_no_call():
    with pytest.raises(NoSuchCall):
        calls.finish(a_message(), SOON, "reached", None, LIMITS)


def test_a_call_that_nobody_makes_expires():
    message = a_call()
    assert ledger.next_due(message, LIMITS) == message.expires_at
    assert ledger.advance(message, message.expires_at, LIMITS)[0].state == EXPIRED


def test_a_call_tried_again_begins_its_count_anew():
    failed, _ = calls.finish(claimed(attempt=2), SOON, "not_reached", None, LIMITS)
    assert ledger.retry(failed, SOON).attempt == 0


def test_the_number_is_the_one_of_the_moment_at_which_an_agent_gets_the_call():
    assert calls.claim(a_call(), NOON, "ann", "+441164960499", LIMITS)[0].to == "+441164960499"


def test_a_call_that_is_put_off_is_nobodys_until_then():
    message, facts = calls.put_off(a_call(), NOON, "quiet_hours", SOON)
    assert (message.state, message.due_at, [fact.type for fact in facts]) == (HANDED_OVER, SOON, ["call_put_off"])
    with pytest.raises(NoSuchCall):
        calls.claim(message, NOON, "ann", NUMBER, LIMITS)
    assert ledger.advance(message, SOON, LIMITS)[0].due_at is None
    assert calls.put_off(claimed(), SOON, "quiet_hours", SOON) == (claimed(), [])


def taken_back(message):
    return ledger.cancel(message, SOON, why="obsolete: work_resolved")[0]


def test_a_call_taken_back_is_made_by_nobody_and_says_why():
    message = taken_back(a_call())
    assert (message.state, message.due_at) == (CANCELLED, None)
    with pytest.raises(NoSuchCall, match=r"it is cancelled \(obsolete: work_resolved\)"):
        calls.finish(message, SOON, "reached", None, LIMITS)


def test_an_agent_who_has_the_call_that_is_taken_back_says_what_came_of_it_all_the_same():
    reached, facts = calls.finish(taken_back(claimed()), SOON, "reached", None, LIMITS)
    assert (reached.state, reached.reached_at, reached.agent) == (DELIVERED, SOON, None)
    assert facts[0].data == {"agent": "ann"}
    missed, facts = calls.finish(taken_back(claimed()), SOON, "not_reached", "no answer", LIMITS)
    assert (missed.state, missed.detail, missed.agent) == (CANCELLED, "obsolete: work_resolved", None)
    assert facts[0].data == {"agent": "ann", "note": "no answer", "calls": 1}
    with pytest.raises(NoSuchCall):
        calls.finish(missed, SOON, "not_reached", None, LIMITS)
