"""`loopdesk who` on a running stack with the shipped reference data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from tests.support import Stack, eventually

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
CHRISTMAS = "2026-12-24T22:30+08:00"  # 353 days after the rota began: its second day again


@pytest.fixture(scope="module")
def loopdesk(stack: Stack):
    environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator"), "LOOPDESK_MANAGEMENT_URI": stack.management_uri}

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)
        assert result.exit_code == 0, result.output
        return result.output

    run("apply", CONFIG)
    eventually(lambda: "hotline.04" in run("who", "hotline", "--all"))
    return run


def test_who_shows_the_crew_that_is_on_by_the_roster(loopdesk):
    rows = json.loads(eventually(lambda: loopdesk("who", "hotline", "--at", CHRISTMAS, "--json")))

    assert [(row["agent_id"], row["shift"], row["since"]) for row in rows if row["on"]] == [
        ("hotline.03", "night", "2026-12-24T14:00:00.000Z")
    ]
    assert "hotline.03" in loopdesk("who", "hotline", "--at", CHRISTMAS, "--zone", "Asia/Shanghai")


def test_who_shows_everybody_on_request_and_how_they_stand(loopdesk):
    shown = loopdesk("who", "it", "--all")

    assert all(agent in shown for agent in ("it.01", "it.02", "supervisor.it", "offline"))


def test_a_team_that_there_is_not_is_a_line_and_no_traceback(stack: Stack):
    environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator")}

    result = CliRunner().invoke(main, ["who", "gardeners"], env=environ)

    assert (result.exit_code, "no team 'gardeners'" in result.output) == (1, True)
