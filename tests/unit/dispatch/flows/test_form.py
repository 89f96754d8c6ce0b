"""The form of a flow's file, before its meaning is looked at: every fault at the path that its owner wrote."""

import pytest

from services.dispatch.schemas.flows import FlowForm
from shared.errors import ValidationError
from shared.schemas import load
from tests.unit.dispatch.flows.builders import NAME, a_body, a_step
from tests.unit.dispatch.flows.shipped import bodies


def faults(body):
    try:
        load(FlowForm, body)
    except ValidationError as error:
        return error.fields
    return {}


def of_step(**members):
    return {
        path.removeprefix("steps.a."): messages for path, messages in faults(a_body({"a": a_step(**members)})).items()
    }


def test_the_smallest_flow_and_the_shipped_ones_have_the_form():
    assert faults(a_body()) == {}
    assert [code for code, body in bodies()["dispatch"]["flows"].items() if faults(body)] == []


@pytest.mark.parametrize(
    "next",
    [
        "end",
        {"to": "a"},
        [{"to": "a", "when": "overdue"}, "end"],
        {"parallel": ["a", "b"], "join": "c"},
        [{"parallel": ["a", "b"], "join": "c", "when": "overdue"}, {"to": "end"}],
    ],
)
def test_ways_to_write_where_a_step_leads(next):
    assert of_step(next=next) == {}


@pytest.mark.parametrize(
    ("next", "path", "message"),
    [
        (None, "next", "Field may not be null."),
        ([], "next", "Not a step's code, `end`, a way, or a list of ways."),
        (5, "next", "Not a step's code, `end`, a way, or a list of ways."),
        ({}, "next", "Say either `to`, or `parallel` and `join`."),
        ({"to": "a", "parallel": ["b", "c"], "join": "d"}, "next", "Say either `to`, or `parallel` and `join`."),
        ({"parallel": ["b", "c"]}, "next", "`parallel` and `join` go together."),
        ({"to": "a", "join": "b"}, "next", "`parallel` and `join` go together."),
        ({"parallel": ["b"], "join": "d"}, "next.parallel", "Length must be between 2 and 20."),
        ([{"to": "a", "if": "overdue"}], "next.0.if", "Unknown field."),
        (["a", {"to": 5}], "next.1.to", "Not a valid string."),
        ([{"to": "a", "when": "x" * 1001}, "end"], "next.0.when", "Length must be between 1 and 1000."),
    ],
)
def test_ways_that_are_refused(next, path, message):
    assert of_step(next=next) == {path: [message]}


def test_every_fault_is_told_at_once_at_its_own_path():
    body = a_body(
        {
            "a": {"next": "end", "fields": {"Eta": {"type": "times"}}, "within": 5},
            "B-2": a_step(colour="red", checks=[{"rule": "overdue", "field": "x", "message": {"en": "no"}}]),
        },
        groups={"g": {"name": NAME, "steps": []}},
        currency="yuan",
    )

    assert set(faults(body)) == {
        "steps.a.name",
        "steps.a.fields.Eta",
        "steps.a.fields.Eta.type",
        "steps.a.within",
        "steps.B-2",
        "steps.B-2.colour",
        "steps.B-2.checks.0.message",
        "groups.g.steps",
        "groups.g.within",
        "currency",
    }


@pytest.mark.parametrize("name", ["步骤", 5, ["a"], {"en": "Step"}, {"zh-CN": "步骤", "en": "Step", "fr": "Pas"}])
def test_a_name_is_in_both_languages_and_in_no_other(name):
    assert [path.split(".")[0] for path in of_step(name=name)] == ["name"]


@pytest.mark.parametrize("of", [[True, False], ["yes", 5], []])
def test_the_values_of_a_choice_are_texts(of):
    """YAML reads `of: [yes, no]` as true and false."""
    assert [path for path in of_step(fields={"x": {"type": "choice", "of": of}}) if path.startswith("fields.x.of")]


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"skippable": True}, "skippable"),
        ({"warn_at": [0.5, 1]}, "warn_at.1"),
        ({"warn_at": [0]}, "warn_at.0"),
        ({"escalations": [{"at": 0.5}]}, "escalations.0.level"),
        ({"escalations": [{"level": 0}]}, "escalations.0.level"),
        ({"escalations": [{"level": 1, "tell": ["boss"]}]}, "escalations.0.tell.0"),
        ({"who": "it"}, "who"),
        ({"who": {"group": "it"}}, "who.group"),
        ({"who": {"skill": 4}}, "who.skill"),
        ({"who": {"skill": {}}}, "who.skill"),
        ({"who": {"skill": {"network": 3, "radio": 3}}}, "who.skill"),
        ({"who": {"skill": {"network": 0}}}, "who.skill.network"),
        ({"who": {"skill": {"network": 6}}}, "who.skill.network"),
        ({"who": {"skill": {"network": "4"}}}, "who.skill.network"),
        ({"fee": {"usual": []}}, "fee.usual"),
        ({"fee": {"usual": True}}, "fee.usual"),
        ({"fields": ["x"]}, "fields"),
        ({"fields": {"x": {"type": "text", "required": 1}}}, "fields.x.required"),
        ({"fields": {"x": {"type": "text", "min": "1"}}}, "fields.x.min"),
    ],
)
def test_a_member_of_another_form_is_refused(members, path):
    assert list(of_step(**members)) == [path]


@pytest.mark.parametrize("steps", [{}, None, [], "a", {"a": None}, {"a": "end"}])
def test_a_flow_has_steps(steps):
    assert [path.split(".")[0] for path in faults({"name": NAME, "start": "a", "steps": steps})] == ["steps"]
