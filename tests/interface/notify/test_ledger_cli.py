"""`loopdesk messages` and `loopdesk calls` on a running stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner

from deploy.catalogue import subscriptions
from deploy.cli import main
from shared.client import Client
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.desk import Told, by_all_channels
from tests.interface.notify.reference import apply
from tests.support import Stack

Run = Callable[..., str]


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack, by_all_channels)
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


@pytest.fixture
def loopdesk(stack: Stack) -> Run:
    def run(*arguments: str, account: str = "operator", code: int = 0) -> str:
        environ = {"LOOPDESK_AMQP_URI": stack.amqp_uri(account)}
        result = CliRunner().invoke(main, arguments, env=environ)
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_messages_are_listed_shown_and_counted(stack: Stack, desk: Client, world: Feigned, loopdesk: Run) -> None:
    told = Told(stack, desk, world)
    message_id = told.in_state("sms", "sent")["message_id"]
    listed = loopdesk("messages", "list", "--ticket", told.matter.ticket_no, "--kind", "progress", "--state", "sent")
    assert message_id in listed
    assert loopdesk("messages", "list", "--ticket", "T-0") == "no such messages\n"
    shown = loopdesk("messages", "show", message_id)
    assert "message_handed_over" in shown
    assert told.matter.ticket_no in shown
    assert json.loads(loopdesk("messages", "show", message_id, "--json"))["chain"]["messages"][0]["channel"] == "sms"
    counted = loopdesk("messages", "count", "--by", "channel", "--by", "hour")
    assert [word for word in ("succeeded", "sms", "all") if word not in counted] == []
    total = json.loads(loopdesk("messages", "count", "--channel", "sms", "--json"))["total"]
    assert total["messages"] >= total["sent"] >= 1


def test_failures_are_seen_to(stack: Stack, desk: Client, world: Feigned, loopdesk: Run) -> None:
    told = Told(stack, desk, world, phone=None)
    message_id = told.in_state("email", "sent")["message_id"]
    told.receipt("email", "failed")
    told.until(lambda: told.row("email")["look"])
    failed = json.loads(loopdesk("messages", "failures", "--kind", "progress", "--limit", "200", "--json"))
    assert message_id in {row["message_id"] for row in failed["messages"]}
    assert "Forbidden" in loopdesk("messages", "retry", message_id, code=1)
    supervisor = {"account": "supervisor"}
    assert "sent once more" in loopdesk("messages", "retry", message_id, **supervisor)
    told.in_state("email", "sent")
    told.receipt("email", "failed", f"{message_id}-1")
    told.until(lambda: told.row("email")["look"])
    assert "to: Not an address" in loopdesk("messages", "address", message_id, "nobody", code=1, **supervisor)
    given_up = loopdesk("messages", "give-up", message_id, "--reason", "moved away", "--by", "eve", **supervisor)
    assert "given up" in given_up


def test_another_attempt_at_night_says_until_when_it_waits(
    stack: Stack, desk: Client, world: Feigned, loopdesk: Run
) -> None:
    told = Told(stack, desk, world, phone=None)
    message_id = told.in_state("email", "sent")["message_id"]
    told.receipt("email", "failed")
    told.until(lambda: told.row("email")["look"])
    end = told.matter.at + timedelta(hours=3)
    night = {"from": f"{told.matter.at - timedelta(hours=3):%H:%M}", "to": f"{end:%H:%M}"}
    whose = {"customer_id": told.matter.customer_id}
    stack.client("callcentre").command("notify", "set_preferences", **whose, quiet_hours=night, time_zone="UTC")
    said = loopdesk("messages", "retry", message_id, account="supervisor")
    assert said.startswith(f"waits until {end:%Y-%m-%d %H:%M}")
    assert said.endswith(f"UTC (quiet_hours): {message_id} is held\n")


def test_calls_are_listed_taken_and_finished(stack: Stack, desk: Client, world: Feigned, loopdesk: Run) -> None:
    told = Told(stack, desk, world, email=None)
    told.in_state("sms", "sent")
    told.receipt("sms", "failed")
    message_id = told.row("call")["message_id"]
    assert message_id in loopdesk("calls", "list", "--team", "network", "--limit", "200")
    workbench = {"account": "workbench"}
    given: set[str] = set()
    while message_id not in given:  # other tests' calls may be older
        given.add(
            json.loads(loopdesk("calls", "next", "ann", "--team", "network", "--json", **workbench))["message_id"]
        )
    finished = loopdesk("calls", "finish", message_id, "reached", "--note", "all is well", **workbench)
    assert finished == f"{message_id} is delivered\n"
    assert loopdesk("calls", "next", "ann", "--team", "nobodys", **workbench) == "nobody is to be called\n"
