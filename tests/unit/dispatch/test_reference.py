from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from services.dispatch import domain, schemas
from services.dispatch.domain.deadlines import Clock
from services.dispatch.domain.reference import duration
from shared.errors import NotFound, ValidationError
from shared.schemas import load
from tests.unit.dispatch.builders import reference

SHIPPED = Path("deploy/config/dispatch.yaml")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_time_is_a_number_and_a_unit(text, time):
    assert duration(text) == time


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-1h", "1h30m", "1w", "٣h", "1h\n"])
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time"):
        duration(text)


def test_an_unknown_team_is_not_found():
    with pytest.raises(NotFound):
        reference().team("gardeners")


def test_a_category_has_one_team():
    teams = {"a": {"name": "A", "categories": ["x"]}, "b": {"name": "B", "categories": ["x"]}}

    with pytest.raises(ValidationError) as refused:
        reference(teams=teams, default_team="a")

    assert refused.value.fields == {"teams.b.categories": ["'x' is with team 'a' already"]}


def test_the_default_team_must_be_there():
    with pytest.raises(ValidationError) as refused:
        reference(default_team="gardeners")

    assert refused.value.fields == {"default_team": ["no team 'gardeners'"]}


def test_a_declared_agent_is_on_teams_that_are_there():
    agents = {"a1": {"name": "Agent 1", "teams": ["gardeners"], "capacity": 1}}

    with pytest.raises(ValidationError) as refused:
        reference(agents=agents)

    assert refused.value.fields == {"agents.a1.teams": ["no team 'gardeners'"]}


def test_an_agent_is_an_agent_unless_declared_a_supervisor():
    agents = {"a1": {"name": "Agent 1", "teams": ["it"], "capacity": 1}}

    assert reference(agents=agents).agents["a1"].role == "agent"


@pytest.mark.parametrize("body", [yaml.safe_load(SHIPPED.read_text()), domain.BEFORE_FIRST_APPLY], ids=["yaml", "none"])
def test_what_is_shipped_is_valid(body):
    load(schemas.ReferenceData, body)

    assert domain.Reference.from_dict(body).target("P1", Clock.RESOLUTION).within == timedelta(hours=4)


def test_every_fault_of_a_target_is_named_by_its_path():
    body = yaml.safe_load(SHIPPED.read_text())
    body["targets"]["P1"] = {"first_response": "soon", "resolution": "4h", "warn_at": 1.5}

    with pytest.raises(ValidationError) as refused:
        load(schemas.ReferenceData, body)

    assert sorted(refused.value.fields) == ["targets.P1.value.first_response", "targets.P1.value.warn_at"]


def test_every_priority_needs_a_target():
    body = yaml.safe_load(SHIPPED.read_text())
    del body["targets"]["P4"]

    with pytest.raises(ValidationError) as refused:
        load(schemas.ReferenceData, body)

    assert sorted(refused.value.fields) == ["targets"]


def test_the_part_at_which_to_warn_is_a_number_and_no_text_of_one():
    body = yaml.safe_load(SHIPPED.read_text())
    body["targets"]["P1"]["warn_at"] = "0.8"

    with pytest.raises(ValidationError) as refused:
        load(schemas.ReferenceData, body)

    assert list(refused.value.fields) == ["targets.P1.value.warn_at"]
