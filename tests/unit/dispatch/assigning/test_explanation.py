"""Why it was this agent, in words."""

import pytest

from services.dispatch.domain.assigning.explanation import explanation
from services.dispatch.domain.assigning.record import digest
from tests.unit.dispatch.assigning.builders import LEAST_LOADED, a_candidate, ago, declared, recorded, weighing
from tests.unit.dispatch.builders import NINE

INTERNS = declared(roles={"intern": {"may": "type == 'enquiry'"}})


def explained(candidates, rules=LEAST_LOADED, *, pull=False, **task):
    """The explanation of such a choice, from its record."""
    return explanation(recorded(candidates, rules, pull=pull, **task)[1], rules)


def lines(candidates, rules=LEAST_LOADED, **task):
    return [one["said"] for one in explained(candidates, rules, **task)["candidates"]]


def decided(candidates, rules=LEAST_LOADED, *, pull=False, **task):
    told = explained(candidates, rules, pull=pull, **task)["decided"]
    return told["by"], told["said"]


@pytest.mark.parametrize(
    ("candidate", "task", "why"),
    [
        ({"load": 10}, {"units": 4}, "capacity (load 10 + 4 units > 10)"),
        ({"load": 10}, {}, "capacity (load 10 + 1 unit > 10)"),
        ({"level": 2}, {"skill": "network", "level": 4}, "level (network 2 < 4)"),
        ({"role": "specialist"}, {"role": "expert"}, "role (specialist, asked for is expert)"),
        ({"role": "intern"}, {}, "role (intern: roles.intern.may does not hold)"),
        ({"languages": ("en", "de")}, {"language": "zh-CN"}, "language (speaks en, de, not zh-CN)"),
        ({"channels": ("phone",)}, {"channel": "app"}, "channel (takes phone, not app)"),
        ({"status": "off_shift"}, {}, "shift (off shift)"),
        ({"status": "away"}, {}, "presence (away)"),
        ({"handed_over_to": "it.07"}, {}, "handed_over (to it.07)"),
        ({"subject": True}, {}, "subject (the work is about this agent)"),
        ({"declined": True}, {}, "declined (has declined this work)"),
        ({"kind_open": 2, "kind_limit": 2}, {}, "kind (has 2 of type fault, at most 2 at once)"),
        ({"serves": False}, {}, "serves (not whom the step asks for: it)"),
        ({"serves": False}, {"named": "it.07"}, "serves (not whom the step asks for: it, it.07)"),
        (
            {"serves": False, "role": "expert", "level": 5},
            {"role": "expert", "skill": "network", "level": 4},
            "serves (not whom the step asks for: it, expert, network 4)",
        ),
    ],
)
def test_each_limit_is_told_with_its_figures(candidate, task, why):
    assert lines([a_candidate("it.02", **candidate)], INTERNS, **task) == [f"it.02: excluded: {why}"]


def test_all_limits_of_a_candidate_are_told():
    assert lines([a_candidate("it.02", status="away", load=10)]) == [
        "it.02: excluded: presence (away), capacity (load 10 + 1 unit > 10)"
    ]


def test_a_score_is_told_by_the_parts_that_count():
    team = [a_candidate("it.01", load=2, last_assigned_at=ago(hours=2)), a_candidate("it.02", load=8, lapsed=1)]

    assert lines(team, weighing(load=3, idle=1)) == [
        "it.01: place 1, score 0.662: load 0.800 × 3, idle 0.250 × 1",
        "it.02: place 2, score 0.400: load 0.200 × 3, idle 1.000 × 1; 1 offers lapsed",
    ]


def test_a_candidate_is_told_in_figures_too():
    told = explained([a_candidate("it.01", load=2, last_assigned_at=NINE)])["candidates"][0]

    assert {name: value for name, value in told.items() if name != "said"} == {
        "agent": "it.01",
        "chosen": True,
        "place": 1,
        "score": 0.8,
        "parts": {
            "deadline_slack": 1.0,
            "load": 0.8,
            "idle": 0.0,
            "knows_customer": 0.0,
            "knows_matter": 0.0,
            "skill_fit": 1.0,
            "fairness": 1.0,
        },
        "excluded": [],
        "lapsed": 0,
        "contended": False,
        "last_assigned_at": NINE,
        "stands_in_for": None,
    }


@pytest.mark.parametrize(
    ("one", "other", "by", "said"),
    [
        ({}, {"load": 5}, "score", "a before b: the higher score (1 > 0.5)"),
        ({}, {"lapsed": 2}, "lapsed", "a before b: let fewer offers lapse (0 < 2)"),
        ({}, {"contended": True}, "contended", "a before b, which is being given other work at this moment"),
        (
            {"last_assigned_at": ago(hours=2)},
            {"last_assigned_at": ago(hours=1)},
            "waited_longest",
            "a before b: the same score, but longer without new work",
        ),
        ({}, {}, "agent_id", "a before b: the same in everything, so the id decides"),
        ({}, {"load": 10}, "only_one", "a is the only one whom no limit excludes"),
    ],
)
def test_what_decided_between_the_first_two_is_told(one, other, by, said):
    assert decided([a_candidate("a", **one), a_candidate("b", **other)]) == (by, said)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("wished", "was asked for"),
        ("former_agent", "had this work before"),
        ("agent_of_the_step_before", "did the step before"),
        ("reassigned", "was named by a supervisor"),
        ("pulled", "asked for its next work"),
    ],
)
def test_a_wish_is_told_by_its_rule(rule, why):
    team = [a_candidate("a"), a_candidate("b", load=5)]

    assert decided(team, wish="b", wish_rule=rule) == ("wish", f"b {why}, and no limit excludes it")


def test_a_wish_that_was_not_granted_is_told_with_what_stood_against_it():
    team = [a_candidate("a"), a_candidate("b", load=5), a_candidate("c", status="off_shift")]

    assert decided(team, wish="c", wish_rule="former_agent") == (
        "score",
        "c had this work before, but is excluded: shift; a before b: the higher score (1 > 0.5)",
    )


def test_an_override_is_told_with_its_reason_and_what_it_lifted():
    team = [a_candidate("a"), a_candidate("b", status="away", load=10)]
    asked = {"wish": "b", "wish_rule": "reassigned", "only": True, "override": "knows the site"}

    assert decided(team, **asked) == ("override", "a supervisor overrides presence, capacity for b: knows the site")
    assert lines(team, **asked)[1] == "b: chosen, overriding: presence (away), capacity (load 10 + 1 unit > 10)"


def test_nobody_is_told_with_what_excluded_all():
    assert decided([a_candidate("a", status="away")]) == ("nobody", "nobody can take it: presence")
    assert decided([a_candidate("a", status="away")], wish="a", only=True) == (
        "nobody",
        "only a was asked for, and is excluded: presence",
    )


def test_an_explanation_names_version_digest_weights_and_what_was_asked_for():
    rules = weighing(idle=2)
    _, told = recorded([a_candidate("a")], rules, skill="network", level=0)
    answer = explanation(told, rules)

    assert (answer["version"], answer["digest"], answer["weights"]["idle"]) == (7, digest(told), 2.0)
    assert (answer["agent"], answer["rule"], answer["task"]["asked_for"]) == ("a", "best_score", "it, network 0")


def test_the_choice_made_again_agrees_under_the_same_rules():
    told = explained([a_candidate("a", load=4), a_candidate("b", load=2)])

    assert (told["agrees"], told["again"]) == (True, {"agent": "b", "rule": "best_score"})


def test_a_record_that_was_changed_or_is_read_under_other_rules_does_not_agree():
    team = [a_candidate("a", load=4, last_assigned_at=None), a_candidate("b", load=2, last_assigned_at=NINE)]
    _, told = recorded(team)
    other = explanation(told, weighing(idle=1))

    assert (other["agrees"], other["agent"], other["again"]) == (False, "b", {"agent": "a", "rule": "best_score"})
    assert explanation({**told, "agent": "a"}, LEAST_LOADED)["agrees"] is False


def test_who_asked_for_work_is_told_to_have_pulled_it():
    told = explained([a_candidate("a", status="busy")], pull=True)

    assert (told["pull"], told["rule"], told["agrees"]) == (True, "pulled", True)
