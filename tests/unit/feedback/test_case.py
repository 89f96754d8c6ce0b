"""What happens to a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.feedback.domain.case import MOVES, Move, State, advance, answer, go_live, next_due, send_survey, withdraw
from services.feedback.errors import IllegalCaseMove, SurveyOver
from shared.events import Fact
from tests.unit.feedback.builders import MONDAY, an_awaited_case, an_open_case, days, resolution


def test_a_resolution_sends_one_survey_that_runs_out_after_the_configured_days():
    case, facts = send_survey(an_awaited_case(), MONDAY, resolution(), days=5, token_hash="hash")
    assert case.state is State.OPEN
    assert facts == [Fact("survey_due", MONDAY, {"resolved_at": MONDAY, "expires_at": MONDAY + days(5)})]


def test_a_case_is_named_by_its_work_order_and_round():
    assert an_awaited_case(round_=2).case_no == "W-0001/2"


def test_a_survey_belongs_to_the_team_and_priority_of_its_resolution():
    moved = resolution(team="database", priority="P1")
    case, _ = send_survey(an_awaited_case(), MONDAY, moved, days=5, token_hash="hash")
    assert (case.team, case.priority) == ("database", "P1")


def test_a_resolution_that_comes_twice_as_two_events_is_refused():
    with pytest.raises(IllegalCaseMove):
        send_survey(an_open_case(), MONDAY, resolution(), days=5, token_hash="hash")


def test_a_resolution_that_comes_after_its_reopening_sends_no_survey():
    withdrawn, _ = withdraw(an_awaited_case(), MONDAY, "still broken")
    case, facts = send_survey(withdrawn, MONDAY, resolution(), days=5, token_hash="hash")
    assert case.state is State.WITHDRAWN
    assert case.token_hash is None
    assert facts == [Fact("resolution_overtaken", MONDAY, {"resolved_at": MONDAY})]


@pytest.mark.parametrize("score", [3, 4, 5])
def test_a_good_score_closes_the_case_satisfied(score: int):
    at = MONDAY + days(1)
    case, facts = answer(an_open_case(), at, score, "谢谢 🙏", dissatisfied_at_most=2)
    assert (case.state, case.score, case.closed_at) == (State.SATISFIED, score, at)
    assert facts == [
        Fact("survey_answered", at, {"score": score, "comment": "谢谢 🙏"}),
        Fact("case_closed", at, {"outcome": "satisfied", "closed_at": at}),
    ]


@pytest.mark.parametrize("score", [1, 2])
def test_a_bad_score_makes_the_case_dissatisfied(score: int):
    at = MONDAY + days(1)
    case, facts = answer(an_open_case(), at, score, None, dissatisfied_at_most=2)
    assert case.state is State.DISSATISFIED
    assert facts == [
        Fact("survey_answered", at, {"score": score, "comment": None}),
        Fact("case_dissatisfied", at, {"score": score, "comment": None}),
    ]


def test_what_counts_as_dissatisfied_is_configured():
    case, _ = answer(an_open_case(), MONDAY, 3, None, dissatisfied_at_most=3)
    assert case.state is State.DISSATISFIED


def test_a_second_answer_is_refused():
    answered, _ = answer(an_open_case(), MONDAY, 5, None, dissatisfied_at_most=2)
    with pytest.raises(SurveyOver, match="over: satisfied"):
        answer(answered, MONDAY, 5, None, dissatisfied_at_most=2)


def test_no_answer_closes_the_case_at_the_instant_at_which_the_survey_ran_out():
    case, facts = advance(an_open_case(), MONDAY + days(90))
    due = MONDAY + days(5)
    assert (case.state, case.closed_at) == (State.EXPIRED, due)
    assert facts == [Fact("case_closed", due, {"outcome": "no_answer", "closed_at": due})]


def test_an_answer_at_the_instant_of_running_out_is_too_late():
    expired, _ = advance(an_open_case(), MONDAY + days(5))
    with pytest.raises(SurveyOver, match="over: expired"):
        answer(expired, MONDAY + days(5), 5, None, dissatisfied_at_most=2)


def test_nothing_is_due_a_moment_before_the_survey_runs_out():
    case = an_open_case()
    assert advance(case, MONDAY + days(4.99)) == (case, [])


def test_advancing_twice_changes_nothing_more():
    once, _ = advance(an_open_case(), MONDAY + days(6))
    assert advance(once, MONDAY + days(7)) == (once, [])


def test_only_an_open_case_has_a_timer():
    assert next_due(an_open_case()) == MONDAY + days(5)
    assert [next_due(replace(an_open_case(), state=state)) for state in State if state is not State.OPEN] == [None] * 5


def test_reopened_work_withdraws_its_open_survey():
    case, facts = withdraw(an_open_case(), MONDAY + days(1), "still broken")
    assert case.state is State.WITHDRAWN
    assert facts == [Fact("case_withdrawn", MONDAY + days(1), {"reason": "still broken"})]
    with pytest.raises(SurveyOver, match="over: withdrawn"):
        answer(case, MONDAY + days(2), 5, None, dissatisfied_at_most=2)


@pytest.mark.parametrize("state", [State.SATISFIED, State.DISSATISFIED, State.EXPIRED, State.WITHDRAWN])
def test_a_case_that_has_ended_stays_as_it_is_when_the_work_is_reopened(state: State):
    ended = replace(an_open_case(), state=state)
    assert withdraw(ended, MONDAY, "again") == (ended, [])


def test_going_live_ends_the_replay():
    case, facts = go_live(replace(an_open_case(), replay_until=MONDAY + days(2)), MONDAY + days(2))
    assert case.replay_until is None
    assert facts == [Fact("case_went_live", MONDAY + days(2))]


def test_nothing_leads_out_of_an_end():
    ends = (State.SATISFIED, State.DISSATISFIED, State.EXPIRED, State.WITHDRAWN)
    assert {after for (before, _), after in MOVES.items() if before in ends and before is not after} == set()


def test_every_state_bears_a_withdrawal_since_it_may_come_at_any_time():
    assert {before for before, move in MOVES if move is Move.WITHDRAW} == set(State)
