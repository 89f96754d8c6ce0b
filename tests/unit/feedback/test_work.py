"""The read model: any order and any repetition of an order's events give the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.work import Work, counts, fold
from shared.events import Event
from tests.unit.feedback.builders import MONDAY, an_event

EMPTY = Work(order_no="W-0001")
LATER = MONDAY + timedelta(days=1)

OPENED = an_event("work_opened", 1, opened_at=MONDAY, first_response_due=LATER, resolution_due=LATER)
RESPONDED = an_event("work_responded", 3, responded_at=MONDAY, due=LATER, met=True)
RESPONDED_LATE = an_event("work_responded", 3, responded_at=MONDAY, due=LATER, met=False)
RESPONSE_MISSED = an_event("deadline_missed", 2, clock="first_response", due=LATER)
TRANSFERRED = an_event("work_transferred", 4, team="database", from_team="network")
PRIORITISED = an_event("work_prioritised", 11, priority="P1", before="P2", after="P1", team="database")
RESOLUTION_MISSED = an_event("deadline_missed", 5, clock="resolution", due=LATER, team="database")
RESOLVED = an_event("work_resolved", 6, resolved_at=MONDAY, due=LATER, met=True, solution="-", team="database")
RESOLVED_LATE = an_event("work_resolved", 6, resolved_at=LATER, due=MONDAY, met=False, team="database")
SURVEYED = an_event("survey_due", 1, source="feedback", expires_at=LATER, token="-")
COMPLAINED = an_event("survey_answered", 2, source="feedback", score=1, comment=None)
REOPENED = an_event("work_reopened", 7, reason="-", cause="dissatisfied", team="database", round=1)
RESOLVED_AGAIN = an_event("work_resolved", 8, resolved_at=MONDAY, due=LATER, met=True, team="database", round=1)
SURVEYED_AGAIN = an_event("survey_due", 1, source="feedback", expires_at=LATER, round=1)
PRAISED = an_event("survey_answered", 2, source="feedback", score=5, comment=None, round=1)
CLOSED = an_event("work_closed", 9, closed_at=LATER, outcome="satisfied", team="database", priority="P1", round=1)

STORY = [
    OPENED,
    RESPONSE_MISSED,
    RESPONDED_LATE,
    TRANSFERRED,
    RESOLUTION_MISSED,
    RESOLVED_LATE,
    SURVEYED,
    COMPLAINED,
    REOPENED,
    RESOLVED_AGAIN,
    SURVEYED_AGAIN,
    PRAISED,
    CLOSED,
    PRIORITISED,
    an_event("step_completed", 12, visit=1, due=LATER, met=True),
    an_event("deadline_missed", 13, clock="step", visit=2, due=LATER),
    an_event("step_completed", 14, visit=2, due=LATER, met=False),
    an_event("step_completed", 15, visit=3, due=None, met=None),
    an_event("deadline_missed", 16, clock="step", visit=4, due=LATER),
    an_event("deadline_missed", 17, clock="group", due=LATER),
    an_event("deadline_missed", 18, clock="next_update", due=LATER),
    an_event("deadline_missed", 19, clock="next_update", due=LATER + timedelta(days=1)),
]


def folded(*events: Event) -> Work:
    work = EMPTY
    for event in events:
        work = fold(work, event)
    return work


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY)), st.randoms(use_true_random=False))
def test_any_order_with_any_repetition_gives_the_same_work(shuffled, repeated, random):
    events = [*shuffled, *repeated]
    random.shuffle(events)
    assert folded(*events) == folded(*STORY)


@given(st.lists(st.sampled_from(STORY), min_size=1))
def test_a_repetition_right_after_changes_nothing(events):
    work = folded(*events)
    assert fold(work, events[-1]) == work


def test_the_newest_event_of_dispatch_says_which_team_and_priority_the_work_has():
    work = folded(CLOSED, OPENED, TRANSFERRED)
    assert (work.conditions["team"], work.conditions["priority"], work.newest) == ("database", "P1", 9)


def test_a_newer_priority_moves_the_work_and_an_older_one_does_not():
    assert folded(OPENED, PRIORITISED).conditions["priority"] == "P1"
    assert folded(PRIORITISED, RESOLVED).conditions["priority"] == "P1"


def test_work_is_measured_as_what_the_experts_say_it_is():
    triaged = an_event("work_triaged", 2, type="complaint", category="account", priority="P1", team="accounts")
    known = folded(OPENED, triaged).conditions
    assert {name: known[name] for name in ("type", "category", "priority", "team")} == {
        "type": "complaint",
        "category": "account",
        "priority": "P1",
        "team": "accounts",
    }


def test_a_step_is_met_or_missed_once_a_visit():
    first, again = (an_event("step_completed", 10 + visit, visit=visit, due=LATER, met=True) for visit in (1, 2))
    assert counts(folded(first, again, first))["steps_met"] == 2
    missed = an_event("deadline_missed", 20, clock="step", visit=2, due=MONDAY)
    late = an_event("step_completed", 21, visit=2, due=MONDAY, met=False)
    assert [counts(folded(*some))["steps_missed"] for some in ([missed], [late], [missed, late])] == [1, 1, 1]


def test_a_step_without_a_limit_is_neither_met_nor_missed():
    free = counts(folded(an_event("step_completed", 12, visit=1, due=None, met=None)))
    assert (free["steps_met"], free["steps_missed"]) == (0, 0)


def test_a_missed_step_is_no_missed_resolution():
    missed = counts(folded(an_event("deadline_missed", 13, clock="step", visit=2, due=LATER)))
    assert {name for name, count in missed.items() if count} == {"opened", "steps_missed"}


def test_an_event_of_a_case_says_nothing_of_the_works_conditions():
    assert folded(OPENED, an_event("survey_due", 40, source="feedback", expires_at=LATER, team="old")).conditions == (
        folded(OPENED).conditions
    )


def test_a_story_is_counted():
    ones = {name: value for name, value in counts(folded(*STORY)).items() if value}
    assert ones == {
        "opened": 1,
        "response_missed": 1,
        "resolution_missed": 1,
        "steps_met": 1,
        "steps_missed": 2,
        "missed_update": 1,
        "missed_group": 1,
        "resolved": 1,
        "reopened": 1,
        "closed": 1,
        "surveyed": 2,
        "score_1": 1,
        "score_5": 1,
    }


def test_work_that_was_only_opened_counts_as_neither_met_nor_missed():
    assert {name for name, value in counts(folded(OPENED)).items() if value} == {"opened"}


def test_a_first_response_in_time_is_met():
    assert counts(folded(OPENED, RESPONDED))["response_met"] == 1


def test_a_deadline_that_passed_counts_as_missed_though_nobody_has_answered_yet():
    assert counts(folded(OPENED, RESPONSE_MISSED))["response_missed"] == 1


def test_a_miss_that_another_priority_took_back_is_none_once_the_promise_is_kept():
    response, resolution = counts(folded(RESPONSE_MISSED, RESPONDED)), counts(folded(RESOLUTION_MISSED, RESOLVED))
    assert (response["response_met"], response["response_missed"]) == (1, 0)
    assert (resolution["resolution_met"], resolution["resolution_missed"]) == (1, 0)


def test_a_miss_of_an_open_round_counts_whatever_the_round_before_was():
    missed_again = an_event("deadline_missed", 9, clock="resolution", due=LATER, round=1)
    assert counts(folded(RESOLUTION_MISSED, RESOLVED, REOPENED))["resolution_missed"] == 0
    assert counts(folded(RESOLUTION_MISSED, RESOLVED, REOPENED, missed_again))["resolution_missed"] == 1


def test_a_resolution_late_in_any_round_is_a_missed_resolution():
    late = an_event("work_resolved", 8, resolved_at=LATER, due=MONDAY, met=False, round=1)
    assert counts(folded(RESOLVED, REOPENED, late))["resolution_missed"] == 1
    assert counts(folded(RESOLVED, REOPENED, late))["resolution_met"] == 0


def test_reopened_work_is_no_resolution_in_time_until_its_last_round_is_resolved_too():
    again = an_event("work_resolved", 8, resolved_at=LATER, due=LATER, met=True, round=1)
    assert counts(folded(RESOLVED))["resolution_met"] == 1
    assert counts(folded(RESOLVED, REOPENED))["resolution_met"] == 0
    assert counts(folded(RESOLVED, REOPENED, again))["resolution_met"] == 1


def test_work_that_was_reopened_after_its_closing_is_not_closed():
    closed_first = an_event("work_closed", 7, closed_at=LATER, outcome="no_answer")
    reopened = an_event("work_reopened", 8, reason="-", cause="customer", round=1)
    assert counts(folded(closed_first))["closed"] == 1
    assert counts(folded(reopened, closed_first))["closed"] == 0


def test_an_answer_that_overtakes_its_survey_counts_as_one_survey():
    assert counts(folded(COMPLAINED))["surveyed"] == 1
    assert counts(folded(COMPLAINED, SURVEYED))["surveyed"] == 1


def test_work_belongs_to_no_period_until_its_opening_is_known():
    assert folded(RESOLVED).opened_at is None
    assert folded(RESOLVED, OPENED).opened_at == MONDAY
