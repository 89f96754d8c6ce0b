"""The command line's own rules; no broker."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy.cli import COMMANDS, main
from deploy.commands import health, look, parked, session
from deploy.commands.call import parse


def run(*arguments, **environ):
    return CliRunner().invoke(main, arguments, env=environ)


def test_fields_are_text_or_json():
    assert parse(("ticket_no=T-1", "limit:=5", "note=a=b", 'tags:=["x"]')) == {
        "ticket_no": "T-1",
        "limit": 5,
        "note": "a=b",
        "tags": ["x"],
    }


@pytest.mark.parametrize("field", ["novalue", "=x", ":=5", "limit:=five"])
def test_a_malformed_field_is_refused_with_the_way_to_write_it(field):
    with pytest.raises(click.UsageError, match=r"NAME|write"):
        parse((field,))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_without_an_account_the_way_to_give_one_is_told():
    result = run("ping", LOOPDESK_AMQP_URI="", LOOPDESK_STACK="never-started")
    assert result.exit_code == 1
    assert "make up" in result.output
    assert "LOOPDESK_AMQP_URI" in result.output


def test_dropping_needs_ids_or_all_before_it_asks():
    assert "give ids, or --all" in run("parked", "drop").output


@pytest.mark.parametrize(
    ("queue", "todo"),
    [
        ({"name": "dispatch.parking", "messages_ready": 2}, "loopdesk parked list --service dispatch"),
        ({"name": "unrouted", "messages_ready": 1}, "loopdesk parked list --service unrouted"),
        ({"name": "dispatch.parking", "messages_ready": 0}, None),
        ({"name": "dispatch.retry.1000", "messages_ready": 5, "consumers": 0}, None),
        ({"name": "rpc-intake", "messages_ready": 5, "consumers": 1}, None),
        ({"name": "rpc-intake", "messages_ready": 0, "consumers": 0}, "nobody consumes it: start its process"),
    ],
)
def test_a_queue_that_needs_a_person_says_what_to_do(queue, todo):
    assert health.concern(queue) == todo


def a_group(value, met=None, target=None):
    return {"orders": {"opened": 3}, "satisfaction": {"value": value, "target": target, "met": met}}


def test_figures_stand_beside_their_targets():
    target = {"at_least": 0.9}
    report = {"total": a_group(0.5, False, target), "by_priority": {"P1": a_group(None)}, "by_team": {}}
    console = Console(width=80)
    with console.capture() as captured:
        console.print(look.orders(report), look.figures(report))
    assert [line.split() for line in captured.get().splitlines()] == [
        ["opened"],
        ["all", "3"],
        ["P1", "3"],
        ["satisfaction"],
        ["all", "50.0%"],
        ["P1", "-"],
        ["target", "≥", "90.0%"],
    ]


def test_an_unknown_host_is_a_line_and_no_traceback():
    result = run("parked", "list", LOOPDESK_AMQP_URI="amqp://operator:x@nowhere.invalid/loopdesk")
    assert result.exit_code == 1
    assert result.output.startswith("broker: ")


def test_what_several_ids_begin_with_is_not_dropped(monkeypatch):
    found = [SimpleNamespace(id="3fa9000001"), SimpleNamespace(id="3fa9000002"), SimpleNamespace(id="4000000000")]
    monkeypatch.setattr(session, "broker", nullcontext)
    monkeypatch.setattr(parked, "depth", lambda connection, place: len(found))
    monkeypatch.setattr(parked.lots, "read", lambda connection, place, limit: found)
    with pytest.raises(click.UsageError, match="several ids begin with '3fa9'"):
        parked.unmistakable(("4000", "3fa9"), ("notify",))
    parked.unmistakable(("4000", "3fa9000001", "dispatch_orders/W-1/3"), ("notify",))
