"""docs/people.md: its example is sound and has one of everything, its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from deploy import declared
from services.dispatch.domain import Reference
from services.dispatch.domain.people.availability import EXPIRED, NO_REST, OFF_SHIFT, ON_LEAVE, ROTA_BREAK
from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.reference.organisation import SERVES
from services.dispatch.schemas import reference as reference_schemas
from services.dispatch.schemas.people import AgentFields
from shared.schemas import load
from tests.unit.dispatch.flows.shipped import bodies

DOCUMENT = (Path(__file__).parents[3] / "docs" / "people.md").read_text(encoding="utf-8")


def example():
    return declared.read(re.search(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[1])


def rows(heading):
    """The cells of the first table under it, without its head."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1]
    lines = re.search(r"((?:^\|.*\n)+)", section, re.MULTILINE)[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def members(form):
    return {field.data_key or name for name, field in form._declared_fields.items()}


def test_the_example_is_accepted_and_says_everything_that_can_be_said():
    parts = example()
    shipped = bodies()["dispatch"]
    body = shipped | parts | {"agents": shipped["agents"] | parts["agents"]}

    load(reference_schemas.ReferenceData, body)
    Reference.from_dict(body)

    assert set(parts["agents"]["hotline.02"]) == members(AgentFields)
    assert set(parts["rotas"]["four-crews"]) == members(reference_schemas.Rota)
    assert set(parts["shifts"]["early"]) == members(reference_schemas.Shift)


def test_the_roles_meet_what_the_table_says():
    assert {role: tuple(meets.split(", ")) for role, meets in rows("Roles")} == SERVES


def test_the_ways_to_stand_are_told_in_their_order():
    told = [re.findall(r"`(\w+)`", row[0]) for row in rows("How somebody stands")]

    assert told == [[ON_LEAVE], [OFF_SHIFT], [NO_REST], [ROTA_BREAK], [EXPIRED], [status.value for status in Status]]
