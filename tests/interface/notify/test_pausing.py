"""A paused broadcast tells nobody: nor does what it has held, what fails, or what the night had kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notify.domain import broadcasts as rules
from services.notify.domain.broadcasts import Audience, Broadcast, Plan
from services.notify.storage.holding import Holding
from shared.cause import Cause
from shared.document import history_reply
from tests.interface.notify.indoors import MAILS, NOON, TEXTS, Indoors, indoors
from tests.support import Stack

WORDS = {"sms": TEXTS, "email": MAILS}


@pytest.fixture(scope="module")
def shared_desk(stack: Stack) -> Iterator[Indoors]:
    with indoors(stack) as inside:
        inside.apply(lambda made: made["kinds"].update(notice={"name": {"en": "x", "zh-CN": "x"}}))
        yield inside


@pytest.fixture
def desk(shared_desk: Indoors) -> Indoors:
    """At eleven in the evening, with nobody told yet."""
    shared_desk.clock.at = NOON + timedelta(hours=11)
    for name in ("messages", "broadcasts", "customers"):
        shared_desk.db.collection(f"notify_{name}").delete_many({})
    return shared_desk


class Notice:
    """A broadcast to so many customers, by SMS, else by mail."""

    def __init__(self, desk: Indoors, number: int, **fields: Any) -> None:
        self.desk, self.id, area = desk, uuid4().hex, uuid4().hex[:8]
        desk.db.collection("notify_customers").insert_many([_customer(area, n) for n in range(number)])
        texts = {c: {"default": dict.fromkeys(parts["en"], "x")} for c, parts in WORDS.items()}
        plan = Plan(edition=1, at=self.now, channels=("sms", "email"), valid_for=timedelta(days=3), texts=texts)
        draft = Broadcast(
            broadcast_id=self.id,
            name="Notice",
            kind="announcement",
            about="notice",
            urgency="bulk",
            plan=plan,
            audience=Audience(listed=False, areas=(area,)),
            created_at=self.now,
            **fields,
        )
        state, facts = rules.start(draft, self.now)
        desk.store.broadcasts.create(Cause.tick(self.now), self.id, state, facts)
        self.goes_on()

    @property
    def now(self) -> Any:
        return self.desk.clock.at

    @property
    def state(self) -> str:
        return self.desk.store.broadcasts.get(self.id).state

    def goes_on(self) -> None:
        """The broadcaster, until nothing is due."""
        while self.desk.store.broadcasting.go_on():
            pass

    def does(self, decide: Any) -> None:
        """A supervisor's command, noticed by every process."""
        self.desk.store.broadcasts.change(Cause.tick(self.now), self.id, decide)
        self.desk.store.standing.forget()
        self.goes_on()

    def rows(self) -> Counter[tuple[str, str | None]]:
        """How many rows are in which state, and held for what."""
        return Counter((row["state"], row.get("held_for")) for row in self.desk.rows(broadcast=self.id))


def _customer(area: str, n: int) -> dict[str, Any]:
    known = {"name": f"Customer {n}", "tier": "standard", "language": "en", "preferred_channels": [], "number": 1}
    home: dict[str, Any] = {"area": area, "household": None, "time_zone": None, "dates": {}}
    return {"_id": f"{area}-{n}", "phone": f"+4411649{60_000 + n}", "email": f"{n}@example.com", **known, **home}


def cancelled(state: Broadcast, at: Any) -> Any:
    return rules.stop(state, at, "cancel", "not so")


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
    notice.does(cancelled)
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
