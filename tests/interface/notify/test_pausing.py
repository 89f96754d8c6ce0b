"""A paused broadcast tells nobody: nor does what it has held, what fails, or what the night had kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain import broadcasts as rules
from services.notify.storage.holding import Holding
from shared.cause import Cause
from shared.document import history_reply
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
    for name in ("messages", "broadcasts", "customers"):
        shared_desk.db.collection(f"notify_{name}").delete_many({})
    return shared_desk


def test_what_the_night_held_of_a_paused_broadcast_does_not_go_in_the_morning(desk: Indoors) -> None:
    notice = Notice(desk, 3)
    assert (notice.state, notice.rows()) == ("told", {("held", "quiet_hours"): 3})
    notice.does(rules.pause)
    desk.until(hours=9)
    assert (notice.state, notice.rows()) == ("paused", {("held", "paused"): 3})


def test_what_was_held_goes_when_it_is_resumed(desk: Indoors) -> None:
    notice = Notice(desk, 3)
    notice.does(rules.pause)
    desk.until(hours=9)
    notice.does(rules.resume)
    desk.wake()
    assert (notice.state, notice.rows()) == ("told", {("handed_over", None): 3})
    desk.until(hours=1)
    assert len(desk.sent()) == 3


def test_what_was_held_is_decided_anew_when_it_is_resumed(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    notice.does(rules.pause)
    desk.until(hours=9)
    desk.until(hours=14)  # eleven in the evening
    notice.does(rules.resume)
    desk.wake()
    assert notice.rows() == {("held", "quiet_hours"): 2}


def test_one_that_is_resumed_before_the_morning_goes_in_the_morning(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    notice.does(rules.pause)
    desk.until(hours=1)
    notice.does(rules.resume)
    desk.until(hours=8)
    assert notice.rows() == {("handed_over", None): 2}


def test_cancelling_a_paused_one_cancels_what_is_held(desk: Indoors) -> None:
    notice = Notice(desk, 2)
    notice.does(rules.pause)
    desk.until(hours=9)
    notice.is_stopped()
    assert notice.rows() == {("cancelled", None): 2}
    assert {row["detail"] for row in desk.rows(broadcast=notice.id)} == {"broadcast_cancelled"}


def test_what_is_held_as_it_is_paused_expires_when_it_is_not_worth_telling_any_more(desk: Indoors) -> None:
    notice = Notice(desk, 1)
    notice.does(rules.pause)
    desk.until(hours=9)
    desk.until(days=3)
    assert notice.rows() == {("expired", None): 1}


def test_the_fallback_of_a_paused_one_waits_too(desk: Indoors) -> None:
    desk.clock.at = NOON
    notice = Notice(desk, 1)
    notice.does(rules.pause)
    desk.told_of(desk.row(broadcast=notice.id)["_id"], "failed")
    desk.hear()
    assert desk.row(broadcast=notice.id, channel="email")["held_for"] == "paused"
    notice.does(rules.resume)
    desk.wake()
    assert desk.row(broadcast=notice.id, channel="email")["state"] == "handed_over"


def test_what_is_held_as_paused_at_the_moment_at_which_it_is_resumed_goes_all_the_same(desk: Indoors) -> None:
    notice, store = Notice(desk, 1), desk.store
    desk.pass_by(hours=9)
    looks: list[float] = []

    def paused(_: Any, fresh_for: float = 1.0) -> bool:
        """It was a moment ago, and is not when one looks again."""
        looks.append(fresh_for)
        return len(looks) == 1

    stale = Holding(
        *(desk.db, store.reference, store.messages, store.customers, store.preferences, lambda _: None, paused)
    )
    row = desk.row(broadcast=notice.id)
    stale.look(row["_id"], Cause.tick(desk.clock.at))
    after = desk.row(broadcast=notice.id)
    assert after["state"] == "handed_over"
    assert [entry["type"] for entry in history_reply(after["history"])][-2:] == ["message_held", "message_handed_over"]
    assert looks[1] == 0.0


def test_a_paused_one_goes_on_with_those_who_are_not_told_yet_where_it_was(desk: Indoors) -> None:
    desk.clock.at = NOON
    notice = Notice(desk, 3, pace=0.01)
    assert notice.rows() == {("handed_over", None): 1}
    notice.does(rules.pause)
    desk.pass_by(hours=1)
    notice.goes_on()
    assert notice.rows() == {("handed_over", None): 1}
    notice.does(rules.resume)
    for _ in range(2):
        desk.pass_by(seconds=200)
        notice.goes_on()
    assert (notice.state, notice.rows()) == ("told", {("handed_over", None): 3})
