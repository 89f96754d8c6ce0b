"""To which question a reply is bound."""

from dataclasses import replace
from datetime import timedelta

from services.notify.domain.matching import Question, bind
from services.notify.domain.reading import KINDS, Meaning, read
from services.notify.reference.replies import usual
from tests.unit.notify.builders import NOON

WORDS = usual().words


def later(**time):
    return NOON + timedelta(**time)


def a_survey(number=1042, **given):
    known = Question(
        message_id=f"survey-{number}",
        kind="survey",
        key=f"W-{number}/0",
        ticket_no=f"T-{number}",
        order_no=f"W-{number}",
        recipient="customer:c-7",
        asked_at=NOON,
        answer_by=later(days=5),
    )
    return replace(known, **given)


def an_appointment(number=1042, **given):
    return a_survey(number, **{"message_id": f"visit-{number}", "kind": "appointment", "key": f"W-{number}/1", **given})


def bound(text, *questions, at=None, allowed=KINDS):
    return bind(read(text, WORDS), questions, at or later(hours=1), allowed)


def outcome(*args, **given):
    match = bound(*args, **given)
    return match.outcome, match.question.message_id if match.question else match.why


def test_the_only_open_question_that_the_text_fits_is_answered():
    assert outcome("5", a_survey()) == ("answer", "survey-1042")


def test_a_text_that_fits_only_one_of_two_questions_answers_that():
    assert outcome("5", a_survey(), an_appointment()) == ("answer", "survey-1042")
    assert outcome("确认", a_survey(), an_appointment()) == ("answer", "visit-1042")


def test_a_text_that_fits_two_questions_is_for_a_person_who_is_told_of_both():
    match = bound("1", a_survey(), an_appointment())

    assert (match.outcome, match.why) == ("person", "fits_several")
    assert {one.message_id for one in match.might} == {"survey-1042", "visit-1042"}


def test_a_ticket_number_says_which_of_two_is_meant():
    assert outcome("T-7 5", a_survey(7), a_survey(8)) == ("answer", "survey-7")


def test_a_short_code_that_takes_no_surveys_leaves_the_appointment():
    assert outcome("1", a_survey(), an_appointment(), allowed=("appointment",)) == ("answer", "visit-1042")


def test_the_same_question_by_a_second_channel_is_one():
    again = a_survey(message_id="by-mail", asked_at=later(minutes=9))

    assert outcome("5", again, a_survey()) == ("answer", "survey-1042")


def test_what_was_asked_after_the_reply_is_not_what_it_answers():
    assert outcome("5", a_survey(asked_at=later(hours=2))) == ("person", "nothing_asked")


def test_clocks_may_differ_by_two_seconds():
    assert outcome("5", a_survey(asked_at=later(hours=1, seconds=2))) == ("answer", "survey-1042")
    assert outcome("5", a_survey(asked_at=later(hours=1, seconds=3))) == ("person", "nothing_asked")


def test_a_question_may_be_answered_until_its_time():
    assert outcome("5", a_survey(), at=later(days=5)) == ("answer", "survey-1042")
    assert outcome("5", a_survey(), at=later(days=5, seconds=1)) == ("person", "too_late")


def test_an_answered_question_is_answered_once():
    given = a_survey(given=Meaning("survey", "5"))

    assert bound("5", given).outcome == "repeated"
    assert bound("非常满意", given).outcome == "repeated"
    assert outcome("4", given) == ("person", "answered_otherwise")


def test_a_comment_that_was_not_there_is_not_lost():
    given = a_survey(given=Meaning("survey", "5", "thanks"))

    assert bound("5, thanks", given).outcome == "repeated"
    assert outcome("5, but it leaks again", given) == ("person", "answered_otherwise")


def test_another_appointment_is_in_place_of_the_one_before():
    changed = an_appointment(key="W-1042/2", message_id="visit-2", asked_at=later(minutes=30))

    assert outcome("1", an_appointment(), changed) == ("answer", "visit-2")
    assert outcome("1", an_appointment(), changed, at=later(minutes=10)) == ("answer", "visit-1042")


def test_an_answer_to_the_round_before_that_comes_again_is_no_answer_to_the_next():
    before = a_survey(given=Meaning("survey", "1"))
    following = a_survey(key="W-1042/1", message_id="survey-round-1", asked_at=later(hours=3))

    assert outcome("1", before, following, at=later(hours=1)) == ("repeated", "survey-1042")
    assert outcome("1", before, following, at=later(hours=4)) == ("answer", "survey-round-1")


def test_a_confirmation_on_a_condition_is_for_a_person():
    assert outcome("confirm, but after three", an_appointment()) == ("person", "with_a_condition")


def test_what_is_not_understood_is_for_a_person_who_is_told_what_was_asked():
    match = bound("whatever you say", a_survey())

    assert (match.outcome, match.why, [one.message_id for one in match.might]) == (
        "person",
        "not_understood",
        ["survey-1042"],
    )


def test_stop_start_and_a_question_for_a_status_need_no_question_of_ours():
    assert [bound(text, a_survey()).outcome for text in ("STOP", "START", "T-7")] == ["leave", "return", "ask"]


def test_a_short_code_that_takes_no_stop_leaves_it_to_a_person():
    assert bound("STOP", allowed=("survey",)).outcome == "person"
