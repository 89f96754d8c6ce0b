"""How work is given out, as declared."""

from datetime import timedelta

import pytest

from services.dispatch.domain.assigning.assignment import PARTS, Assignment
from services.dispatch.domain.reference.before_first_apply import BEFORE_FIRST_APPLY
from services.dispatch.domain.reference.reference import Reference
from tests.unit.dispatch.assigning.builders import declared
from tests.unit.dispatch.declared import faults

MATTER = {"type": "fault", "category": "network", "priority": "P1", "tier": "gold", "channel": "web", "team": "it"}
ONLY_LOAD = {**dict.fromkeys(PARTS, 0.0), "load": 1.0}


def faults_of(**assignment):
    return faults(assignment=assignment)


def test_where_nothing_is_declared_the_least_loaded_gets_it_and_nothing_is_limited():
    rules = declared()

    assert rules == Assignment()
    assert (rules.weights, rules.units_of(MATTER), rules.accept_within("P1")) == (ONLY_LOAD, 1, None)
    assert rules.role_may("intern", MATTER)
    assert rules.triage_team(MATTER, sensitive=True, confidence=0) is None


def test_before_the_first_apply_it_is_the_same():
    assert Reference.from_dict(BEFORE_FIRST_APPLY).assignment == Assignment()


def test_a_weight_that_is_not_declared_beside_others_counts_nothing():
    assert declared(assignment={"weights": {"idle": 2, "fairness": 0.5}}).weights == {
        **dict.fromkeys(PARTS, 0.0),
        "idle": 2.0,
        "fairness": 0.5,
    }


def test_the_first_rule_that_holds_says_what_work_weighs():
    rules = declared(
        assignment={"units": [{"when": "priority == 'P1'", "units": 4}, {"when": "type == 'fault'", "units": 2}]}
    )

    matters = ({}, {"priority": "P2"}, {"priority": "P2", "type": "enquiry"})
    assert [rules.units_of({**MATTER, **matter}) for matter in matters] == [4, 2, 1]


def test_the_last_rule_of_weight_may_take_all_the_rest():
    rules = declared(assignment={"units": [{"when": "priority == 'P1'", "units": 4}, {"units": 2}]})

    assert [rules.units_of({**MATTER, "priority": priority}) for priority in ("P1", "P3")] == [4, 2]


def test_times_to_accept_go_by_priority():
    rules = declared(assignment={"accept_within": {"P1": "5m", "P2": "1h 30m"}})

    assert [rules.accept_within(priority) for priority in ("P1", "P2", "P3")] == [
        timedelta(minutes=5),
        timedelta(minutes=90),
        None,
    ]


def test_a_role_may_do_what_its_condition_says_and_other_roles_everything():
    rules = declared(roles={"intern": {"may": "type == 'enquiry'"}, "expert": {}})

    assert [rules.role_may(role, MATTER) for role in ("intern", "expert", "specialist")] == [False, True, True]
    assert rules.role_may("intern", {**MATTER, "type": "enquiry"})


@pytest.mark.parametrize(
    ("sensitive", "confidence", "team"),
    [(True, 1, "desk"), (False, 0.59, "desk"), (False, 0.6, None), (False, None, None), (True, None, "desk")],
)
def test_triage_catches_what_is_sensitive_or_of_low_confidence_and_silence_is_confidence(sensitive, confidence, team):
    rules = declared(assignment={"triage": {"team": "desk", "when": "sensitive || confidence < 0.6"}})

    assert rules.triage_team(MATTER, sensitive=sensitive, confidence=confidence) == team


def test_triage_may_ask_about_the_matter_too():
    rules = declared(assignment={"triage": {"team": "desk", "when": "type == 'complaint' && tier == 'gold'"}})

    assert rules.triage_team(MATTER, sensitive=True, confidence=0) is None
    assert rules.triage_team({**MATTER, "type": "complaint"}, sensitive=False, confidence=1) == "desk"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"weights": {"luck": 1}}, "assignment.weights.luck"),
        ({"weights": {"load": -1}}, "assignment.weights.load"),
        ({"weights": {"load": "1"}}, "assignment.weights.load"),
        ({"weights": {"load": float("nan")}}, "assignment.weights.load"),
        ({"weights": {"load": True}}, "assignment.weights.load"),
        ({"weights": {"load": 0, "idle": 0}}, "assignment.weights"),
        ({"weights": {}}, "assignment.weights"),
        ({"units": [{"when": "priority == 'P1'", "units": 0}]}, "assignment.units.0.units"),
        ({"units": [{"when": "priority == 'P1'", "units": 1.5}]}, "assignment.units.0.units"),
        ({"units": [{"when": "priority == 'P1'"}]}, "assignment.units.0.units"),
        ({"units": [{"when": "colour == 'red'", "units": 2}]}, "assignment.units.0.when"),
        ({"units": [{"when": "priority == 'P7'", "units": 2}]}, "assignment.units.0.when"),
        ({"units": [{"when": "true", "units": 2}]}, "assignment.units.0.when"),
        ({"units": [{"units": 2}, {"when": "priority == 'P1'", "units": 4}]}, "assignment.units.0"),
        ({"accept_within": {"P7": "5m"}}, "assignment.accept_within.P7"),
        ({"accept_within": {"P1": "soon"}}, "assignment.accept_within.P1"),
        ({"accept_within": {"P1": "0m"}}, "assignment.accept_within.P1"),
        ({"accept_within": {"P1": "1wd"}}, "assignment.accept_within.P1"),
        ({"triage": {"team": "nobody", "when": "sensitive"}}, "assignment.triage.team"),
        ({"triage": {"team": "desk", "when": "sensitive == 1"}}, "assignment.triage.when"),
        ({"triage": {"team": "desk"}}, "assignment.triage.when"),
        ({"luck": 1}, "assignment.luck"),
    ],
)
def test_a_fault_is_named_with_its_place(members, path):
    assert list(faults_of(**members)) == [path]


@pytest.mark.parametrize(
    ("roles", "path"),
    [
        ({"boss": {}}, "roles.boss"),
        ({"intern": {"may": "type = 'enquiry'"}}, "roles.intern.may"),
        ({"intern": {"may": "sensitive"}}, "roles.intern.may"),
        ({"intern": {"may": "type"}}, "roles.intern.may"),
        ({"intern": {"must": "type == 'enquiry'"}}, "roles.intern.must"),
    ],
)
def test_a_fault_of_a_role_is_named_with_its_place(roles, path):
    assert list(faults(roles=roles)) == [path]


def test_all_faults_are_told_at_once():
    assert list(faults_of(weights={"load": 0}, triage={"team": "nobody", "when": "urgent"})) == [
        "assignment.weights",
        "assignment.triage.team",
        "assignment.triage.when",
    ]
