"""The worklist of failures: tried again, sent elsewhere, or left, on the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from deploy.catalogue import subscriptions
from shared.client import Client
from shared.errors import Forbidden, IllegalMove, NotFound, ValidationError
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.desk import Told
from tests.interface.notify.reference import apply
from tests.support import Stack, eventually


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack)
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def boss(stack: Stack) -> Client:
    return stack.client("supervisor")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


@pytest.fixture
def failed(stack: Stack, desk: Client, world: Feigned) -> Told:
    """A mail that bounced, and nothing else to tell it by."""
    told = Told(stack, desk, world, phone=None)
    told.in_state("email", "sent")
    told.receipt("email", "failed")
    told.until(lambda: told.row("email")["look"])
    return told


def on_the_list(desk: Client, message_id: str, **filters: Any) -> bool:
    after = None
    while True:
        page = desk.call("notify", "find_failures", limit=200, after=after, **filters)
        if any(row["message_id"] == message_id for row in page["messages"]):
            return True
        after = page["next"]
        if after is None:
            return False


def test_a_failure_is_on_the_worklist_by_channel_and_kind(desk: Client, failed: Told) -> None:
    message_id = failed.first["message_id"]
    assert on_the_list(desk, message_id)
    assert on_the_list(desk, message_id, channel="email", kind="progress")
    assert not on_the_list(desk, message_id, channel="sms")


def test_a_retry_is_another_attempt_whose_receipts_count(
    stack: Stack, boss: Client, failed: Told, world: Feigned
) -> None:
    message_id = failed.first["message_id"]
    request = {"message_id": message_id, "request_id": uuid4().hex}
    first, again = (boss.call("notify", "retry_message", **request) for _ in range(2))
    assert first == again
    assert (first["attempt"], first["state"], first["look"]) == (1, "handed_over", False)
    failed.in_state("email", "sent")
    mails = [mail["Message-ID"] for mail in stack.mails() if message_id in mail["Message-ID"]]
    assert sorted(mail.split("@")[0] for mail in mails) == [f"<{message_id}", f"<{message_id}-1"]
    failed.receipt("email", "failed", f"{message_id}-1")
    assert failed.in_state("email", "failed")["look"] is True


def test_a_failure_of_an_older_attempt_changes_nothing_and_its_delivery_does(boss: Client, failed: Told) -> None:
    message_id = failed.first["message_id"]
    boss.command("notify", "retry_message", message_id=message_id)
    failed.in_state("email", "sent")
    failed.receipt("email", "failed")
    failed.receipt("email", "delivered")
    assert failed.in_state("email", "delivered")["attempt"] == 1


def test_another_address_is_normalised_and_tried(stack: Stack, boss: Client, failed: Told) -> None:
    message_id, right = failed.first["message_id"], f"right-{failed.matter.name}@example.com"
    row = boss.command("notify", "change_address", message_id=message_id, to=right.replace("example", "EXAMPLE"))
    assert (row["to"], row["attempt"]) == (right, 1)
    failed.in_state("email", "sent")
    assert [mail for mail in stack.mails() if mail["To"] == right]


def test_who_had_no_address_gets_the_text_that_was_owed(
    stack: Stack, desk: Client, boss: Client, world: Feigned
) -> None:
    told = Told(stack, desk, world, phone=None, email=None)
    assert (told.first["state"], told.first["detail"], told.first["look"]) == ("failed", "no_address", True)
    with pytest.raises(IllegalMove):
        boss.command("notify", "retry_message", message_id=told.first["message_id"])
    address = f"found-{told.matter.name}@example.com"
    boss.command("notify", "change_address", message_id=told.first["message_id"], to=address)
    told.in_state("email", "sent")
    (mail,) = [mail for mail in stack.mails() if mail["To"] == address]
    assert mail["Subject"] == f"Your ticket {told.matter.ticket_no} is closed"


@pytest.mark.parametrize("to", ["nobody", "+441164960403", "a@b@c"])
def test_what_is_no_address_is_refused_by_its_field(boss: Client, failed: Told, to: str) -> None:
    with pytest.raises(ValidationError) as refused:
        boss.command("notify", "change_address", message_id=failed.first["message_id"], to=to)
    assert list(refused.value.fields) == ["to"]


def test_what_is_given_up_is_off_the_worklist(desk: Client, boss: Client, failed: Told) -> None:
    message_id = failed.first["message_id"]
    row = boss.command("notify", "give_up_message", message_id=message_id, reason="moved away", actor="eve")
    assert (row["look"], row["state"]) == (False, "failed")
    assert not on_the_list(desk, message_id)
    last = desk.call("notify", "get_message", message_id=message_id)["history"][-1]
    assert (last["type"], last["data"], last["actor"]) == ("message_given_up", {"reason": "moved away"}, "eve")


def test_what_is_under_way_or_unknown_is_not_tried_again(
    stack: Stack, desk: Client, boss: Client, world: Feigned
) -> None:
    told = Told(stack, desk, world)
    told.in_state("email", "sent")
    for method, more in (("retry_message", {}), ("give_up_message", {"reason": "x"})):
        with pytest.raises(IllegalMove):
            boss.command("notify", method, message_id=told.first["message_id"], **more)
    with pytest.raises(NotFound):
        boss.command("notify", "retry_message", message_id="nosuch")


def test_only_supervisors_see_to_failures(stack: Stack, failed: Told) -> None:
    workbench = stack.client("workbench")
    with pytest.raises(Forbidden):
        workbench.command("notify", "retry_message", message_id=failed.first["message_id"])


def test_the_worklist_is_read_in_order_from_its_index(stack: Stack) -> None:
    rows = stack.database["notify_messages"].find({"look": True, "channel": "email"}).hint("failures").sort("_id", 1)
    plan = str(eventually(lambda: rows.limit(51).explain()["queryPlanner"]["winningPlan"]))
    assert "COLLSCAN" not in plan
    assert "'stage': 'SORT'" not in plan
