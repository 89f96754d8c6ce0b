"""Counts and searches over the ledger, on the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.catalogue import subscriptions
from services.notify.storage.counts import OPTIONS, pipeline
from services.notify.storage.messages import _query
from shared.client import Client
from shared.clock import to_text
from shared.errors import ValidationError
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.desk import Told
from tests.interface.notify.reference import apply
from tests.support import Stack

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    apply(stack)
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def world(stack: Stack, desk: Client) -> Iterator[Feigned]:
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


def test_what_was_written_is_counted_by_what_is_asked_for(stack: Stack, desk: Client, world: Feigned) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    failed, fine = Told(stack, desk, world, phone=None), Told(stack, desk, world)
    for told in (failed, fine):
        told.in_state("email", "sent")
    failed.receipt("email", "failed")
    failed.in_state("email", "failed")
    written = [row["written_at"] for told in (failed, fine) for row in told.rows()]
    until = datetime.fromisoformat(max(written)) + timedelta(milliseconds=1)
    period = {"from": to_text(since), "to": to_text(until)}
    counted = desk.call("notify", "count_messages", **period, by=["channel", "kind", "state"])
    mine = {(r["channel"], r["kind"], r["state"]): r["messages"] for r in counted["rows"]}
    assert mine["email", "progress", "failed"] >= 1
    assert mine["email", "progress", "sent"] >= 1
    total = counted["total"]
    recount = stack.database["notify_messages"].count_documents({"written_at": {"$gte": since, "$lt": until}})
    assert total["messages"] == sum(total["states"].values()) == sum(mine.values()) == recount
    by_hour = desk.call("notify", "count_messages", **period, by=["hour"], channel="email", kind="progress")
    assert {row["hour"][14:] for row in by_hour["rows"]} == {"00:00.000Z"}
    assert sum(row["failed"] for row in by_hour["rows"]) >= 1


def test_counts_are_read_from_one_index_and_no_document(stack: Stack) -> None:
    for by in ((), ("channel", "kind", "state", "hour")):
        asked = pipeline(NOON, NOON + timedelta(days=7), by, {"channel": "sms", "kind": "progress"})
        explained = stack.database.command(
            "explain",
            {"aggregate": "notify_messages", "pipeline": asked, "cursor": {}, "hint": OPTIONS["hint"]},
            verbosity="queryPlanner",
        )
        plan = str(explained)
        assert "'PROJECTION_COVERED'" in plan
        assert "'FETCH'" not in plan
        assert "COLLSCAN" not in plan


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"to": NOON}, "to"),
        ({"to": NOON + timedelta(days=93)}, "to"),
        ({"to": NOON + timedelta(days=8), "by": ["hour"]}, "to"),
        ({"to": NOON + timedelta(days=1), "by": ["colour"]}, "by.0"),
        ({"to": NOON + timedelta(days=1), "by": ["kind", "kind"]}, "by"),
    ],
)
def test_a_period_that_cannot_be_counted_is_refused_by_its_field(desk: Client, asked: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("notify", "count_messages", **{"from": NOON, **asked})
    assert list(refused.value.fields) == [field]


def test_messages_are_found_by_kind_event_states_and_time(stack: Stack, desk: Client, world: Feigned) -> None:
    told = Told(stack, desk, world)
    told.in_state("email", "sent")
    at = told.matter.at

    def found(**filters: Any) -> list[str]:
        page = desk.call("notify", "find_messages", customer_id=told.matter.customer_id, **filters)
        return [row["message_id"] for row in page["messages"]]

    mine = [told.first["message_id"]]
    assert found(kind="progress", event="work_closed", states=["sent", "delivered"]) == mine
    assert found(**{"from": to_text(at), "to": to_text(at + timedelta(milliseconds=1))}) == mine
    assert found(**{"to": to_text(at)}) == found(kind="care") == found(event="survey_due") == []
    assert found(states=["failed", "held"]) == found(broadcast="B-1") == []


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({"kind": "care", "states": ["failed", "unknown"]}, "kind_channel_state"),
        ({"event": "work_closed", "since": NOON, "until": NOON + timedelta(days=1)}, "event_channel_state"),
        ({"broadcast": "B-1", "channel": "call"}, "broadcast_channel_state"),
        ({"since": NOON}, "channel_state"),
        ({"kind": "care", "template": "birthday", "state": "held"}, "template_channel_state"),
    ],
)
def test_every_search_is_read_in_order_from_an_index(stack: Stack, filters: dict[str, Any], index: str) -> None:
    wanted, hint = _query(filters)
    assert hint == index
    rows = stack.database["notify_messages"].find(wanted).hint(hint).sort("_id", -1).limit(51)
    plan = str(rows.explain()["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "'stage': 'SORT'" not in plan
