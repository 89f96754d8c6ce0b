"""docs/assignment.md says what the rules are."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from pathlib import Path

import yaml
from rich.console import Console

from deploy.commands.explain_assignment import show
from services.dispatch.domain.assigning.assignment import PARTS
from services.dispatch.domain.assigning.limits import LIMITS
from tests.unit.dispatch.assigning.builders import a_candidate, ago
from tests.unit.dispatch.builders import NINE
from tests.unit.dispatch.declared import a_body, read
from tests.unit.operators.test_explain_assignment import a_waiting_answer, an_answer

DOCUMENT = (Path(__file__).parents[3] / "docs" / "assignment.md").read_text(encoding="utf-8")
TEAM = (
    a_candidate("it.01", level=2, load=4, last_assigned_at=ago(hours=2)),
    a_candidate("it.02", level=3, load=10),
    a_candidate("it.03", level=1, status="away"),
    a_candidate("it.04", level=2, status="on_leave", handed_over_to="it.01"),
    a_candidate("it.05", level=2, load=6, last_assigned_at=ago(hours=4)),
)


def section(title):
    return DOCUMENT.split(f"## {title}\n")[1].split("\n## ")[0]


def first_cells(title):
    return tuple(re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE))


def test_every_limit_is_told_of_in_its_order():
    assert first_cells("Limits") == LIMITS


def test_every_part_of_the_score_is_told_of_in_its_order():
    assert first_cells("Parts of the score") == PARTS


def test_the_declaration_to_copy_is_valid():
    [text] = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    assignment = read(**yaml.safe_load(text), teams={**a_body()["teams"], "experts": {"name": "Experts"}}).assignment

    assert (assignment.units_of({"priority": "P1"}), assignment.triage.team) == (4, "experts")


def printed(answer):
    console = Console(width=160)
    with console.capture() as captured:
        show(answer, UTC, console)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_explanation_shown_is_what_the_command_prints():
    [shown] = re.findall(r"```text\n(.*?)```", section("Reading an explanation"), re.DOTALL)
    answer = an_answer(*TEAM, units=4, priority="P1", due=NINE + timedelta(hours=4), skill="network", level=2)
    lines = printed(answer)

    assert [line.rstrip() for line in shown.splitlines()] == lines[:-1]
    assert lines[-1].startswith("sha256 ")


def test_the_explanation_of_work_that_waits_is_what_the_command_prints():
    [shown] = re.findall(r"```text\n(.*?)```", section("Why nobody has it"), re.DOTALL)
    asked = {"units": 4, "priority": "P1", "due": NINE + timedelta(hours=4), "skill": "network", "level": 2}
    answer = a_waiting_answer(*TEAM[1:3], stranded="level, capacity", **asked)

    assert [line.rstrip() for line in shown.splitlines()] == printed(answer)
