"""`loopdesk handover` and `loopdesk shift-log` on a running stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from tests.support import Stack, eventually

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
AGENT, STAND_IN = "handing.over", "standing.in"


@pytest.fixture(scope="module")
def loopdesk(stack: Stack) -> Callable[..., str]:
    def run(*arguments: str, exits: int = 0, account: str = "supervisor") -> str:
        environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri(account), "LOOPDESK_MANAGEMENT_URI": stack.management_uri}
        result = CliRunner().invoke(main, arguments, env=environ)
        assert result.exit_code == exits, result.output
        return result.output

    run("apply", str(CONFIG), account="operator")
    for agent_id in (AGENT, STAND_IN):  # who are not there: nobody else's work is concerned
        who = {"agent_id": agent_id, "name": agent_id, "teams": ["it"], "capacity": 1}
        eventually(lambda who=who: stack.client("importer").command("dispatch", "save_agent", **who))
    return run


def test_a_hand_over_is_made_listed_and_cancelled(loopdesk: Callable[..., str]) -> None:
    period = ("--until", "2099-01-01", "--reason", "on leave")

    made = json.loads(loopdesk("handover", "make", AGENT, STAND_IN, *period, "--json"))
    listed = loopdesk("handover", "list", "--agent", AGENT)
    refused = loopdesk("handover", "make", STAND_IN, AGENT, *period, exits=1)
    cancelled = loopdesk("handover", "cancel", made["id"], "--reason", "back early")

    assert made["id"] in listed
    assert f"{STAND_IN} -> {AGENT} -> {STAND_IN}" in refused
    assert cancelled == "cancelled\n"
    assert loopdesk("handover", "list", "--agent", AGENT) == "nobody has handed over\n"


def test_shift_logs_are_listed_and_what_is_not_there_is_said(loopdesk: Callable[..., str]) -> None:
    assert loopdesk("shift-log", "list", "--team", "no.such.team") == "no such logs\n"
    assert "NotFound" in loopdesk("shift-log", "show", "it/2020-01-01T00:00:00Z", exits=1)
    assert "NotFound" in loopdesk("shift-log", "note", "no.such.team", "hello", exits=1)
