"""What becomes of a message that came in: one effect, in whatever order and however often it is told."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import replies
from services.notify.domain.matching import Match, bind
from services.notify.domain.reading import KINDS, Meaning, read
from services.notify.domain.replies import Reply
from services.notify.errors import NotResolvable
from services.notify.events.replies import OF_REPLIES
from services.notify.heard.replies import SmsReceived
from shared.schemas import load
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_matching import WORDS, a_survey, an_appointment, later

AN_HOUR_LATER = later(hours=1)


def a_reply(text="5", **given):
    known = Reply(
        reply_id="sms/1", channel="sms", sender="+441164960403", to="106900001", text=text, received_at=AN_HOUR_LATER
    )
    return replace(known, **given)


def taken(reply, *questions):
    match = bind(read(reply.text, WORDS), questions, reply.received_at, KINDS)
    return replies.taken(reply, match, reply.received_at)


def told(decision):
    """(state, facts' types, data of the events among them)."""
    state, facts = decision
    return (
        state.state,
        [fact.type for fact in facts],
        [OF_REPLIES[fact.type](state, fact) for fact in facts if fact.type in OF_REPLIES],
    )


def test_an_answer_to_a_survey_goes_to_its_case():
    state, kinds, (event,) = told(taken(a_reply("4，很好"), a_survey()))

    assert (state, kinds) == ("matched", ["survey_replied"])
    assert (event["case_no"], event["score"], event["comment"]) == ("W-1042/0", 4, "很好")


def test_an_answer_to_an_appointment_names_which_one():
    state, kinds, (event,) = told(taken(a_reply("2, rather on Tuesday"), an_appointment()))

    assert (state, kinds) == ("matched", ["appointment_answered"])
    assert (event["order_no"], event["number"], event["answer"], event["note"]) == (
        "W-1042",
        1,
        "change",
        "rather on Tuesday",
    )


def test_what_fits_several_things_becomes_a_ticket_that_names_them():
    state, kinds, (event,) = told(taken(a_reply("1", language="en"), a_survey(), an_appointment()))

    assert (state, kinds, event["why"], event["subject"]) == ("ticket", ["contact_received"], "fits_several", "1")
    assert [one["message_id"] for one in event["might"]] == ["survey-1042", "visit-1042"]


def test_histories_hold_no_text_and_no_address():
    _, facts = taken(a_reply("hello, I am Ann"))

    assert [fact.data for fact in facts] == [{"why": "not_understood"}]


def test_control_characters_stay_outside():
    _, _, (event,) = told(taken(a_reply("a\x00b\r\nc \ud800")))

    assert (event["text"], event["subject"]) == ("ab\nc ", "ab")


def test_half_a_character_is_shown_as_what_cannot_be_read():
    told = {"from": "+441164960403", "to": "1069", "text": "ok 😀 \ud83d", "received_at": "2026-03-02T09:00:00Z"}

    assert load(SmsReceived, told)["text"] == "ok 😀 \ufffd"


def test_a_message_without_a_word_has_a_subject_all_the_same():
    _, _, (event,) = told(taken(a_reply("")))

    assert (event["subject"], event["text"]) == ("-", "")


def test_the_service_takes_it_and_it_is_answered():
    reply, _ = taken(a_reply(), a_survey())

    state, facts = replies.settle(reply, NOON, taken=True, why="", ticket_no="T-1042")

    assert (state.state, [fact.type for fact in facts]) == ("answered", ["reply_settled"])


def test_what_the_service_cannot_take_any_more_becomes_a_ticket():
    reply, _ = taken(a_reply(), a_survey())

    state, facts = replies.settle(reply, NOON, taken=False, why="expired", ticket_no=None)

    assert (state.state, state.why) == ("ticket", "expired")
    assert [fact.type for fact in facts] == ["reply_settled", "contact_received"]


def test_what_the_service_was_told_by_another_way_is_repeated():
    reply, _ = taken(a_reply(), a_survey())

    state, facts = replies.settle(reply, NOON, taken=False, why="repeated", ticket_no=None)

    assert (state.state, [fact.type for fact in facts]) == ("repeated", ["reply_settled"])


def test_a_ticket_keeps_the_number_that_it_was_given():
    reply, _ = taken(a_reply("hello there"))

    state, _ = replies.settle(reply, NOON, taken=True, why="", ticket_no="T-7")

    assert (state.state, state.ticket_no) == ("ticket", "T-7")


@pytest.mark.parametrize("state", ["answered", "repeated", "automatic", "failed", "dismissed"])
def test_what_is_dealt_with_is_settled_no_more(state):
    assert replies.settle(a_reply(state=state), NOON, taken=True, why="", ticket_no=None)[1] == []


@pytest.mark.parametrize("state", ["matched", "answered", "repeated", "automatic", "dismissed"])
def test_a_person_resolves_only_what_waits_for_one(state):
    with pytest.raises(NotResolvable):
        replies.dismiss(a_reply(state=state), NOON, "spam")


def test_the_same_text_is_the_same_within_a_stretch_of_time():
    ten = timedelta(minutes=10)
    same = replies.sameness(a_reply("hello", reply_id="sms/2"), ten)

    assert same == replies.sameness(a_reply(" hello "), ten)
    assert same != replies.sameness(a_reply("hello!"), ten)
    assert same != replies.sameness(a_reply("hello", sender="+447700900123"), ten)
    assert same == replies.sameness(a_reply("hello", received_at=AN_HOUR_LATER + ten), ten, back=1)


class Desk:
    """The rules with a memory, as the store keeps it: no two replies with one id, none that hold one question."""

    def __init__(self, questions):
        self.questions = questions
        self.taken = {}
        self.effects = Counter()

    def take(self, reply):
        if reply.reply_id in self.taken:
            return
        given = {one.question: one.meaning for one in self.taken.values() if one.question}
        asked = [replace(one, given=given.get(replies.question_key(one.kind, one.key))) for one in self.questions]
        state, facts = taken(reply, *asked)
        assert not state.question or state.question not in given, "the index refuses it"
        self.taken[reply.reply_id] = state
        self.effects.update(state.question for fact in facts if fact.type in ("survey_replied", "appointment_answered"))


TEXTS = st.sampled_from(["5", "1", "2", "确认", "改期", "满意", "T-1 5", "T-2 1", "5, thanks", "hello", "1, but later"])
MINUTES = st.integers(0, 60)
QUESTIONS = st.lists(st.tuples(st.sampled_from([a_survey, an_appointment]), st.integers(1, 3), MINUTES), max_size=5)


@given(QUESTIONS, st.lists(st.tuples(TEXTS, MINUTES), max_size=6), st.randoms(use_true_random=False))
def test_any_repetition_and_order_has_at_most_one_effect_per_question(asked, said, chance):
    questions = [
        make(number, message_id=f"{make.__name__}-{number}-{minutes}", asked_at=later(minutes=minutes))
        for make, number, minutes in asked
    ]
    came = [a_reply(text, reply_id=f"sms/{n}", received_at=later(minutes=m)) for n, (text, m) in enumerate(said)]
    told_of = came * 3
    chance.shuffle(told_of)
    chance.shuffle(questions)
    desk = Desk(questions)
    for reply in told_of:
        desk.take(reply)

    assert set(desk.effects.values()) <= {1}
    assert set(desk.taken) == {reply.reply_id for reply in came}
    assert all(one.state in ("matched", "repeated", "ticket") for one in desk.taken.values())


@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_copies_of_one_answer_in_any_order_answer_once_and_leave_nothing_to_do(copies, chance):
    came = [a_reply("5", reply_id=f"sms/{n}", received_at=later(minutes=n + 1)) for n in range(copies)] * 2
    chance.shuffle(came)
    desk = Desk([a_survey(), an_appointment()])
    for reply in came:
        desk.take(reply)

    assert desk.effects == {"survey/W-1042/0": 1}
    assert Counter(one.state for one in desk.taken.values()) == Counter(matched=1, repeated=copies - 1)


def test_stop_needs_nothing_more_than_to_be_carried_out():
    state, kinds, events = told(replies.taken(a_reply("STOP"), Match("leave", "", Meaning("stop")), NOON))

    assert (state, kinds, events) == ("answered", ["reply_leaves"], [])
