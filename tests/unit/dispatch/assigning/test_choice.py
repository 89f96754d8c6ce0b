"""Who gets the work."""

from itertools import permutations

import pytest

from services.dispatch.domain.assigning.choice import Ranked, choose
from tests.unit.dispatch.assigning.builders import (
    a_candidate,
    a_task,
    ago,
    chosen,
    declared,
    order_of,
    weighing,
)

FREE, AWAY = a_candidate("free", load=5), a_candidate("away", status="away")


def test_the_least_loaded_gets_it_where_no_weights_are_declared():
    assert chosen([a_candidate("a", load=4), a_candidate("b", load=2)]) == ("b", "best_score")


def test_the_free_share_counts_and_not_the_load():
    assert order_of([a_candidate("a", load=2, capacity=4), a_candidate("b", load=3, capacity=10)]) == ["b", "a"]


def test_nobody_gets_what_all_are_excluded_from():
    assert chosen([AWAY, a_candidate("full", load=10)]) == (None, "best_score")


def test_of_nobody_nobody_is_chosen():
    choice = choose(a_task(), [], declared())

    assert (choice.agent_id, choice.ranked, choice.cause) == (None, (), "nobody serves it")


def test_equals_are_told_apart_by_who_has_gone_longest_without_new_work_and_who_never_had_any_is_first():
    team = [
        a_candidate("a", last_assigned_at=ago(hours=1)),
        a_candidate("b", last_assigned_at=ago(hours=2)),
        a_candidate("c", last_assigned_at=None),
    ]

    assert order_of(team) == ["c", "b", "a"]


def test_what_is_the_same_in_everything_goes_by_the_id():
    assert order_of([a_candidate("b"), a_candidate("a"), a_candidate("c")]) == ["a", "b", "c"]


def test_who_let_fewer_offers_lapse_comes_before_a_better_score():
    assert order_of([a_candidate("a", lapsed=1), a_candidate("b", load=9), a_candidate("c", lapsed=2)]) == [
        "b",
        "a",
        "c",
    ]


def test_who_is_just_given_other_work_comes_last_but_is_not_excluded():
    assert order_of([a_candidate("a", contended=True), a_candidate("b", load=9, lapsed=3)]) == ["b", "a"]
    assert chosen([a_candidate("a", contended=True), AWAY]) == ("a", "best_score")


def test_the_order_of_the_candidates_does_not_matter():
    team = [a_candidate("a", load=3), a_candidate("b", load=1), a_candidate("c", load=10), a_candidate("d", load=1)]

    assert len({choose(a_task(), order, declared()) for order in permutations(team)}) == 1


def test_every_candidate_is_ranked_with_its_limits_or_its_parts():
    choice = choose(a_task(), [AWAY, FREE], weighing(load=1))

    assert choice.ranked == (
        Ranked("free", (), (1.0, 0.5, 1.0, 0.0, 0.0, 1.0, 1.0), 0.5, 1),
        Ranked("away", ("presence",)),
    )


@pytest.mark.parametrize(
    ("weights", "first"),
    [
        ({"deadline_slack": 1}, "stays"),
        ({"load": 1}, "idle"),
        ({"idle": 1}, "idle"),
        ({"knows_customer": 1}, "friend"),
        ({"knows_matter": 1}, "expert"),
        ({"skill_fit": 1}, "fits"),
        ({"fairness": 1}, "fresh"),
        ({"knows_customer": 1, "load": 4}, "idle"),
        ({"knows_customer": 1, "load": 3}, "friend"),
    ],
)
def test_weights_decide_what_counts(weights, first):
    usual = {"load": 4, "level": 5, "last_assigned_at": ago(hours=1), "shift_units": 9, "duty_until": ago(hours=-1)}
    team = [
        a_candidate("stays", **{**usual, "duty_until": None}),
        a_candidate("idle", **{**usual, "load": 1, "last_assigned_at": ago(hours=5)}),
        a_candidate("friend", **usual, knows_customer=3),
        a_candidate("expert", **usual, knows_matter=20),
        a_candidate("fits", **{**usual, "level": 2}),
        a_candidate("fresh", **{**usual, "shift_units": 0}),
    ]

    assert chosen(team, weighing(**weights), skill="network", level=2, due=ago(hours=-4)) == (first, "best_score")


# wishes


def test_who_is_wished_for_comes_before_a_better_score():
    assert chosen([FREE, a_candidate("best")], wish="free", wish_rule="former_agent") == ("free", "former_agent")


def test_a_wish_without_a_rule_is_a_wish():
    assert chosen([FREE, a_candidate("best")], wish="free") == ("free", "wished")


def test_who_is_wished_for_but_excluded_leaves_it_to_the_others():
    assert chosen([FREE, AWAY], wish="away", wish_rule="wished") == ("free", "best_score")


def test_who_is_wished_for_but_no_candidate_leaves_it_to_the_others():
    assert chosen([FREE], wish="stranger", wish_rule="wished") == ("free", "best_score")


def test_only_one_wished_for_means_that_one_or_nobody():
    assert chosen([FREE, AWAY], wish="away", wish_rule="reassigned", only=True) == (None, "reassigned")


def test_a_supervisor_may_override_every_limit_but_one():
    unfit = a_candidate("unfit", serves=False, status="away", declined=True, load=10)
    asked = {"wish": "unfit", "wish_rule": "reassigned", "only": True}

    assert chosen([FREE, unfit], **asked) == (None, "reassigned")
    assert chosen([FREE, unfit], **asked, override="knows the site") == ("unfit", "reassigned")


def test_a_complaint_never_goes_to_its_subject():
    subject = a_candidate("subject", subject=True)
    asked = {"wish": "subject", "wish_rule": "reassigned", "only": True, "override": "nobody else"}

    assert chosen([subject], **asked) == (None, "reassigned")


def test_who_is_no_candidate_cannot_be_given_it_by_overriding():
    assert chosen([FREE], wish="stranger", override="I say so") == ("free", "best_score")


# rules


def test_the_agent_whom_the_step_names_has_it_by_name():
    assert chosen([FREE], named="free") == ("free", "named_by_the_step")


def test_who_stands_in_has_it_as_a_stand_in():
    assert chosen([a_candidate("b", stands_in_for="a")], named="a") == ("b", "stand_in")


def test_who_asks_for_work_has_it_by_asking():
    assert chosen([a_candidate("a", status="busy")], pull=True) == ("a", "pulled")
    assert chosen([a_candidate("a", status="away")], pull=True) == (None, "pulled")


# why nobody


def test_the_cause_is_all_that_excludes_those_who_serve_it():
    team = [AWAY, a_candidate("full", load=10), a_candidate("off", status="off_shift"), a_candidate("x", serves=False)]

    assert choose(a_task(), team, declared()).cause == "shift, presence, capacity"


def test_where_nobody_serves_it_that_is_the_cause():
    assert choose(a_task(), [a_candidate("x", serves=False, load=10)], declared()).cause == "nobody serves it"


def test_the_limits_of_an_agent_can_be_asked_and_a_stranger_does_not_serve():
    choice = choose(a_task(), [FREE, AWAY], declared())

    assert [choice.limits_of(who) for who in ("free", "away", "stranger")] == [(), ("presence",), ("serves",)]
