"""`loopdesk flow` on a running stack: the flows in force, and the way of real work."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.commands.flow import flow_of
from deploy.drawing import drawing
from shared.client import Client
from tests.support import Stack, eventually, until_noticed
from tests.unit.dispatch.flows.shipped import shipped

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
#: Of this module alone: the shipped agents may be full with other tests' work.
AGENT = "flow.desk"


@pytest.fixture(scope="module")
def loopdesk(stack: Stack):
    environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator"), "LOOPDESK_MANAGEMENT_URI": stack.management_uri}

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)
        assert result.exit_code == 0, result.output
        return result.output

    run("apply", CONFIG)
    until_noticed()
    return run


@pytest.fixture
def desk(stack: Stack, loopdesk):
    client = stack.client("importer")
    said = {"name": "Flow desk", "teams": ["service-desk", "accounts"], "skills": ["complaints"], "capacity": 100}
    client.command("dispatch", "save_agent", agent_id=AGENT, **said)
    client.command("dispatch", "set_presence", agent_id=AGENT, status="available")
    yield client
    client.command("dispatch", "set_presence", agent_id=AGENT, status="offline")


def complaint(desk: Client) -> str:
    ticket = desk.command(
        *("intake", "submit_ticket"),
        customer={"name": "Probe", "email": "probe@example.com"},
        channel="phone",
        subject="迟迟不送货",
        type="complaint",
        category="account",
        impact="low",
        urgency="low",
    )
    number = str(ticket["ticket_no"])
    return str(eventually(lambda: _assigned(desk, number)))


def _assigned(desk: Client, ticket_no: str) -> str | None:
    work = desk.call("dispatch", "get_work", ticket_no=ticket_no)
    return work["order_no"] if work["state"] == "assigned" else None


def test_the_flows_in_force_are_listed_and_drawn(loopdesk):
    assert "return-refund" in loopdesk("flow", "list")

    assert loopdesk("flow", "draw", "new-service") == drawing(shipped().flow("new-service"))


def test_the_way_of_a_work_order_is_drawn_from_its_history(loopdesk, desk):
    order_no = complaint(desk)
    desk.command("dispatch", "complete_step", order_no=order_no, fields={"reached_by": "phone"})
    findings = {"findings": "属实", "heard_both": True}
    eventually(lambda: desk.call("dispatch", "get_work", order_no=order_no)["state"] == "assigned")
    desk.command("dispatch", "complete_step", order_no=order_no, fields=findings)

    drawn = loopdesk("flow", "draw", "--order", order_no)

    assert [
        line.split("<br/>")[0].strip() for line in drawn.splitlines() if line.startswith("  visit_") and "[" in line
    ] == [
        'visit_1["受理回复 Acknowledge',
        'visit_2["调查核实 Investigate',
        'visit_3["归因定责 Decide the cause',
    ]
    assert ":::open" in drawn
    assert "  visit_2 --> visit_3\n" in drawn


def test_old_work_is_drawn_by_the_flow_that_it_began(stack, loopdesk, desk, tmp_path):
    order_no = complaint(desk)
    work = desk.call("dispatch", "get_work", order_no=order_no)
    without = shutil.copytree(CONFIG, tmp_path / "config")
    (without / "flows" / "complaint.yaml").unlink()
    try:
        loopdesk("apply", without)
        assert "complaint" not in loopdesk("flow", "list")
        began = flow_of(stack.client("operator"), work)
        assert began is not None
        assert (f"{began.code}@{began.version}", began.start) == (work["flow"], work["visits"][0]["step"])
        assert "受理回复 Acknowledge" in loopdesk("flow", "draw", "--order", order_no)
    finally:
        loopdesk("apply", CONFIG)
        until_noticed()
