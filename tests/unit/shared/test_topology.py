from __future__ import annotations

import pytest

from shared.bus import topology
from shared.bus.topology import REPLY_ADDRESS, RETRY_TIERS, Subscription


def test_names_on_the_bus_are_those_of_the_design() -> None:
    assert Subscription("dispatch", "intake", "ticket_submitted", "open_work").queue == (
        "dispatch.intake.ticket_submitted.open_work"
    )
    assert topology.rpc_queue("intake") == "rpc-intake"
    assert topology.events_exchange("intake") == "intake.events"
    assert topology.return_exchange("intake") == "intake.return"
    assert topology.retry_exchange("intake", 1000) == "intake.retry.1000"
    assert topology.parking("intake") == "intake.parking"


@pytest.mark.parametrize(
    ("process", "service"), [("intake", "intake"), ("intake-worker", "intake"), ("notify-broadcaster", "notify")]
)
def test_every_process_belongs_to_its_service(process: str, service: str) -> None:
    assert topology.owner(process) == service


def test_waits_grow_from_a_second_to_ten_minutes() -> None:
    assert RETRY_TIERS == (1_000, 5_000, 30_000, 120_000, 600_000)
    assert topology.OUTAGE_TIER in RETRY_TIERS  # only those have queues


def test_headers_of_our_own_survive_republishing() -> None:
    for name in (topology.ATTEMPTS, topology.QUEUE, topology.REASON, topology.PARKED_AT):
        assert not name.startswith("x-")


@pytest.mark.parametrize("address", ["reply.call-centre.0f3a", "reply.a.b", "reply.A_1.X-9", f"reply.a.{'x' * 64}"])
def test_a_reply_address_names_its_account(address: str) -> None:
    form = REPLY_ADDRESS.fullmatch(address)
    assert form
    assert form.group(1) == address.split(".")[1]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "dispatch.resolve",
        "reply.a",
        "reply.a.",
        "reply..x",
        "reply.a.b.c",
        "reply.*.x",
        "reply.a.#",
        "reply.a.b\n",
        "Reply.a.b",
        "xreply.a.b",
        "reply.ä.b",
        f"reply.a.{'x' * 65}",
    ],
)
def test_nothing_else_is_a_reply_address(address: str) -> None:
    assert REPLY_ADDRESS.fullmatch(address) is None
