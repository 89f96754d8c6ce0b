import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Kind, Promise
from services.dispatch.domain.clocks.terms import part_of
from services.dispatch.domain.flows.steps import Escalation
from tests.unit.dispatch.declared import HOURS, a_policy, faults, faults_of_policy, read
from tests.unit.dispatch.times import hours

MATTER = {"type": "fault", "category": "network", "priority": "P1", "tier": "gold", "channel": "phone", "team": "it"}
LEVEL = {"clock": "resolution", "at": 0.9, "level": 1, "tell": ["owner"]}


def with_targets(**changes):
    """The four targets of a policy, one or more of them changed."""
    return {"P1": HOURS, "P2": HOURS, "P3": HOURS, "P4": HOURS} | changes


# which policy


def test_the_first_policy_whose_condition_holds_is_taken():
    policies = [
        a_policy("complaint", when="type == 'complaint'"),
        a_policy("gold", when="tier in ['gold', 'vip'] && priority == 'P1'"),
        a_policy("phone", when="channel == 'phone'"),
        a_policy(),
    ]
    reference = read(policies=policies)

    assert reference.policy_for(MATTER).code == "gold"
    assert reference.policy_for(MATTER | {"priority": "P2"}).code == "phone"
    assert reference.policy_for(MATTER | {"type": "complaint"}).code == "complaint"


def test_the_last_policy_takes_what_no_other_took():
    reference = read(policies=[a_policy("it", when="team == 'it'"), a_policy()])

    assert reference.policy_for(MATTER | {"team": "desk"}).pin == Pin("standard", 7)


@pytest.mark.parametrize("name", sorted(MATTER))
def test_a_condition_may_ask_for_anything_of_the_matter(name):
    reference = read(policies=[a_policy("this", when=f"{name} == '{MATTER[name]}'"), a_policy()])

    assert reference.policy_for(MATTER).code == "this"
    assert reference.policy_for(dict.fromkeys(MATTER, "")).code == "standard"


# what it promises


def test_a_policy_promises_by_priority_in_its_calendar():
    policy = a_policy(targets=with_targets(P1={"first_response": "15m", "resolution": "4h", "calendar": "always"}))
    reference = read(policies=[policy])
    standard = reference.policy("standard")

    urgent = standard.terms(Promise.RESOLUTION, "P1", reference.calendars)
    usual = standard.terms(Promise.RESOLUTION, "P3", reference.calendars)

    assert (urgent.target, urgent.calendar.code, urgent.source) == (hours(4), "always", Pin("standard", 7))
    assert (usual.target, usual.calendar.code, usual.calendar.version) == (hours(8), "office", 7)


def test_no_next_update_is_promised_where_none_is_declared():
    policy = a_policy(targets=with_targets(P1=HOURS | {"next_update": "1h"}))
    reference = read(policies=[policy])

    assert reference.policy("standard").terms(Promise.NEXT_UPDATE, "P1", reference.calendars).target == hours(1)
    assert reference.policy("standard").terms(Promise.NEXT_UPDATE, "P2", reference.calendars) is None


def test_work_of_an_unknown_priority_is_promised_what_the_least_urgent_one_is():
    policy = a_policy(targets=with_targets(P4=HOURS | {"resolution": "3wd"}))
    reference = read(policies=[policy])

    assert reference.policy("standard").terms(Promise.RESOLUTION, "", reference.calendars).target == hours(24)


def test_a_working_day_is_that_of_the_calendar_that_counts():
    policy = a_policy(
        targets=with_targets(
            P1=HOURS | {"resolution": "1wd"},
            P2=HOURS | {"resolution": "1wd", "calendar": "always"},
        )
    )
    reference = read(policies=[policy])
    terms = reference.policy("standard").terms

    assert terms(Promise.RESOLUTION, "P1", reference.calendars).target == hours(8)
    assert terms(Promise.RESOLUTION, "P2", reference.calendars).target == hours(24)


def test_warnings_the_miss_and_the_levels_are_marks_on_the_way():
    levels = [
        {"clock": "resolution", "at": 0.9, "level": 1, "tell": ["owner"]},
        {"clock": "resolution", "at": 1, "level": 2, "tell": ["supervisor"]},
        {"clock": "resolution", "after": "30m", "level": 3, "tell": ["duty_manager"]},
        {"clock": "first_response", "at": 1, "level": 1, "tell": ["team"]},
    ]
    reference = read(policies=[a_policy(warn_at=[0.8, 0.5], escalations=levels)])
    terms = reference.policy("standard").terms(Promise.RESOLUTION, "P3", reference.calendars)

    assert [(mark.key, mark.position, mark.level) for mark in terms.marks] == [
        ("near/0.5", hours(4), 0),
        ("near/0.8", hours(6.4), 0),
        ("level/1", hours(7.2), 1),
        ("missed", hours(8), 0),
        ("level/2", hours(8), 2),
        ("level/3", hours(8.5), 3),
    ]
    assert [mark.share for mark in terms.marks if mark.kind is Kind.NEAR] == [0.5, 0.8]


@pytest.mark.parametrize(
    ("whole", "share", "part"),
    [
        (timedelta(hours=1), 0.1, timedelta(minutes=6)),
        (timedelta(seconds=1), 0.3, timedelta(milliseconds=300)),
        (timedelta(seconds=1), 0.3333, timedelta(milliseconds=333)),
        (timedelta(seconds=1), 0.0001, timedelta(milliseconds=1)),
    ],
)
def test_a_part_of_a_time_is_exact_to_the_millisecond(whole, share, part):
    assert part_of(whole, share) == part


# what it does


def test_a_hold_stops_the_clocks_that_the_policy_names_for_its_reason_and_no_others():
    policy = read(policies=[a_policy(pause={"waiting_for_parts": ["resolution", "step"]})]).policy("standard")

    assert policy.pauses("waiting_for_parts") == {Promise.RESOLUTION, Promise.STEP}
    assert policy.pauses("waiting_for_customer") == frozenset()


def test_a_level_says_whom_to_tell_and_what_to_change():
    level = {
        "clock": "next_update",
        "after": "1h",
        "level": 2,
        "tell": ["owner", "duty_manager"],
        "raise_priority": True,
        "move_to": "expert",
    }
    targets = with_targets(P1=HOURS | {"next_update": "1h"})
    policy = read(policies=[a_policy(targets=targets, escalations=[level])]).policy("standard")

    assert policy.escalation(Promise.NEXT_UPDATE, 2) == Escalation(
        level=2, after="1h", tell=("owner", "duty_manager"), raise_priority=True, move_to="expert"
    )
    with pytest.raises(KeyError):
        policy.escalation(Promise.RESOLUTION, 2)


@pytest.mark.parametrize(("declared", "found"), [({}, "restart"), ({"reopening": "resume"}, "resume")])
def test_a_policy_says_what_a_reopening_does_with_the_old_clock(declared, found):
    assert read(policies=[a_policy(**declared)]).policy("standard").reopening == found


def test_the_example_of_the_guide_is_a_policy():
    text = Path("docs/policies.md").read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])

    assert read(policies=[*example["policies"], a_policy("rest")]).policy_for(MATTER).code == "standard"


# what is refused, and where


def test_a_policy_is_refused_with_all_its_faults_at_once():
    bad = a_policy(
        "bad",
        when="typ == 'fault'",
        calendar="nights",
        targets={
            "P1": {"resolution": "0h", "first_response": "soon", "calendar": "always"},
            "P2": HOURS | {"calendar": "days"},
            "P3": {"first_response": "1h", "calendar": "always"},
        },
        pause={"lunch": ["resolution"], "waiting_for_parts": ["resolution", "everything"]},
        escalations=[
            {"clock": "resolution", "at": 0.5, "after": "1h", "level": 1, "tell": ["owner"]},
            {"clock": "next_update", "at": 0.5, "level": 1, "tell": ["owner"]},
            {"clock": "first_response", "at": 0.5, "level": 1, "move_to": "gardeners"},
        ],
    )

    assert sorted(faults(policies=[bad, a_policy()])) == [
        "policies.0.calendar",
        "policies.0.escalations.0",
        "policies.0.escalations.1.clock",
        "policies.0.escalations.2.move_to",
        "policies.0.pause.lunch",
        "policies.0.pause.waiting_for_parts",
        "policies.0.targets.P1.first_response",
        "policies.0.targets.P1.resolution",
        "policies.0.targets.P2.calendar",
        "policies.0.targets.P3.resolution",
        "policies.0.targets.P4",
        "policies.0.when",
    ]


@pytest.mark.parametrize("source", ["typ == 'fault'", "fields.amount > 1", "type ==", "type", "type.matches('('", ""])
def test_a_condition_that_does_not_parse_or_names_what_is_unknown_is_refused_at_its_place(source):
    found = faults(policies=[a_policy("first", when=source), a_policy()])

    assert list(found) == ["policies.0.when"]


def test_a_condition_that_names_something_unknown_is_refused_by_that_name():
    assert "typ" in faults(policies=[a_policy("first", when="typ == 'fault'"), a_policy()])["policies.0.when"][0]


@pytest.mark.parametrize("time", ["0h", "-1h", "11000wd", "4000d", "1.5h", "3 days", "h"])
def test_a_time_that_is_none_or_absurd_is_refused(time):
    assert list(faults_of_policy(targets=with_targets(P2=HOURS | {"resolution": time}))) == ["targets.P2.resolution"]


def test_working_days_are_refused_where_the_calendar_has_none():
    plain = {"name": "Plain", "zone": "UTC", "week": {"mon": ["09:00-18:00"]}}
    calendars = {"plain": plain}
    targets = with_targets(P3=HOURS | {"resolution": "3wd"})

    found = faults(calendars=calendars, policies=[a_policy(calendar="plain", targets=targets)])

    assert found == {
        "policies.0.targets.P3.resolution": [
            "'3wd' counts in working days, and the calendar declares no working_day",
        ]
    }


def test_a_calendar_that_is_refused_is_not_called_unknown_besides():
    calendars = {"office": {"name": "Office", "zone": "Mars/Olympus", "week": {"mon": ["09:00-18:00"]}}}

    assert list(faults(calendars=calendars)) == ["calendars.office.zone"]


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, "0.8", True])
def test_a_warning_comes_at_a_part_between_nothing_and_the_whole(share):
    assert list(faults_of_policy(warn_at=[0.5, share])) == ["warn_at.1"]


@pytest.mark.parametrize(
    ("level", "path"),
    [
        (LEVEL | {"clock": "step"}, "escalations.0.clock"),
        (LEVEL | {"at": 1.1}, "escalations.0.at"),
        (LEVEL | {"level": 0}, "escalations.0.level"),
        (LEVEL | {"tell": ["everybody"]}, "escalations.0.tell.0"),
        (LEVEL | {"tell": []}, "escalations.0"),
        (LEVEL | {"after": "1h"}, "escalations.0"),
        (LEVEL | {"move_to": "gardeners"}, "escalations.0.move_to"),
        ({"clock": "resolution", "after": "0m", "level": 1, "tell": ["owner"]}, "escalations.0.after"),
        ({"clock": "resolution", "after": "later", "level": 1, "tell": ["owner"]}, "escalations.0.after"),
    ],
)
def test_a_level_that_cannot_be_is_refused_at_its_place(level, path):
    assert list(faults_of_policy(escalations=[level])) == [path]


def test_levels_are_reached_in_their_order():
    levels = [LEVEL | {"level": 2}, {"clock": "resolution", "after": "1h", "level": 1, "tell": ["owner"]}]

    assert faults_of_policy(escalations=levels) == {"escalations.0.level": ["level 2 is reached before a lower one"]}


def test_a_level_stands_once():
    assert list(faults_of_policy(escalations=[LEVEL, LEVEL | {"at": 1}])) == ["escalations.1.level"]


def test_work_is_not_moved_to_experts_that_no_team_has():
    teams = {"desk": {"name": "Desk"}}

    found = faults(teams=teams, policies=[a_policy(escalations=[LEVEL | {"move_to": "expert"}])])

    assert list(found) == ["policies.0.escalations.0.move_to"]


def test_two_policies_have_two_codes():
    found = faults(policies=[a_policy("one", when="type == 'fault'"), a_policy("one")])

    assert found == {"policies.1.code": ["'one' is the code of policies.0 already"]}


def test_the_last_policy_has_no_condition_and_every_other_has_one():
    found = faults(policies=[a_policy("one"), a_policy("two", when="type == 'fault'")])

    assert sorted(found) == ["policies.0.when", "policies.1.when"]


@pytest.mark.parametrize("missing", ["P1", "P2", "P3", "P4"])
def test_something_is_promised_for_every_priority(missing):
    targets = with_targets()
    del targets[missing]

    assert list(faults_of_policy(targets=targets)) == [f"targets.{missing}"]


@pytest.mark.parametrize("missing", ["first_response", "resolution"])
def test_a_first_response_and_a_resolution_are_always_promised(missing):
    promised = {name: time for name, time in HOURS.items() if name != missing}

    assert list(faults_of_policy(targets=with_targets(P3=promised))) == [f"targets.P3.{missing}"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"reopening": "never"}, "reopening"),
        ({"nmae": "x"}, "nmae"),
        ({"targets": with_targets(P5=HOURS)}, "targets.P5"),
        ({"targets": with_targets(P1=HOURS | {"respond": "1h"})}, "targets.P1.respond"),
        ({"targets": with_targets(P1=HOURS | {"resolution": 4})}, "targets.P1.resolution"),
        ({"calendar": None}, "calendar"),
        ({"pause": {"waiting_for_parts": "resolution"}}, "pause.waiting_for_parts"),
    ],
)
def test_a_policy_of_another_form_is_refused_at_its_place(changes, path):
    assert list(faults_of_policy(**changes)) == [path]
