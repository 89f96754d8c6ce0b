"""What is held of broadcasts comes up again in pieces, shared by replicas, with no timer that others wait behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.notify.domain.broadcasts import LEASE
from services.notify.storage import releasing
from services.notify.store import NotifyStore
from tests.interface.notify.indoors import NOON, Indoors, indoors
from tests.interface.notify.notice import Notice, noticed
from tests.support import Stack


@pytest.fixture(scope="module")
def shared_desk(stack: Stack) -> Iterator[Indoors]:
    with indoors(stack) as inside:
        inside.apply(noticed)
        yield inside


@pytest.fixture
def desk(shared_desk: Indoors) -> Indoors:
    """At eleven in the evening, with nobody told yet."""
    shared_desk.clock.at = NOON + timedelta(hours=11)
    for name in ("messages", "broadcasts", "customers", "preferences"):
        shared_desk.db.collection(f"notify_{name}").delete_many({})
    return shared_desk


@pytest.fixture
def pieces_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "PIECE", 2)


def test_what_is_held_of_a_broadcast_is_not_in_the_way_of_other_timers(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    desk.pass_by(hours=9)
    assert desk.store.messages.wake(desk.clock.at, act=desk.store.holding.look) == 0
    assert notice.rows() == {("held", "quiet_hours"): 2}


@pytest.mark.usefixtures("pieces_of_two")
def test_in_the_morning_all_goes_a_piece_at_a_time(desk: Indoors) -> None:
    notice = Notice(desk, 5)
    desk.pass_by(hours=9)
    assert [desk.store.releasing.go_on() for _ in range(4)] == [2, 2, 1, 0]
    assert notice.rows() == {("handed_over", None): 5}
    assert Counter(one["message_id"] for one in desk.sent()) == {row["_id"]: 1 for row in desk.rows()}


def test_nothing_goes_before_its_time(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    desk.pass_by(hours=8)
    assert desk.store.releasing.go_on() == 0
    assert notice.rows() == {("held", "quiet_hours"): 2}


def test_a_piece_costs_no_more_reads_and_writes_than_one_row(desk: Indoors) -> None:
    def cost(rows: int) -> Counter[str]:
        desk.clock.at = NOON + timedelta(hours=11)
        Notice(desk, rows)
        desk.pass_by(hours=9)
        desk.commands.seen.clear()
        assert desk.store.releasing.go_on() == rows
        return Counter(name for name, _ in desk.commands.seen)

    assert cost(1) == cost(40)


@pytest.mark.usefixtures("pieces_of_two")
def test_replicas_share_what_is_due_and_have_no_row_twice(desk: Indoors, monkeypatch: pytest.MonkeyPatch) -> None:
    notice, other = Notice(desk, 4), NotifyStore(desk.db)
    desk.pass_by(hours=9)
    claimed = desk.store.releasing._claimed(desk.clock.at)
    theirs = other.releasing._claimed(desk.clock.at)
    assert not {doc["_id"] for doc in claimed} & {doc["_id"] for doc in theirs}
    assert (len(claimed), len(theirs), other.releasing.go_on()) == (2, 2, 0)
    desk.clock.at += LEASE  # both have died with what they had
    assert [other.releasing.go_on() for _ in range(3)] == [2, 2, 0]
    assert notice.rows() == {("handed_over", None): 4}


def test_what_has_changed_overnight_counts(desk: Indoors) -> None:
    notice = Notice(desk, 3)
    moved, gone, lost = sorted(row["recipient"].removeprefix("customer:") for row in desk.rows())
    customers = desk.db.collection("notify_customers")
    customers.update_one({"_id": moved}, {"$set": {"phone": "+441614960777"}})
    customers.update_one({"_id": lost}, {"$set": {"phone": None}})
    desk.store.preferences.opt_out(notice.cause, f"customer:{gone}", "notice", "asked")
    desk.until(hours=9)
    fates = {row["recipient"].removeprefix("customer:"): row for row in desk.rows(channel="sms")}
    assert (fates[moved]["state"], fates[moved]["to"]) == ("handed_over", "+441614960777")
    assert (fates[gone]["state"], fates[gone]["detail"]) == ("cancelled", "opted_out")
    assert (fates[lost]["state"], fates[lost]["detail"]) == ("failed", "no_address")


def test_a_row_that_is_cancelled_at_this_moment_is_not_sent(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    desk.pass_by(hours=9)
    docs = desk.store.releasing._claimed(desk.clock.at)
    notice.is_stopped()
    desk.store.releasing._release(docs, desk.clock.at)
    assert notice.rows() == {("cancelled", None): 2}
    assert desk.sent() == []
