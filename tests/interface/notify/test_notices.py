"""What one message brings about for the others of its notice, tries by a person, and calls: by a clock that stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from services.notify.domain import broadcasts as rules
from services.notify.domain import calls
from services.notify.errors import NoSuchCall, NotOnWorklist, NotToBeSent
from services.notify.schemas import summary
from shared.cause import Cause
from shared.clock import to_text
from shared.errors import Conflict
from tests.interface.notify.indoors import DIGEST, NOON, Indoors, a_rule, indoors
from tests.interface.notify.notice import Notice, noticed
from tests.interface.notify.test_holding import MORNING, NIGHT, Matter
from tests.probe.store import a_call
from tests.support import Stack
from tests.unit.notify.builders import a_message

CHAIN = a_rule("work_withdrawn", "customer", "sms", "email", "call", kind="progress", obsolete=["work_reopened"])
CALL = a_rule("step_skipped", "customer", "call", kind="progress", obsolete=["work_reopened"])
CAPPED_CALL = a_rule("work_queued", "customer", "call", kind="capped")


@pytest.fixture(scope="module")
def shared_desk(stack: Stack) -> Iterator[Indoors]:
    with indoors(stack) as inside:
        yield inside


@pytest.fixture
def desk(shared_desk: Indoors) -> Indoors:
    """By day, with nothing in the ledger, and rules that end in calls."""
    shared_desk.begin_anew()
    shared_desk.apply(_with_calls)
    return shared_desk


def _with_calls(body: dict[str, Any]) -> None:
    body["rules"].extend([CHAIN, CALL, CAPPED_CALL])
    noticed(body)


def by(desk: Indoors, channel: str) -> dict[str, Any]:
    return desk.row(channel=channel)


def word(desk: Indoors, channel: str, state: str) -> None:
    """A consumer says so, and everything that follows is heard."""
    desk.told_of(by(desk, channel)["_id"], state)
    desk.hear()


def next_call(desk: Indoors, agent: str = "ann") -> Any:
    return desk.store.calls.give_next(a_call("next_call", agent=agent, nonce=uuid4().hex), agent, None, summary)


def finished(desk: Indoors, message_id: str, outcome: str) -> Any:
    limits = desk.store.messages.limits()
    ended = desk.store.messages.change(
        a_call("finish_call", nonce=uuid4().hex),
        message_id,
        lambda message, at: calls.finish(message, at, outcome, None, limits),
        summary,
    )
    desk.hear()
    return ended


def failures(desk: Indoors) -> list[str]:
    return [message.channel for message in desk.store.messages.failures({}, 50, None)[0]]


def refused_by_all_machines(desk: Indoors) -> Matter:
    """SMS and mail have failed: somebody is to be called."""
    matter = Matter(desk)
    matter.tell("work_withdrawn", reason="x")
    word(desk, "sms", "failed")
    word(desk, "email", "failed")
    assert sorted(matter.states()) == [("call", "handed_over"), ("email", "failed"), ("sms", "failed")]
    return matter


# whoever was told needs not be told otherwise


def test_a_call_is_taken_back_when_a_message_before_it_arrives_after_all(desk: Indoors) -> None:
    refused_by_all_machines(desk)
    word(desk, "sms", "delivered")
    call, sms = by(desk, "call"), by(desk, "sms")
    assert (call["state"], call["detail"], call["told_by"]) == ("cancelled", "told_already", sms["_id"])
    assert next_call(desk) is None


def test_what_failed_leaves_the_worklist_when_a_message_before_it_arrives_after_all(desk: Indoors) -> None:
    refused_by_all_machines(desk)
    finished(desk, by(desk, "call")["_id"], "wrong_number")
    assert failures(desk) == ["call"]
    word(desk, "sms", "delivered")
    assert failures(desk) == []
    call = by(desk, "call")
    assert (call["state"], call["told_by"]) == ("failed", by(desk, "sms")["_id"])
    assert desk.store.messages.history(call["_id"])[-1]["type"] == "message_told_otherwise"


def test_no_further_channel_acts_once_a_message_of_the_chain_has_arrived(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("work_withdrawn", reason="x")
    word(desk, "sms", "failed")
    word(desk, "sms", "delivered")
    word(desk, "email", "failed")
    assert sorted(matter.states()) == [("email", "failed"), ("sms", "delivered")]
    assert failures(desk) == []


def a_row(desk: Indoors, **given: Any) -> str:
    """A row of a broadcast, as it is in the ledger."""
    message_id = uuid4().hex
    known: dict[str, Any] = {
        "expires_at": MORNING,
        "occurrence": "B-1/1",
        "event": "broadcast",
        "broadcast": "B-1",
        "area": "north",
        "household": "h-1",
    }
    row = a_message(**{"message_id": message_id, "order_no": "", **known, **given})
    desk.store.messages.create(Cause(ref="broadcast B-1", key=message_id, at=NOON), message_id, row, [])
    return message_id


def test_whoever_a_call_reaches_takes_the_failures_of_the_household_off_the_worklist(desk: Indoors) -> None:
    failed: dict[str, Any] = {"state": "failed", "look": True}
    mine = a_row(desk, recipient="customer:a", **failed)
    others = a_row(desk, recipient="customer:b", **failed)
    neighbour = a_row(desk, recipient="customer:c", household="h-2", **failed)
    call = a_row(desk, recipient="customer:b", channel="call")
    finished(desk, call, "reached")
    assert [desk.row(_id=one).get("told_by") for one in (mine, others, neighbour)] == [call, call, None]
    assert [row["_id"] for row in desk.rows(look=True)] == [neighbour]
    with pytest.raises(NotOnWorklist):
        desk.store.failures.retry(a_call("retry_message"), mine, summary)


def test_a_call_of_a_broadcast_is_taken_back_when_the_recipient_was_told_after_all(desk: Indoors) -> None:
    sms = a_row(desk, recipient="customer:a", state="failed", look=True)
    call = a_row(desk, recipient="customer:a", channel="call")
    neighbour = a_row(desk, recipient="customer:b", channel="call")
    desk.told_of(sms, "delivered")
    desk.hear()
    assert [desk.row(_id=one)["state"] for one in (call, neighbour)] == ["cancelled", "handed_over"]


def unreached(desk: Indoors) -> Notice:
    """A broadcast that no machine could tell to somebody, who is to be called."""
    notice = Notice(desk, 1)
    word(desk, "sms", "failed")
    word(desk, "email", "failed")
    notice.does(rules.call_unreached)
    notice.goes_on()
    assert sorted(row["state"] for row in desk.rows()) == ["failed", "failed", "handed_over"]
    return notice


def test_the_calls_of_a_broadcast_are_taken_back_with_it_also_from_agents(desk: Indoors) -> None:
    notice = unreached(desk)
    call = next_call(desk)["message_id"]
    notice.is_stopped()
    assert (by(desk, "call")["state"], by(desk, "call")["detail"]) == ("cancelled", "broadcast_cancelled")
    assert finished(desk, call, "not_reached")["detail"] == "broadcast_cancelled"


def test_a_call_that_reaches_them_takes_what_failed_of_the_broadcast_off_the_worklist(desk: Indoors) -> None:
    unreached(desk)
    assert failures(desk) == ["email"]
    finished(desk, next_call(desk)["message_id"], "reached")
    assert failures(desk) == []
    assert by(desk, "email")["told_by"] == by(desk, "call")["_id"]


def test_a_call_that_was_being_written_when_another_one_arrived_is_taken_back(desk: Indoors) -> None:
    """The mail has failed, and its end is being dealt with; the SMS arrives after all, and is dealt with first."""
    matter = Matter(desk)
    matter.tell("work_withdrawn", reason="x")
    word(desk, "sms", "failed")
    desk.told_of(by(desk, "email")["_id"], "failed")
    write, store = desk.store.fallback._write, desk.store

    def late(*given: Any) -> Any:
        desk.told_of(by(desk, "sms")["_id"], "delivered")
        store.notices.settle(Cause.tick(desk.clock.at), by(desk, "sms")["_id"])
        return write(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.fallback, "_write", late)
        desk.hear()
    desk.hear()
    assert sorted(matter.states()) == [("call", "cancelled"), ("email", "failed"), ("sms", "delivered")]


# tried again


def test_a_digest_that_failed_may_be_tried_again_at_night(desk: Indoors) -> None:
    def bursts(body: dict[str, Any]) -> None:
        _with_calls(body)
        body["kinds"]["progress"] |= {"digest": DIGEST}

    desk.apply(bursts)
    matter = Matter(desk, phone=None)
    for _ in range(5):
        matter.tell("work_resolved")
    desk.until(minutes=10)
    digest = desk.row(event="digest")["_id"]
    desk.told_of(digest, "failed")
    desk.until(hours=11)
    call = a_call("retry_message", nonce=uuid4().hex)
    assert desk.store.failures.retry(call, digest, summary)["state"] == "held"
    desk.until(hours=10)
    assert {row["state"] for row in desk.rows(digest=digest)} == {"handed_over"}
    assert len([one for one in desk.sent() if one["message_id"].startswith(digest)]) == 2


def failed_mail(desk: Indoors) -> Matter:
    """It bounced, and there is no other channel."""
    matter = Matter(desk, phone=None)
    matter.tell("work_resolved")
    word(desk, "email", "failed")
    assert failures(desk) == ["email"]
    return matter


def retry(desk: Indoors) -> Any:
    return desk.store.failures.retry(a_call("retry_message", nonce=uuid4().hex), by(desk, "email")["_id"], summary)


def elsewhere(desk: Indoors, to: str) -> Any:
    call = a_call("change_address", nonce=uuid4().hex)
    return desk.store.failures.elsewhere(call, by(desk, "email")["_id"], to, summary)


def test_another_attempt_goes_at_once_by_day(desk: Indoors) -> None:
    matter = failed_mail(desk)
    assert (retry(desk)["state"], retry_history(desk)) == ("handed_over", ("message_handed_over", {"attempt": 1}))
    assert [one["to"] for one in desk.sent()] == [matter.mail] * 2


def retry_history(desk: Indoors) -> tuple[str, Any]:
    last = desk.store.messages.history(by(desk, "email")["_id"])[-1]
    return last["type"], last["data"]


@pytest.mark.parametrize("address", [None, "new@example.com"])
def test_at_night_another_attempt_waits_for_the_morning(desk: Indoors, address: str | None) -> None:
    matter = failed_mail(desk)
    desk.pass_by(seconds=NIGHT.total_seconds())
    held = elsewhere(desk, address) if address else retry(desk)
    assert (held["state"], held["held_for"], held["due_at"], held["attempt"]) == (
        "held",
        "quiet_hours",
        to_text(MORNING),
        1,
    )
    assert len(desk.sent()) == 1
    desk.until(hours=9)
    assert [one["to"] for one in desk.sent()] == [matter.mail, address or matter.mail]
    assert len({one["message_id"] for one in desk.sent()}) == 2


def test_their_night_is_the_one_of_the_zone_that_they_have_said_since(desk: Indoors) -> None:
    matter = failed_mail(desk)
    there = {"time_zone": "Asia/Shanghai"}
    desk.store.preferences.set(a_call("set_preferences"), matter.recipient, there, lambda state: {})
    desk.pass_by(hours=3)  # 15:00 in London, 23:00 there
    assert retry(desk)["state"] == "held"


@pytest.mark.parametrize("who", ["customer", "address"])
def test_whoever_has_said_stop_is_not_tried_again_and_the_refusal_says_so(desk: Indoors, who: str) -> None:
    matter = failed_mail(desk)
    recipient = matter.recipient if who == "customer" else f"address:{matter.mail}"
    desk.store.preferences.opt_out(Cause(ref="STOP", key="stop"), recipient, None, "STOP")
    with pytest.raises(NotToBeSent) as refused:
        retry(desk)
    assert refused.value.details["why"] == "opted_out"
    assert failures(desk) == ["email"]


def test_the_holder_of_the_new_address_may_have_said_stop(desk: Indoors) -> None:
    failed_mail(desk)
    desk.store.preferences.opt_out(Cause(ref="STOP", key="stop"), "address:new@example.com", None, "STOP")
    with pytest.raises(NotToBeSent, match="opted_out"):
        elsewhere(desk, "NEW@example.com")


def test_who_says_stop_while_another_attempt_waits_does_not_get_it(desk: Indoors) -> None:
    matter = failed_mail(desk)
    desk.pass_by(seconds=NIGHT.total_seconds())
    retry(desk)
    desk.store.preferences.opt_out(Cause(ref="STOP", key="stop"), matter.recipient, None, "STOP")
    desk.until(hours=9)
    assert (by(desk, "email")["state"], by(desk, "email")["detail"], len(desk.sent())) == ("cancelled", "opted_out", 1)


def test_what_is_no_longer_so_is_not_tried_again(desk: Indoors) -> None:
    matter = failed_mail(desk)
    matter.tell("work_reopened", reason="x", cause="x")
    with pytest.raises(NotToBeSent, match="obsolete: work_reopened"):
        retry(desk)


def test_an_attempt_that_waits_is_not_sent_when_the_one_before_arrives(desk: Indoors) -> None:
    failed_mail(desk)
    first = by(desk, "email")["_id"]
    desk.pass_by(seconds=NIGHT.total_seconds())
    retry(desk)
    desk.told_of(first, "delivered")
    desk.until(hours=9)
    assert (by(desk, "email")["state"], len(desk.sent())) == ("delivered", 1)


# calls


def test_a_call_is_given_to_nobody_while_it_is_night_for_the_customer(desk: Indoors) -> None:
    Matter(desk).tell("step_skipped", reason="x", missed=True)
    desk.pass_by(seconds=NIGHT.total_seconds())
    assert next_call(desk) is None
    assert (by(desk, "call")["state"], by(desk, "call")["due_at"]) == ("handed_over", MORNING)
    desk.until(hours=9)
    assert next_call(desk)["agent"] == "ann"


def test_where_it_is_day_somebody_is_called_though_many_before_sleep(desk: Indoors, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.notify.storage.calls.LOOKED_AT", 2)
    for _ in range(5):
        Matter(desk).tell("step_skipped", reason="x", missed=True)
    awake = Matter(desk, time_zone="America/Halifax")  # from eight in the morning to seven in the evening
    awake.tell("step_skipped", reason="x", missed=True)
    desk.pass_by(seconds=NIGHT.total_seconds())
    assert next_call(desk)["ticket_no"] == awake.ticket_no
    assert next_call(desk) is None


def test_a_request_for_a_call_is_not_answered_with_another_agents(desk: Indoors) -> None:
    Matter(desk).tell("step_skipped", reason="x", missed=True)
    asked = a_call("next_call", agent="ann")
    given = desk.store.calls.give_next(asked, "ann", None, summary)
    assert desk.store.calls.give_next(asked, "ann", None, summary) == given
    with pytest.raises(Conflict):
        desk.store.calls.give_next(replace(asked, digest="of other fields"), "bob", None, summary)


def test_a_call_beyond_so_many_a_day_is_given_to_nobody_today(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("work_queued", need="x")
    desk.pass_by(hours=24)
    for _ in range(2):
        matter.tell("fee_recorded", fee=1, amount="1.00", currency="CNY")
    assert next_call(desk) is None
    desk.until(hours=12)
    assert next_call(desk)["channel"] == "call"


def test_an_agent_gets_the_number_of_today(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("step_skipped", reason="x", missed=True)
    matter.saved(phone="+447911123456")
    assert next_call(desk)["to"] == "+447911123456"


def test_whoever_has_no_number_any_more_is_not_called(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("step_skipped", reason="x", missed=True)
    matter.saved(phone=None)
    assert next_call(desk) is None
    assert (by(desk, "call")["state"], by(desk, "call")["detail"], failures(desk)) == ("failed", "no_address", ["call"])


def test_whoever_wants_no_calls_any_more_gets_none(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("step_skipped", reason="x", missed=True)
    desk.store.preferences.set(a_call("set_preferences"), matter.recipient, {"unwanted": ("call",)}, lambda state: {})
    assert next_call(desk) is None
    assert (by(desk, "call")["state"], by(desk, "call")["detail"]) == ("cancelled", "channel_not_wanted")


def test_a_call_about_what_is_over_is_taken_back_also_from_the_agent_who_has_it(desk: Indoors) -> None:
    free, given = Matter(desk), Matter(desk)
    given.tell("step_skipped", reason="x", missed=True)
    held = next_call(desk)["message_id"]
    free.tell("step_skipped", reason="x", missed=True)
    for matter in (free, given):
        matter.tell("work_reopened", reason="x", cause="x")
        assert matter.states() == [("call", "cancelled")]
    assert {row["detail"] for row in desk.rows()} == {"obsolete: work_reopened"}
    ended = finished(desk, held, "not_reached")
    assert (ended["state"], ended["detail"]) == ("cancelled", "obsolete: work_reopened")
    with pytest.raises(NoSuchCall, match="obsolete: work_reopened"):
        finished(desk, held, "not_reached")


def test_an_agent_who_reached_them_before_the_call_was_taken_back_has_told_them(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("step_skipped", reason="x", missed=True)
    held = next_call(desk)["message_id"]
    matter.tell("work_reopened", reason="x", cause="x")
    assert finished(desk, held, "reached")["state"] == "delivered"


def test_a_call_that_was_obsolete_before_it_was_written_down_is_given_to_nobody(desk: Indoors) -> None:
    """Whether anything waits is asked once a second: a call that came in between is found when it is asked for."""
    matter = Matter(desk)
    matter.tell("work_reopened", reason="x", cause="x")
    matter.tell("step_skipped", reason="x", missed=True)
    desk.store.telling.tell(matter.event("work_reopened", reason="x", cause="x"))
    assert matter.states() == [("call", "handed_over")]
    assert next_call(desk) is None
    assert matter.states() == [("call", "cancelled")]


def test_a_lease_that_ends_while_a_call_is_finished_loses_nothing(desk: Indoors) -> None:
    Matter(desk).tell("step_skipped", reason="x", missed=True)
    call = next_call(desk)["message_id"]
    desk.until(minutes=15)
    again = next_call(desk, "bob")
    assert (again["message_id"], again["agent"]) == (call, "bob")
    assert finished(desk, call, "reached")["state"] == "delivered"
    with pytest.raises(NoSuchCall, match="it is delivered"):
        finished(desk, call, "not_reached")


def test_what_another_rule_owes_is_not_called_off(desk: Indoors) -> None:
    matter = Matter(desk)
    matter.tell("work_resolved")
    row = by(desk, "sms")
    other = a_row(desk, occurrence=row["occurrence"], recipient=row["recipient"], channel="email", broadcast=None)
    desk.store.messages.collection.update_one({"_id": other}, {"$set": {"state": "held", "held_for": "quiet_hours"}})
    word(desk, "sms", "failed")
    word(desk, "sms", "delivered")
    assert by(desk, "sms")["followed_by"] == other
    assert by(desk, "email")["state"] == "held"
