"""What speaks for a candidate."""

import pytest

from services.dispatch.domain.assigning.assignment import PARTS
from services.dispatch.domain.assigning.choice import choose
from services.dispatch.domain.assigning.score import parts_of, scoring
from tests.unit.dispatch.assigning.builders import a_candidate, a_task, ago, weighing
from tests.unit.dispatch.builders import after


def part(name, *, candidate=None, most_units=0, **task):
    """That part of the candidate's score."""
    return parts_of(a_task(**task), a_candidate(**candidate or {}), most_units)[PARTS.index(name)]


@pytest.mark.parametrize(
    ("duty_until", "due", "expected"),
    [
        (None, after(hours=4), 1.0),
        (after(hours=1), None, 1.0),
        (after(hours=1), ago(hours=1), 1.0),
        (after(hours=1), after(), 1.0),
        (after(hours=8), after(hours=4), 1.0),
        (after(hours=4), after(hours=4), 1.0),
        (after(hours=1), after(hours=4), 0.25),
        (after(), after(hours=4), 0.0),
        (ago(hours=1), after(hours=4), 0.0),
    ],
)
def test_slack_is_the_share_of_the_time_left_that_the_duty_lasts(duty_until, due, expected):
    assert part("deadline_slack", candidate={"duty_until": duty_until}, due=due) == expected


@pytest.mark.parametrize(("load", "expected"), [(0, 1.0), (5, 0.5), (10, 0.0), (12, 0.0)])
def test_load_is_the_free_share_of_the_capacity(load, expected):
    assert part("load", candidate={"load": load}) == expected


def test_without_capacity_no_share_is_free():
    assert part("load", candidate={"capacity": 0}) == 0.0


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, 1.0),
        (ago(hours=9), 1.0),
        (ago(hours=8), 1.0),
        (ago(hours=2), 0.25),
        (after(), 0.0),
        (after(hours=1), 0.0),
    ],
)
def test_eight_hours_without_new_work_are_as_idle_as_can_be(last, expected):
    assert part("idle", candidate={"last_assigned_at": last}) == expected


@pytest.mark.parametrize(("times", "expected"), [(0, 0.0), (1, 1 / 3), (3, 1.0), (50, 1.0)])
def test_three_times_is_to_know_the_customer(times, expected):
    assert part("knows_customer", candidate={"knows_customer": times}) == expected


@pytest.mark.parametrize(("times", "expected"), [(0, 0.0), (5, 0.25), (20, 1.0), (500, 1.0)])
def test_twenty_times_is_to_know_the_matter(times, expected):
    assert part("knows_matter", candidate={"knows_matter": times}) == expected


@pytest.mark.parametrize(
    ("skill", "level", "expected"), [(None, 5, 1.0), ("network", 2, 1.0), ("network", 3, 0.5), ("network", 5, 0.25)]
)
def test_the_closer_the_level_is_to_what_is_asked_for_the_better_it_fits(skill, level, expected):
    assert part("skill_fit", candidate={"level": level}, skill=skill, level=2) == expected


@pytest.mark.parametrize(("units", "most", "expected"), [(0, 0, 1.0), (0, 8, 1.0), (2, 8, 0.75), (8, 8, 0.0)])
def test_fairness_is_against_who_was_given_most_in_this_duty(units, most, expected):
    assert part("fairness", candidate={"shift_units": units}, most_units=most) == expected


def test_who_is_excluded_does_not_count_for_fairness():
    most, other = a_candidate("a", shift_units=100, status="away"), a_candidate("b", shift_units=4)
    [first, *_] = choose(a_task(), [most, other], weighing(fairness=1)).ranked

    assert (first.agent_id, first.score) == ("b", 0.0)


def test_a_score_is_the_weighted_mean_of_the_parts():
    score = scoring(weighing(load=3, idle=1))

    assert score((1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0)) == 0.625


def test_weights_count_against_each_other_only():
    parts = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)

    assert scoring(weighing(load=1, fairness=4))(parts) == scoring(weighing(load=0.25, fairness=1))(parts)


def test_a_score_has_nine_digits():
    assert scoring(weighing(knows_customer=1))((0, 0, 0, 1 / 3, 0, 0, 0)) == 0.333333333
