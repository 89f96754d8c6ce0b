"""docs/flows.md: its example is sound, its tables name what there is, its drawings are those of deploy/config."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy import declared
from deploy.drawing import drawing
from services.dispatch.domain import Reference
from services.dispatch.domain.flows.fields import TYPES
from services.dispatch.schemas.flows import FlowForm, StepForm
from services.dispatch.schemas.reference import ReferenceData
from shared.schemas import load
from tests.unit.dispatch.flows.shipped import bodies, shipped

DOCUMENT = (Path(__file__).parents[3] / "docs" / "flows.md").read_text(encoding="utf-8")


def test_the_example_is_proved_and_has_one_of_everything():
    example = declared.read(re.search(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[1])
    body = {**bodies()["dispatch"], "flows": {"workshop": example}}

    load(ReferenceData, body)
    Reference.from_dict(body)

    assert {*example} == {*_members(FlowForm)} - {"reopen_at"}
    assert {name for step in example["steps"].values() for name in step} == {*_members(StepForm)}


def _members(form):
    return {field.data_key or name for name, field in form().fields.items()}


def _rows(heading):
    section = DOCUMENT.split(heading)[1].split("\n\n**")[0]
    return {
        name for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }


@pytest.mark.parametrize(
    ("heading", "names"),
    [("**The flow**", _members(FlowForm)), ("**A step**", _members(StepForm) - {"name"}), ("**A field**", {*TYPES})],
)
def test_the_tables_name_every_member_and_no_other(heading, names):
    assert _rows(heading) == names


def test_the_drawings_are_those_of_the_shipped_flows():
    drawn = dict(re.findall(r"^### [^`\n]+: `([\w-]+)`\n.*?```mermaid\n(.*?)```", DOCUMENT, re.MULTILINE | re.DOTALL))

    assert drawn == {code: drawing(flow) for code, flow in shipped().flows.items()}
