"""What cannot be told by one channel is told by the next one, once, on the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.catalogue import subscriptions
from shared.client import Client
from shared.clock import to_text
from shared.events import Event
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.desk import Told, by_all_channels
from tests.interface.notify.reference import apply
from tests.interface.test_notify import Matter
from tests.support import Stack, eventually


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack, by_all_channels)
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


def settled(stack: Stack, *queues: str) -> None:
    """Everything on these queues is dealt with."""
    eventually(lambda: not stack.ready(*queues))


def test_what_fails_by_sms_is_told_by_mail_and_then_by_a_call(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    told.in_state("sms", "sent")
    told.receipt("sms", "failed")
    mail = told.in_state("email", "sent")
    assert (mail["previous"], mail["to"]) == (told.first["message_id"], f"{told.matter.name}@example.com")
    told.receipt("email", "failed")
    call = told.row("call")
    assert (call["state"], call["to"], call["team"], call["then"]) == ("handed_over", "+441164960403", "network", [])
    assert [row["channel"] for row in told.rows()] == ["sms", "email", "call"]
    assert told.history() == [
        ("sms", "message_queued"),
        ("sms", "message_handed_over"),
        ("sms", "message_sent"),
        ("sms", "message_failed"),
        ("sms", "message_ended"),
        ("email", "message_queued"),
        ("email", "message_handed_over"),
        ("sms", "message_followed"),
        ("email", "message_sent"),
        ("email", "message_reached"),
        ("email", "message_failed"),
        ("email", "message_ended"),
        ("call", "message_queued"),
        ("call", "message_handed_over"),
        ("email", "message_followed"),
    ]


def test_the_same_failure_told_many_times_makes_one_successor(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    told.in_state("sms", "sent")
    for _ in range(5):
        told.receipt("sms", "failed")
    told.in_state("email", "sent")
    settled(stack, "notify.consumers.receipt.take_receipt", "notify.notify.message_ended.tell_otherwise")
    assert [row["channel"] for row in told.rows()] == ["sms", "email"]
    mails = [mail for mail in stack.mails() if mail["To"] == f"{told.matter.name}@example.com"]
    assert len(mails) == 1


def test_without_a_word_it_is_unknown_and_after_its_limit_the_next_channel_acts(
    stack: Stack, desk: Client, world: Feigned
) -> None:
    told = Told(stack, desk, world)
    told.as_if_without_a_word("sms")
    unknown = told.in_state("sms", "unknown")
    assert (unknown["detail"], [row["channel"] for row in told.rows()]) == ("no_word", ["sms"])
    told.as_if_without_a_word("sms", "unknown")
    told.in_state("email", "sent")
    told.receipt("sms", "delivered")
    told.in_state("sms", "delivered")
    assert [row["state"] for row in told.rows()] == ["delivered", "sent"]


def test_a_successor_that_waits_still_is_cancelled_when_the_first_one_arrived(
    stack: Stack, desk: Client, world: Feigned
) -> None:
    told = Told(stack, desk, world)
    told.in_state("sms", "sent")
    told.receipt("sms", "failed")
    message_id = told.in_state("email", "sent")["message_id"]
    told.until(lambda: told.row("sms")["followed_by"])
    later = told.matter.at + timedelta(days=1)
    held = {"state": "held", "held_for": "quiet_hours", "due_at": later, "timer_at": later}
    waits = {"$set": held, "$unset": {"reached_at": ""}, "$inc": {"revision": 1}}
    stack.database["notify_messages"].update_one({"_id": message_id}, waits)
    told.receipt("sms", "delivered")
    assert told.in_state("email", "cancelled")["detail"] == "told_already"


def test_whoever_no_text_reaches_about_a_visit_is_called_and_not_once_its_work_is_over(
    stack: Stack, desk: Client, world: Feigned
) -> None:
    def visit_changed(matter: Matter) -> Event:
        was, now = to_text(matter.at + timedelta(days=1)), to_text(matter.at + timedelta(days=2))
        return matter.work("appointment_changed", appointment=2, was_at=was, starts_at=now)

    told = Told(stack, desk, world, visit_changed)
    for channel in ("sms", "email"):
        told.in_state(channel, "sent")
        told.receipt(channel, "failed")
    call = told.in_state("call", "handed_over")
    text = desk.call("notify", "get_message", message_id=call["message_id"])["content"]["text"]
    assert text.startswith(f"Tell them: ticket {told.matter.ticket_no}, we will come on ")
    world.tell(told.matter.resolved())
    assert told.in_state("call", "cancelled")["detail"] == "obsolete: work_resolved"


def test_an_unknown_message_is_what_a_later_word_says(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    told.as_if_without_a_word("sms")
    told.in_state("sms", "unknown")
    told.receipt("sms", "sent")
    assert told.in_state("sms", "sent")["look"] is False
    assert [row["channel"] for row in told.rows()] == ["sms"]


def test_who_has_no_other_address_is_on_the_worklist(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world, phone=None)
    told.in_state("email", "sent")
    told.receipt("email", "failed")
    told.until(lambda: told.row("email")["look"])
    assert ("email", "message_exhausted") in told.history()


def test_a_message_that_expired_is_told_by_no_other_channel(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    told.as_if_without_a_word("sms")
    told.in_state("sms", "unknown")
    told.receipt("sms", "expired")
    told.in_state("sms", "expired")
    settled(stack, "notify.notify.message_ended.tell_otherwise")
    assert [(row["channel"], row["look"]) for row in told.rows()] == [("sms", False)]


def test_what_is_not_worth_telling_any_more_is_for_a_person(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    message_id = told.in_state("sms", "sent")["message_id"]
    messages = stack.database["notify_messages"]
    past = {"$set": {"expires_at": told.matter.at}, "$inc": {"revision": 1}}
    messages.update_one({"_id": message_id}, past)
    told.receipt("sms", "failed")
    told.until(lambda: told.row("sms")["look"])
    assert [row["channel"] for row in told.rows()] == ["sms"]


def test_a_mail_carries_how_it_is_answered_and_ended(stack: Stack, desk: Client, world: Feigned) -> None:
    told: Any = Told(stack, desk, world, phone=None)
    message_id = told.in_state("email", "sent")["message_id"]
    token = stack.database["notify_messages"].find_one({"_id": message_id})["token"]
    assert len(token) == 24
    (mail,) = [mail for mail in stack.mails() if message_id in mail["Message-ID"]]
    assert f"+{token}@" in mail["Reply-To"]
    assert told.matter.ticket_no in mail["References"]
