"""`loopdesk` on a running stack, as an operator types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from shared.client import Client
from tests.support import Stack, eventually

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
CONTACT = {"channel": "phone", "type": "fault", "category": "network", "impact": "high", "urgency": "high"}


@pytest.fixture
def loopdesk(stack: Stack):
    environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator"), "LOOPDESK_MANAGEMENT_URI": stack.management_uri}

    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def config(tmp_path: Path, loopdesk):
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)

    def change(name: str, old: str, new: str) -> Path:
        file = tmp_path / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    yield change
    loopdesk("apply", CONFIG)


@pytest.fixture
def ticket(stack: Stack, loopdesk) -> str:
    loopdesk("apply", CONFIG)
    client: Client = stack.client("callcentre")
    who = {"name": "Probe", "email": "probe@example.com"}
    said = {"customer": who, "subject": "断网 🔌", "text": "since this morning", **CONTACT}
    answer = eventually(lambda: client.command("intake", "submit_ticket", **said))
    return str(answer["ticket_no"])


def test_ping_names_every_process(loopdesk):
    assert [line.split()[:2] for line in loopdesk("ping", "--timeout", "60").splitlines()] == [
        ["yes", process]
        for service in ("intake", "dispatch", "feedback", "notify")
        for process in (service, f"{service}-worker", *(["notify-broadcaster"] if service == "notify" else []))
    ]


def test_status_finds_nothing_to_do_on_a_healthy_stack(loopdesk):
    def healthy() -> bool:
        loopdesk("parked", "drop", "--all", "--yes")  # news of what earlier tests have feigned
        return "nothing to do" in loopdesk("status")

    eventually(healthy)


def test_status_points_at_what_does_not_answer(stack: Stack, loopdesk):
    stack.stop_process("notify")
    try:
        output = loopdesk("ping", "notify", "intake", "--timeout", "5", code=1)
    finally:
        stack.start_process("notify")
    assert [line.split()[0] for line in output.splitlines()[:2]] == ["no", "yes"]
    loopdesk("ping", "notify", "--timeout", "60")


def test_apply_a_second_time_has_nothing_to_do(loopdesk):
    loopdesk("apply", CONFIG)
    assert loopdesk("apply", CONFIG) == "nothing to do: all of it is in force already\n"


def test_a_change_is_shown_applied_and_can_be_taken_back(config, loopdesk):
    loopdesk("apply", CONFIG)
    folder = config("feedback.yaml", "survey_days: 5", "survey_days: 6")
    shown = loopdesk("apply", folder, "--dry-run")
    assert "- survey_days: 5" in shown
    assert "+ survey_days: 6" in shown
    in_force = json.loads(loopdesk("call", "feedback", "get_reference"))
    assert in_force["body"]["survey_days"] == 5
    assert f"applied feedback.yaml as version {in_force['version'] + 1}" in loopdesk("apply", folder)
    assert f"applied feedback.yaml as version {in_force['version'] + 2}" in loopdesk("apply", CONFIG)
    assert json.loads(loopdesk("call", "feedback", "get_reference"))["body"] == in_force["body"]


def test_with_a_fault_in_one_part_no_part_is_applied(config, loopdesk):
    loopdesk("apply", CONFIG)
    before = {name: loopdesk("call", name, "get_reference") for name in ("intake", "feedback")}
    config("feedback.yaml", "survey_days: 5", "survey_days: -1")
    folder = config("intake.yaml", "  network:", "  fibre:")
    output = loopdesk("apply", folder, code=1)
    assert "feedback.yaml  survey_days  " in output
    assert "category 'network' is not in intake.yaml" in output
    assert "nothing was applied" in output
    assert {name: loopdesk("call", name, "get_reference") for name in before} == before


def test_a_ticket_and_its_work_can_be_read(ticket, loopdesk):
    told = loopdesk("ticket", ticket)
    assert "断网 🔌" in told
    assert "ticket_submitted" in told
    assert "work_opened" in eventually(lambda: _work(loopdesk, ticket))
    assert "work_opened" in loopdesk("work", ticket.replace("T-", "W-"))


def test_work_is_shown_in_a_zone_or_as_it_came(ticket, loopdesk):
    eventually(lambda: _work(loopdesk, ticket))
    assert "due (Asia/Shanghai)" in loopdesk("work", ticket, "--zone", "Asia/Shanghai")
    came = json.loads(loopdesk("work", ticket, "--json"))
    assert (came["ticket_no"], came["history"][0]["type"]) == (ticket, "work_opened")


def _work(loopdesk, number: str) -> str:
    try:
        return loopdesk("work", number)
    except AssertionError:
        return ""


def test_call_prints_json_and_says_when_a_method_changes_something(ticket, loopdesk):
    assert json.loads(loopdesk("call", "intake", "get_ticket", f"ticket_no={ticket}"))["subject"] == "断网 🔌"
    refused = loopdesk("call", "intake", "apply_reference", "body:={}", code=1)
    assert "call it with --change" in refused
    assert "Forbidden: operator lacks the permission submit" in loopdesk(
        "call", "--change", "intake", "add_note", f"ticket_no={ticket}", "text=x", code=1
    )


def test_what_there_is_none_of_is_told_without_a_traceback(loopdesk):
    assert loopdesk("ticket", "T-0", code=1) == "NotFound: no ticket 'T-0'\n"


def test_messages_and_figures_are_listed(ticket, loopdesk):
    assert "such messages" in loopdesk("messages", "list", "--ticket", "T-0")
    assert eventually(lambda: "opened" in loopdesk("kpi", "--priority", "P1"))


def test_provision_may_run_again_on_a_running_stack(stack: Stack, loopdesk):
    environ = {**stack.admin(), **_secrets(stack)}
    result = CliRunner().invoke(main, ["provision"], env=environ)
    assert result.exit_code == 0, result.output
    assert "broker" in result.output
    loopdesk("ping", "--timeout", "60")


def _secrets(stack: Stack) -> dict[str, str]:
    from deploy.localstack import compose, secrets
    from deploy.localstack.plan import LOCAL_VARIABLES, PROFILES

    variables = secrets.read(stack.instance)
    declared = compose.load({**variables, **LOCAL_VARIABLES}, PROFILES)["provision"].environment
    return {name: declared[name] for name in declared if name.endswith("PASSWORD") or name == "LOOPDESK_PERMISSIONS"}
