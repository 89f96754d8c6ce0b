"""The figures, each with what it was made of."""

from __future__ import annotations

from typing import Any

from services.feedback.domain.kpi import ADDENDS, report
from services.feedback.domain.reference import FollowUp, Target


def a_row(team: str = "network", priority: str = "P2", **sums: int) -> dict[str, Any]:
    return {"team": team, "priority": priority, **dict.fromkeys(ADDENDS, 0), **sums}


def total(*rows: dict[str, Any], reference: FollowUp | None = None) -> dict[str, Any]:
    return report(rows, reference or FollowUp())["total"]


def opened(groups: dict[str, Any]) -> dict[str, int]:
    return {name: group["orders"]["opened"] for name, group in groups.items()}


def test_satisfaction_is_the_share_of_answers_above_the_dissatisfied_scores():
    figure = total(a_row(score_1=1, score_2=1, score_3=2, score_5=4))["satisfaction"]
    assert figure == {"value": 0.75, "numerator": 6, "denominator": 8, "target": None, "met": None}


def test_the_mean_score_shows_its_points_and_answers():
    figure = total(a_row(score_1=1, score_5=2))["mean_score"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == (3.6667, 11, 3)


def test_the_answer_rate_is_answers_by_surveys_sent():
    figure = total(a_row(surveyed=4, score_5=1))["answer_rate"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == (0.25, 1, 4)


def test_attainment_is_met_by_met_and_missed():
    groups = total(a_row(opened=5, response_met=3, response_missed=1, resolution_met=1, resolution_missed=1))
    assert (groups["first_response"]["numerator"], groups["first_response"]["denominator"]) == (3, 4)
    assert (groups["resolution"]["numerator"], groups["resolution"]["denominator"]) == (1, 2)


def test_steps_are_met_by_met_and_missed():
    figure = total(a_row(steps_met=6, steps_missed=2))["step"]
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (6, 8, 0.75)


def test_orders_that_missed_an_update_or_a_group_are_counted_beside_the_figures():
    orders = total(a_row(opened=5, missed_update=2, missed_group=1), a_row(opened=1, missed_group=1))["orders"]
    assert (orders["missed_update"], orders["missed_group"]) == (2, 2)


def test_attainment_of_each_promise_is_told_by_priority():
    rows = [a_row("network", "P1", resolution_met=1), a_row("database", "P1", resolution_missed=1), a_row(steps_met=2)]
    groups = report(rows, FollowUp())["by_priority"]
    assert (groups["P1"]["resolution"]["numerator"], groups["P1"]["resolution"]["denominator"]) == (1, 2)
    assert (groups["P2"]["step"]["numerator"], groups["P1"]["step"]["denominator"]) == (2, 0)


def test_the_reopen_rate_is_reopened_by_resolved():
    assert total(a_row(resolved=10, reopened=1))["reopen_rate"]["value"] == 0.1


def test_a_figure_of_nothing_has_no_value_and_meets_no_target():
    empty = total(reference=FollowUp(targets={"satisfaction": Target(at_least=0.9)}))["satisfaction"]
    assert empty == {"value": None, "numerator": 0, "denominator": 0, "target": {"at_least": 0.9}, "met": None}


def test_a_figure_says_whether_it_keeps_its_promise():
    reference = FollowUp(targets={"reopen_rate": Target(at_most=0.05), "first_response": Target(at_least=0.95)})
    groups = total(a_row(resolved=10, reopened=1, response_met=19, response_missed=1), reference=reference)
    assert (groups["reopen_rate"]["met"], groups["first_response"]["met"]) == (False, True)


def test_a_promise_is_held_against_the_exact_value_not_the_rounded_one():
    reference = FollowUp(targets={"satisfaction": Target(at_least=0.66667)})
    assert total(a_row(score_5=2, score_1=1), reference=reference)["satisfaction"]["met"] is False


def test_figures_come_in_total_by_team_and_by_priority():
    rows = [a_row("network", "P1", opened=1), a_row("network", "P2", opened=2), a_row("database", "P2", opened=4)]
    figures = report(rows, FollowUp())
    assert figures["total"]["orders"]["opened"] == 7
    assert opened(figures["by_team"]) == {"database": 4, "network": 3}
    assert opened(figures["by_priority"]) == {"P1": 1, "P2": 6}


def test_the_threshold_of_satisfaction_is_configured_and_shown():
    figures = report([a_row(score_3=1, score_4=1)], FollowUp(dissatisfied_at_most=3))
    assert figures["satisfied_from"] == 4
    assert figures["total"]["satisfaction"]["numerator"] == 1
