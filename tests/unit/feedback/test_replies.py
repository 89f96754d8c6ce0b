"""Answers to surveys that come by message."""

from services.feedback.domain.case import State, answer, take_reply
from tests.unit.feedback.builders import MONDAY, an_open_case, days


def taken(case, score, comment=None):
    """The state and score of the case, the facts' types, why it was not taken."""
    case, facts = take_reply(case, MONDAY + days(1), "sms/1", score, comment, 2)
    return case.state, case.score, [fact.type for fact in facts], facts[-1].data["why"]


def test_a_good_score_closes_the_loop():
    assert taken(an_open_case(), 5) == (State.SATISFIED, 5, ["survey_answered", "case_closed", "reply_settled"], None)


def test_a_low_score_has_the_work_reopened():
    assert taken(an_open_case(), 2)[2] == ["survey_answered", "case_dissatisfied", "reply_settled"]


def test_the_first_answer_stands_and_another_one_is_told_back():
    answered, _ = answer(an_open_case(), MONDAY + days(1), 5, "thanks", 2)

    assert taken(answered, 1) == (State.SATISFIED, 5, ["reply_settled"], "satisfied")


def test_the_same_answer_by_another_way_is_repeated():
    answered, _ = answer(an_open_case(), MONDAY + days(1), 5, "thanks", 2)

    assert [taken(answered, 5, comment)[3] for comment in (None, "thanks", "but")] == [
        "repeated",
        "repeated",
        "satisfied",
    ]
