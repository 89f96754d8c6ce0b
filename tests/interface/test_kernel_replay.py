"""Work begun with a caller-set time lives in that time until its caller ends the replay (DESIGN.md section 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.cause import Cause
from shared.errors import IllegalMove
from tests.probe.lab import Lab
from tests.probe.service import Counter, go_live, note
from tests.probe.store import Bench, a_call, an_event, bench

THEN = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)


@pytest.fixture
def b(lab: Lab, counter: str) -> Iterator[Bench]:
    """With a counter that was opened then."""
    with bench(lab) as b:
        b.open(counter, a_call("open", name=counter, at=THEN))
        yield b


def add(b: Bench, counter: str, amount: int, **after: float) -> Any:
    """Adds with a caller-set time."""
    return b.add(counter, amount, a_call(amount=amount, at=THEN + timedelta(**after)))


def test_a_caller_set_time_begins_a_replay_without_timers(b: Bench, counter: str) -> None:
    add(b, counter, 60, minutes=1)
    document = b.document(counter)
    assert document["replay_until"] == THEN + timedelta(minutes=1)
    assert "timer_at" not in document
    assert b.counters.wake(b.clock.now()) == 0


def test_events_say_how_far_the_replay_has_come(b: Bench, counter: str) -> None:
    add(b, counter, -1, minutes=1)
    (entry,) = b.document(counter)["outbox"]
    event = json.loads(entry["body"])
    assert (event["at"], event["replay_until"]) == ("2016-02-29T01:17:00.000Z", "2016-02-29T01:17:00.000Z")


def test_what_falls_due_happens_when_the_replay_passes_it(b: Bench, counter: str) -> None:
    add(b, counter, 60, minutes=1)
    add(b, counter, -1, minutes=10)
    history = [(entry["type"], entry["at"][11:16]) for entry in b.counters.history(counter)]
    assert history == [("opened", "01:16"), ("counted", "01:17"), ("rang", "01:18"), ("counted", "01:26")]


def test_an_event_from_a_replay_moves_the_time_of_what_it_changes(b: Bench, counter: str) -> None:
    add(b, counter, 60, minutes=1)
    event = an_event(at=THEN + timedelta(minutes=1), replay_until=THEN + timedelta(minutes=5))
    b.counters.change(Cause.from_event(event), counter, note)
    assert b.types(counter) == ["opened", "counted", "noted", "rang"]
    assert b.counters.get(counter).replay_until == THEN + timedelta(minutes=5)


def test_an_event_from_a_replay_puts_what_it_creates_into_replay(b: Bench, counter: str) -> None:
    name = counter + "2"
    event = an_event(at=THEN, replay_until=THEN + timedelta(minutes=5))
    b.counters.change_or_create(Cause.from_event(event), f"id {name}", lambda: Counter(name=name), note)
    assert b.counters.get(name).replay_until == THEN + timedelta(minutes=5)
    b.counters.create(Cause.from_event(event), f"id {name}3", Counter(name=name + "3"), [])
    assert b.counters.get(name + "3").replay_until == THEN + timedelta(minutes=5)


def test_a_caller_set_time_before_the_last_event_is_refused(b: Bench, counter: str) -> None:
    add(b, counter, -1, minutes=10)
    before = b.document(counter)
    with pytest.raises(IllegalMove) as refused:
        add(b, counter, -1, minutes=9)
    assert refused.value.details == {
        "rule": "order_of_time",
        "at": "2016-02-29T01:25:00.000Z",
        "last_at": "2016-02-29T01:26:00.000Z",
    }
    assert b.document(counter) == before
    assert add(b, counter, -1, minutes=10)["total"] == -2


def test_a_call_without_a_time_counts_as_late_as_the_replay_has_come_and_fires_no_timer(b: Bench, counter: str) -> None:
    add(b, counter, 60, minutes=1)
    b.add(counter, -1)
    assert b.types(counter) == ["opened", "counted", "counted"]
    assert b.counters.get(counter).last_at == THEN + timedelta(minutes=1)


def test_a_replay_that_ends_goes_live_and_its_timers_fire_with_the_time_they_fell_due(b: Bench, counter: str) -> None:
    add(b, counter, 60, minutes=1)
    b.counters.change(a_call("end", at=THEN + timedelta(minutes=1, seconds=30)), counter, go_live)
    document = b.document(counter)
    assert document["replay_until"] is None
    assert document["timer_at"] == THEN + timedelta(minutes=2)
    b.counters.wake(b.clock.now())
    (rang,) = [entry for entry in b.counters.history(counter) if entry["type"] == "rang"]
    assert rang["at"] == "2016-02-29T01:18:00.000Z"


def test_a_caller_set_time_does_not_put_live_work_into_replay(b: Bench, counter: str) -> None:
    name = counter + "2"
    b.open(name)
    b.add(name, 60, a_call(at=b.clock.now()))
    document = b.document(name)
    assert document["replay_until"] is None
    assert document["timer_at"] == b.clock.now() + timedelta(minutes=1)
