"""What is read from a definition, and what in it names something that there is not."""

import pytest

from services.dispatch.domain.flows.field_reading import NO_PATTERN
from services.dispatch.domain.flows.flow import Flow
from services.dispatch.domain.flows.steps import Check, Escalation, Limit, Who
from services.dispatch.schemas.flows import LONGEST_PATTERN
from shared.errors import ValidationError
from tests.unit.dispatch.flows.builders import KNOWN, MATTER, NAME, NINE, a_body, a_flow, a_step, faults


def test_a_step_is_read_whole():
    limit = {
        "within": "2h",
        "calendar": "office",
        "warn_at": [0.8, 0.5],
        "escalations": [{"after": "1wd", "level": 1, "tell": ["owner"], "raise_priority": True, "move_to": "expert"}],
    }
    flow = a_flow(
        {
            "a": a_step(
                who={"team": "it", "role": "expert", "skill": "network", "agent": "a1"},
                fields={"x": {"type": "text", "required": True, "min": 2}},
                enter="type == 'fault'",
                leave="fields.x != ''",
                skippable="overdue",
                **limit,
            )
        },
        **{"for": "category == 'network'"},
    )
    step = flow.steps["a"]

    assert step.who == Who(team="it", role="expert", skill="network", agent="a1")
    assert step.limit == Limit(
        within="2h",
        calendar="office",
        warn_at=(0.5, 0.8),
        escalations=(Escalation(level=1, after="1wd", tell=("owner",), raise_priority=True, move_to="expert"),),
    )
    assert (step.enter.source, step.leave.source, step.skippable) == ("type == 'fault'", "fields.x != ''", True)
    assert (flow.when.holds(MATTER), flow.when.holds({**MATTER, "category": "other"})) == (True, False)


def test_a_skill_may_come_with_its_least_level():
    who = a_flow({"a": a_step("b", who={"skill": {"network": 4}}), "b": a_step(who={"skill": "network"})}).steps

    assert (who["a"].who, who["b"].who) == (Who(skill="network", level=4), Who(skill="network", level=1))


def test_a_group_has_its_limit_and_its_steps_know_it():
    flow = a_flow(
        {"a": a_step("b"), "b": a_step("c"), "c": a_step()},
        groups={"both": {"name": NAME, "steps": ["a", "b"], "within": "3wd", "calendar": "office"}},
    )

    assert flow.group_of("b") == flow.groups["both"]
    assert flow.group_of("c") is None


@pytest.mark.parametrize(
    ("members", "path", "message"),
    [
        ({"who": {"team": "nobody"}}, "who.team", "no team 'nobody'; there are desk, it"),
        ({"who": {"role": "boss"}}, "who.role", "no role 'boss'; there are expert, intern, specialist, supervisor"),
        ({"who": {"skill": "piano"}}, "who.skill", "no skill 'piano'; there are network"),
        ({"who": {"agent": "z9"}}, "who.agent", "no agent 'z9'; there are a1, b1, c1"),
        ({"who": {"team": "desk", "agent": "a1"}}, "who.agent", "a1 is not on team desk"),
        ({"who": {"role": "supervisor", "agent": "a1"}}, "who.agent", "a1 is expert, not supervisor"),
        ({"who": {"skill": "network", "agent": "b1"}}, "who.agent", "b1 has no skill network"),
        ({"who": {"skill": {"network": 4}, "agent": "a1"}}, "who.agent", "a1 has network at level 3, not 4"),
        ({"who": {"skill": {"piano": 2}}}, "who.skill", "no skill 'piano'; there are network"),
        ({"who": {"agent": "c1"}}, "who.agent", "c1 has capacity 0: no work is given to it"),
        ({"within": "2h", "calendar": "lunar"}, "calendar", "no calendar 'lunar'; there are always, office"),
        (
            {"within": "2wd", "calendar": "always"},
            "within",
            "'2wd' counts in working days, and the calendar declares no working_day",
        ),
        ({"within": "2wd"}, "within", "'2wd' counts in working days, and the calendar declares no working_day"),
        ({"within": "-2h"}, "within", "'-2h' is not a duration such as 90s, 15m, 4h, 3d, 2wd or 1h 30m"),
        ({"warn_at": [0.5]}, "warn_at", "belongs to a limit; say `within`, or leave this out"),
        (
            {"skippable": "overdue"},
            "skippable",
            "only what has a limit can be overdue; say `within`, or leave this out",
        ),
        ({"next": "b"}, "next", "no step 'b'; there are a"),
        (
            {"within": "1h", "escalations": [{"level": 1, "at": 0.5, "move_to": "desks"}]},
            "escalations.0.move_to",
            "no team 'desks'; there are desk, it, or expert",
        ),
        (
            {"who": {"team": "desk"}, "within": "1h", "escalations": [{"level": 1, "at": 0.5, "move_to": "expert"}]},
            "escalations.0.move_to",
            "team desk has no expert_team",
        ),
        (
            {"within": "1h", "escalations": [{"level": 1, "tell": ["owner"]}]},
            "escalations.0",
            "says when: either `at`, a part of the limit, or `after`, the time past due",
        ),
        (
            {"within": "1h", "escalations": [{"level": 1, "at": 0.5}]},
            "escalations.0",
            "does nothing; name whom to tell, raise_priority or move_to",
        ),
        ({"fee": {"min": 5, "max": 2}}, "fee", "min, usual and max have to stand in this order"),
        ({"fee": {"usual": 5, "min": 6}}, "fee", "min, usual and max have to stand in this order"),
        ({"fee": {"usual": "1.234"}}, "fee.usual", "must be an amount with two places at most, for example 120.50"),
        (
            {"checks": [{"rule": "overdue", "field": "x", "message": NAME}]},
            "checks.0.field",
            "no field 'x' in this step; it has none",
        ),
    ],
)
def test_a_fault_of_a_step_is_named_with_its_place(members, path, message):
    assert faults({"a": a_step(**members)}) == {f"steps.a.{path}": [message]}


@pytest.mark.parametrize(
    ("field", "path", "message"),
    [
        ({"type": "choice"}, ".of", "a choice lists its values in `of`; other types have none"),
        ({"type": "text", "of": ["a"]}, ".of", "a choice lists its values in `of`; other types have none"),
        ({"type": "date", "min": 1}, ".min", "a date has no bounds; text, number, integer, money may have"),
        ({"type": "integer", "min": 2, "max": 1}, ".min", "is more than max"),
        ({"type": "number", "pattern": "x"}, ".pattern", "only text may have a pattern"),
        ({"type": "text", "max": 9_999_999}, ".max", "is a number of characters, from 1 to 2000"),
        ({"type": "text", "max": 0}, ".max", "is a number of characters, from 1 to 2000"),
        ({"type": "text", "min": 3000}, ".min", "is a number of characters, from 0 to 2000"),
        ({"type": "text", "min": 1.5}, ".min", "is a number of characters, from 0 to 2000"),
        ({"type": "integer", "min": 1.5}, ".min", "a whole number has whole bounds"),
        ({"type": "number", "min": 2.0**54}, ".min", "must lie between -9007199254740992 and 9007199254740992"),
        ({"type": "money", "min": 0.001}, ".min", "must be an amount with two places at most, for example 120.50"),
        ({"type": "choice", "of": ["a", "b", "a"]}, ".of", "a is named twice"),
    ],
)
def test_a_fault_of_a_field_is_named_with_its_place(field, path, message):
    assert faults({"a": a_step(fields={"x": field})}) == {f"steps.a.fields.x{path}": [message]}


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "a)|(b", "x" * 93, "x{51}", "(xy){2}"])
def test_a_pattern_has_to_be_a_regular_expression_that_is_matched_in_linear_time(pattern):
    assert faults({"a": a_step(fields={"x": {"type": "text", "pattern": pattern}})}) == {
        "steps.a.fields.x.pattern": [NO_PATTERN]
    }


@pytest.mark.parametrize("place", ["enter", "leave"])
def test_a_condition_names_only_what_there_is(place):
    [(path, [message])] = faults({"a": a_step(**{place: "fields.colour == 'red'"})}).items()

    assert path == f"steps.a.{place}"
    assert "colour" in message


def test_a_pattern_may_be_as_long_as_the_form_lets_it():
    assert faults({"a": a_step(fields={"x": {"type": "text", "pattern": "x" * LONGEST_PATTERN}})}) == {}


def test_a_named_agent_fits_whatever_else_is_named():
    assert faults({"a": a_step(who={"team": "it", "role": "specialist", "skill": "network", "agent": "a1"})}) == {}


@pytest.mark.parametrize(
    "members",
    [
        {"enter": "true"},
        {"leave": "false"},
        {"leave": "1 < 2"},
        {"checks": [{"rule": "false", "field": "x", "message": NAME}]},
        {"next": [{"to": "a", "when": "true"}, {"to": "end"}]},
    ],
)
def test_a_condition_asks_for_something_that_may_be_so_or_not(members):
    [(path, messages)] = faults({"a": a_step(fields={"x": {"type": "text"}}, **members)}).items()

    assert path.split(".")[2] in members
    assert messages == ["names nothing, so it is the same for all work; ask for something, or leave it out"]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ('fields.c == "zz"', "fields.c is never 'zz'; it is one of x, y, z"),
        ('!("zz" != fields.c)', "fields.c is never 'zz'; it is one of x, y, z"),
        ('overdue || fields.c in ["x", "Y"]', "fields.c is never 'Y'; it is one of x, y, z"),
        ('priority == "P5"', "priority is never 'P5'; it is one of P1, P2, P3, P4"),
        ('team == "IT"', "team is never 'IT'; it is one of desk, it"),
    ],
)
def test_a_condition_compares_a_name_only_with_what_it_may_be(when, message):
    steps = {
        "a": a_step([{"to": "end", "when": when}, {"to": "b"}], fields={"c": {"type": "choice", "of": ["x", "y"]}}),
        "b": a_step(fields={"c": {"type": "choice", "of": ["z"]}}),
    }

    assert faults(steps) == {"steps.a.next.0.when": [message]}


def test_a_choice_may_be_compared_with_all_its_values_of_any_step_and_with_none():
    steps = {
        "a": a_step("b", fields={"c": {"type": "choice", "of": ["x", "y"]}}, leave='fields.c in ["x", "z", ""]'),
        "b": a_step(
            fields={"c": {"type": "choice", "of": ["z"]}, "free": {"type": "text"}}, enter='fields.free == "q"'
        ),
    }

    assert faults(steps) == {}


def test_a_condition_that_does_not_parse_is_a_fault_at_its_edge():
    found = faults({"a": a_step([{"to": "end", "when": "visits.a <"}, {"to": "end"}])})

    assert list(found) == ["steps.a.next.0.when"]


def test_a_condition_has_a_thousand_characters_at_most():
    long = "overdue" + " " * 994

    assert list(faults({"a": a_step(enter=long)})) == ["steps.a.enter"]
    assert faults({"a": a_step(leave=long[:1000])}) == {}


def test_for_may_ask_about_the_matter_alone():
    assert list(faults(**{"for": "overdue"})) == ["for"]


def test_a_time_that_may_be_missing_is_asked_for_before_it_is_compared():
    def found(required, place):
        eta = {"type": "time", "required": required}
        way = [{"to": "end", "when": "fields.eta > at"}, {"to": "end"}]
        check = {"rule": "fields.eta > at", "field": "eta", "message": NAME}
        member = {"next": way} if place == "next" else {"checks": [check]}
        return list(faults({"a": a_step(fields={"eta": eta}, **member)}))

    assert found(True, "checks") == []
    assert found(False, "checks") == ["steps.a.checks.0.rule"]
    assert found(True, "next") == ["steps.a.next.0.when"]  # a skipped step was given nothing


def test_a_field_of_the_same_name_has_the_same_type_in_every_step():
    steps = {
        "a": a_step("b", fields={"x": {"type": "text"}}),
        "b": a_step(fields={"x": {"type": "money"}}),
    }

    assert faults(steps) == {
        "steps.b.fields.x.type": ["is money here and text in step a; give one of them another code"]
    }


def test_words_of_the_condition_language_are_no_codes():
    found = faults({"return": a_step("end", fields={"in": {"type": "text"}})})

    assert set(found) == {"steps.return", "steps.return.fields.in"}


def test_a_step_is_in_one_group_at_most_and_groups_name_steps_that_exist():
    group = {"name": NAME, "within": "1h"}

    assert faults(groups={"g": {**group, "steps": ["a"]}, "h": {**group, "steps": ["a", "z"]}}) == {
        "groups.h.steps.0": ["a is in group g already; a step is in one group at most"],
        "groups.h.steps.1": ["no step 'z'; there are a"],
    }


def test_start_and_reopen_at_name_steps_that_exist():
    assert set(faults(start="z", reopen_at="y")) >= {"start", "reopen_at"}


def test_the_end_is_no_join():
    steps = {"a": a_step({"parallel": ["b", "c"], "join": "end"}), "b": a_step(), "c": a_step()}

    assert faults(steps)["steps.a.next.join"] == ["no step 'end'; there are a, b, c"]


def test_branches_are_different_steps_and_not_the_join():
    steps = {"a": a_step({"parallel": ["b", "b", "c"], "join": "c"}), "b": a_step("c"), "c": a_step()}

    found = faults(steps)

    assert found["steps.a.next.parallel.1"] == ["b is named twice; give each branch a step of its own"]
    assert found["steps.a.next.join"] == ["c is a branch; the join is the step after all branches"]


def test_a_flow_has_at_most_a_hundred_steps_and_fields():
    steps = {f"s{n}": a_step(f"s{n + 1}" if n < 100 else "end") for n in range(101)}
    fields = {f"f{n}": {"type": "text"} for n in range(101)}

    assert faults(steps) == {"steps": ["101 steps; 100 is the most"]}
    assert faults({"a": a_step(fields=fields)}) == {"steps": ["101 fields in all; 100 is the most"]}


def test_all_faults_are_told_at_once_below_the_flows_own_path():
    steps = {"a": a_step("b", who={"team": "nobody"}), "b": a_step("b", enter="nonsense(")}

    with pytest.raises(ValidationError) as error:
        Flow.from_dict("complaint", a_body(steps), 7, KNOWN)

    assert set(error.value.fields) == {
        "flows.complaint.steps.a.who.team",
        "flows.complaint.steps.a.next",
        "flows.complaint.steps.b.enter",
        "flows.complaint.steps.b.next",
    }


def test_a_check_is_read_with_its_message():
    check = {"rule": "fields.x > 5", "field": "x", "message": {"zh-CN": "太小", "en": "too small"}}
    [read] = a_flow({"a": a_step(fields={"x": {"type": "integer"}}, checks=[check])}).steps["a"].checks

    assert read == Check(rule=read.rule, field="x", message=check["message"])
    assert read.rule.holds(a_flow().context(MATTER, {}, {}, NINE)) is False
