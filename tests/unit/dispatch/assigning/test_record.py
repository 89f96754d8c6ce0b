"""A choice's record: enough to make it again, and little."""

import json

import bson
import pytest

from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import choose
from services.dispatch.domain.assigning.record import candidates_of, digest, recomputed, record, task_of
from tests.unit.dispatch.assigning.builders import LEAST_LOADED, a_candidate, a_task, ago, recorded, weighing
from tests.unit.dispatch.builders import NINE, after

FULL = {
    "serves": False,
    "level": 3,
    "role": "expert",
    "languages": ("zh-CN", "en"),
    "channels": ("phone",),
    "capacity": 12,
    "load": 5,
    "kind_open": 1,
    "kind_limit": 2,
    "status": "busy",
    "duty_since": ago(hours=3),
    "duty_until": after(hours=5, milliseconds=7),
    "declined": True,
    "subject": True,
    "lapsed": 2,
    "contended": True,
    "last_assigned_at": ago(days=800, milliseconds=1),
    "knows_customer": 4,
    "knows_matter": 30,
    "shift_units": 6,
    "stands_in_for": "it.04",
    "handed_over_to": "it.05",
}


def through_json(value):
    return json.loads(json.dumps(value))


def a_team(size):
    """People who differ as people do: nearly everywhere a little."""
    return [
        a_candidate(
            f"it.{number:04}",
            level=number % 6,
            role=("specialist", "intern", "expert")[number % 3],
            languages=(("zh-CN",), ("zh-CN", "en"))[number % 2],
            load=number % 10,
            kind_open=number % 4,
            status=("available", "available", "busy", "off_shift")[number % 4],
            duty_until=after(hours=number % 3),
            last_assigned_at=ago(milliseconds=number * 7_919),
            knows_customer=number % 4,
            knows_matter=number * 31 % 97,
            shift_units=number % 23,
        )
        for number in range(size)
    ]


def test_a_record_says_who_and_by_which_rule_and_otherwise_only_what_went_in():
    team = [a_candidate("it.02", load=10), a_candidate("it.01", load=3)]
    _, told = recorded(team, units=4, due=after(hours=2))

    assert told == {
        "form": 1,
        "version": 7,
        "pull": False,
        "agent": "it.01",
        "rule": "best_score",
        "task": {
            "order_no": "W-100001",
            "visit": 1,
            "at": "2026-03-02T09:00:00+00:00",
            "team": "it",
            "type": "fault",
            "priority": "P2",
            "units": 4,
            "due": "2026-03-02T11:00:00+00:00",
        },
        "agents": ["it.01", "it.02"],
        "same": {"capacity": 10},
        "each": {"load": [3, 10]},
    }


def test_what_recurs_is_written_once():
    team = [a_candidate(f"it.{number}", status=("available", "away")[number % 2]) for number in range(6)]
    _, told = recorded(team)

    assert told["each"] == {"status": {"of": ["available", "away"], "is": "010101"}}


@pytest.mark.parametrize("others", [0, 1, 5, 200])
def test_the_candidates_come_back_as_they_were(others):
    team = [a_candidate("it.9999", **FULL), *a_team(others)]
    _, told = recorded(team)

    assert candidates_of(through_json(told)) == sorted(team)


def test_every_member_of_a_candidate_is_kept():
    assert {*FULL, "agent_id"} == {*Candidate._fields}
    assert all(FULL[name] != usual for name, usual in Candidate("x")._asdict().items() if name in FULL)


def test_the_task_comes_back_as_it_was():
    asked = {"role": "expert", "skill": "network", "level": 4, "named": "it.01", "wish": "it.02", "only": True}
    matter = {"category": "wifi", "tier": "gold", "channel": "app", "language": "zh-CN", "customer_id": "C-1"}
    rest = {"units": 4, "due": after(hours=1), "wish_rule": "reassigned", "override": "knows the site"}
    _, told = recorded([], **asked, **matter, **rest)

    assert task_of(through_json(told)) == a_task(**asked, **matter, **rest)


def test_a_choice_of_nobody_is_recorded_too():
    choice, told = recorded([])

    assert (told["agent"], recomputed(through_json(told), LEAST_LOADED)) == (None, choice)


def test_a_choice_among_many_is_made_again_from_its_record():
    rules = weighing(load=2, idle=1, knows_matter=1, fairness=3, deadline_slack=1, knows_customer=1, skill_fit=1)
    choice, told = recorded(a_team(300), rules, skill="network", level=2, due=after(hours=4), pull=True)

    assert recomputed(through_json(told), rules) == choice


def test_the_order_of_the_candidates_does_not_change_the_record():
    team = a_team(20)

    assert recorded(team)[1] == recorded(team[::-1])[1]


def test_a_digest_is_the_same_after_the_database_and_after_json():
    _, told = recorded(a_team(50))

    assert digest(bson.decode(bson.encode(told))) == digest(through_json(told)) == digest(told)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["each"]["load"].append(0),
        lambda told: told["task"].update(units=9),
        lambda told: told.update(agent="it.02"),
        lambda told: told.update(version=8),
        lambda told: told["same"].update(capacity=11),
    ],
)
def test_a_digest_tells_any_change(change):
    _, told = recorded([a_candidate("it.01", load=3), a_candidate("it.02", load=10)])
    before = digest(told)
    change(told)

    assert digest(told) != before


def test_a_record_of_a_thousand_takes_less_than_fifty_kilobytes():
    task, team = a_task(), a_team(1_000)

    assert len(bson.encode(record(task, team, choose(task, team, LEAST_LOADED), 7))) < 50_000


def test_a_record_of_an_unknown_form_is_refused():
    _, told = recorded([])

    with pytest.raises(ValueError, match="form 2"):
        recomputed({**told, "form": 2}, LEAST_LOADED)


def test_times_are_those_of_the_choice():
    _, told = recorded([a_candidate("a", last_assigned_at=ago(hours=1)), a_candidate("b", last_assigned_at=NINE)])

    assert told["each"]["last_assigned_at"] == [-3_600_000, 0]
