"""What dispatch did, exported and played again: it comes out as it was recorded, with no stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy.cli import main
from deploy.commands.export import rows
from deploy.simulation import logfile
from shared.client import Client
from shared.errors import Forbidden
from shared.events import Event
from tests.interface.dispatch.desk import a_ticket, come, dissatisfaction, do, opened, order_of, standing, work
from tests.interface.feigned import Feigned
from tests.support import Stack, eventually


def run(*arguments: object, stack: Stack | None = None) -> Result:
    env = {"LOOPDESK_AMQP_URI": stack.amqp_uri("operator") if stack else "amqp://nowhere"}
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)


@pytest.fixture
def tickets(desk: Client, tell: Feigned, team: str, a1: str, expert: str) -> list[Event]:
    """One of each fate: waited for, moved and done; through a flow; late; reopened; given back; taken back."""
    come(desk, f"a2 of {team}", team, capacity=9)
    come(desk, f"e2 of {team}", team, capacity=9, role="expert", skills=["radio"])
    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    made = [a_ticket(team) for _ in range(4)]
    flow, late = a_ticket(team, type="repair"), a_ticket(team, priority="P1", at=yesterday)
    opened(desk, tell, *made, flow, late)
    held, again, declined, moved = made
    _wait_and_resolve(desk, held)
    _fail(desk, tell, again)
    do(desk, "decline", declined, reason="not mine")
    do(desk, "prioritise", moved, priority="P1", reason="the chief asks")
    do(desk, "transfer", moved, team="it", reason="theirs")
    do(desk, "complete_step", flow, fields={"symptom": "断网"})
    for step in ("survey", "approval"):
        do(desk, "complete_step", flow, step=step)
    do(desk, "complete_step", flow, fee={"amount": "12.5"}, solution="Fixed")
    eventually(lambda: work(desk, late)["escalation"] == 2)
    return [*made, flow, late]


def _wait_and_resolve(desk: Client, ticket: Event) -> None:
    do(desk, "accept", ticket)
    do(desk, "respond", ticket)
    do(desk, "hold", ticket, reason="waiting_for_customer")
    do(desk, "resume", ticket)
    do(desk, "resolve", ticket, solution="Done")


def _fail(desk: Client, tell: Feigned, ticket: Event) -> None:
    do(desk, "resolve", ticket, solution="Done")
    tell.tell(dissatisfaction(ticket, 0))
    eventually(lambda: work(desk, ticket)["round"] == 1)


@pytest.fixture
def log(stack: Stack, tickets: list[Event], tmp_path: Path) -> Path:
    """The export, with these work orders alone."""
    own = {order_of(ticket) for ticket in tickets}

    def wanted() -> Iterator[tuple[str, Any]]:
        for kind, row in rows(stack.client("operator")):
            if kind != "orders" or row["order_no"] in own:
                yield kind, row

    logfile.write(tmp_path / "log.jsonl", datetime.now(UTC).isoformat(), wanted())
    return tmp_path / "log.jsonl"


def test_every_deadline_and_assignment_of_a_real_run_comes_out_the_same(log: Path, tickets: list[Event]) -> None:
    result = run("simulate", log, "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["reproduced"]["orders"] == len(tickets)
    assert told["reproduced"]["assignments"] >= len(tickets) + 4
    assert [one["name"] for one in told["runs"]] == ["recorded", "as it is"]
    over, left_out = told["runs"][0]["orders"], told["left_out"]
    assert over + left_out["open"] + left_out["linked"] == len(tickets)
    assert [one["orders"] for one in told["runs"]] == [over, over]


def test_the_same_work_is_played_with_more_agents_and_drawn(log: Path, team: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.html"

    result = run("simulate", log, "--agents", f"{team}=+1", "--weights", "idle=1", "--html", picture)

    assert result.exit_code == 0, result.output
    assert f"agents {team}=+1" in result.output
    assert "Plotly.newPlot" in picture.read_text(encoding="utf-8")


def test_a_choice_of_somebody_of_whom_there_is_no_line_is_refused_and_nothing_is_played(
    log: Path, tickets: list[Event]
) -> None:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    order = next(line for line in lines if line.get("order_no") == order_of(tickets[0]))
    order["assignments"][0]["record"]["agents"] = ["somebody else"] * len(order["assignments"][0]["record"]["agents"])
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    result = run("simulate", log)

    assert result.exit_code == 1
    assert "record.agents: of the agent 'somebody else' there is no line" in result.output
    assert "as it is" not in result.output


def test_the_export_holds_every_work_order_in_the_order_of_opening(
    stack: Stack, tickets: list[Event], tmp_path: Path
) -> None:
    result = run("export", tmp_path / "all.jsonl.gz", stack=stack)

    assert result.exit_code == 0, result.output
    orders = [row for _, kind, row in logfile.read(tmp_path / "all.jsonl.gz") if kind == "orders"]
    assert {order_of(ticket) for ticket in tickets} <= {row["order_no"] for row in orders}
    assert [row["opened_at"] for row in orders] == sorted(row["opened_at"] for row in orders)
    assert run("export", tmp_path / "all.jsonl.gz", stack=stack).exit_code == 1  # it is there already


def test_pages_of_one_are_the_same_rows(stack: Stack, desk: Client) -> None:
    client = stack.client("operator")
    whole = client.call("dispatch", "export_history", what="reference", limit=200)["rows"]
    found, after = [], None
    while True:
        page = client.call("dispatch", "export_history", what="reference", limit=1, after=after)
        found += page["rows"]
        after = page["next"]
        if after is None:
            break

    assert found == whole
    assert [row["version"] for row in whole] == list(range(1, len(whole) + 1))


def test_only_who_administers_may_export(stack: Stack) -> None:
    with pytest.raises(Forbidden):
        stack.client("callcentre").call("dispatch", "export_history", what="orders")


def test_held_work_is_exported_as_it_stands(desk: Client, tell: Feigned, stack: Stack, team: str, a1: str) -> None:
    ticket = a_ticket(team)
    opened(desk, tell, ticket)
    do(desk, "hold", ticket, reason="waiting_for_customer")
    standing(desk, ticket, "held")

    row = next(row for kind, row in rows(stack.client("operator")) if row.get("order_no") == order_of(ticket))

    assert [entry["type"] for entry in row["entries"]] == ["work_opened", "work_assigned", "work_held"]
    assert row["head"]["number"] == 3
    assert [one["agent"] for one in row["assignments"]] == [a1]
