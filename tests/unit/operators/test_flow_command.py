"""`loopdesk flow` on a folder of declared flows, with no broker; on a running stack: tests/interface/test_cli.py."""

import shutil

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.drawing import drawing
from tests.unit.dispatch.flows.shipped import CONFIG, shipped


def run(*words):
    return CliRunner().invoke(main, ["flow", *words])


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CONFIG, tmp_path / "config")


def test_the_flows_of_a_folder_are_listed():
    listed = run("list", "--from", str(CONFIG))

    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()[1:]] == sorted(shipped().flows)


def test_a_flow_of_a_folder_is_drawn():
    drawn = run("draw", "complaint", "--from", str(CONFIG))

    assert (drawn.exit_code, drawn.output) == (0, drawing(shipped().flow("complaint")))


def test_a_flow_with_faults_is_not_drawn_and_every_fault_is_told_with_its_place(folder):
    file = folder / "flows" / "enquiry.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("next: end", "next: nowhere"), encoding="utf-8")

    refused = run("draw", "enquiry", "--from", str(folder))

    assert refused.exit_code == 1
    assert "flows.enquiry.steps.answer.next: no step 'nowhere'; there are answer" in refused.output


def test_a_flow_of_another_form_is_refused_with_its_place(folder):
    (folder / "flows" / "odd.yaml").write_text("steps: {a: {next: end}}\n", encoding="utf-8")

    refused = run("list", "--from", str(folder))

    assert refused.exit_code == 1
    assert "flows.odd.steps.a.name" in refused.output


def test_a_file_that_is_no_yaml_is_named(folder):
    (folder / "flows" / "odd.yaml").write_text("steps: [", encoding="utf-8")

    refused = run("list", "--from", str(folder))

    assert (refused.exit_code, "flows/odd.yaml" in refused.output) == (1, True)


def test_an_unknown_flow_is_said_to_be_unknown():
    refused = run("draw", "nothing", "--from", str(CONFIG))

    assert (refused.exit_code, refused.output.strip()) == (1, "NotFound: no flow 'nothing'")


@pytest.mark.parametrize(
    "words", [["draw"], ["draw", "complaint", "--order", "W-1"], ["draw", "x", "--zone", "Mars/One"]]
)
def test_a_slip_in_what_is_typed_is_a_usage_error(words):
    assert run(*words).exit_code == 2
