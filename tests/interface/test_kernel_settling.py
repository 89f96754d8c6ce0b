"""What has the last word in a change, and who acts when a timer is due."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.aggregates import TIMER_LEASE
from shared.cause import Cause
from shared.events import Fact
from tests.probe.lab import Lab
from tests.probe.service import Counter, add, go_live, note, show
from tests.probe.store import NOON, Bench, a_call, an_event, bench


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    """Nobody else rings the alarms."""
    lab.stop("probe-worker")
    lab.database.probe_counters.delete_many({})
    with bench(lab) as b:
        yield b


def settle(counter: Counter, at: datetime, happened: Sequence[Fact]) -> tuple[Counter, list[Fact]]:
    return replace(counter, badge=f"{counter.total}/{counter.alarms}"), [Fact("settled", at)]


def test_settling_sees_all_that_time_and_the_command_did(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, 60)
    b.clock.pass_by(minutes=10)
    b.counters.change(a_call(), counter, lambda c, at: add(c, at, -1), show, settle=settle)
    assert b.counters.get(counter).badge == "59/1"
    told = [(entry["type"], entry["at"][11:16]) for entry in b.counters.history(counter)]
    assert told[2:] == [("rang", "12:01"), ("counted", "12:10"), ("settled", "12:10")]


def test_what_time_did_before_a_command_is_not_its_callers_but_what_settles_it_is(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, 60)
    b.clock.pass_by(minutes=10)
    call = a_call(name=counter)
    b.counters.change(call, counter, lambda c, at: add(c, at, -1), show, settle=settle)
    told = [(entry["type"], entry["actor"], entry["cause"]) for entry in b.counters.history(counter)]
    assert told[2:] == [
        ("rang", None, "timer"),
        ("counted", "importer", call.ref),
        ("settled", "importer", call.ref),
    ]
    events = [json.loads(entry["body"]) for entry in b.document(counter)["outbox"]]
    assert [(event["type"], event["actor"]) for event in events][-2:] == [("rang", None), ("counted", "importer")]


def test_settling_sees_what_a_replay_has_passed_and_counts_at_its_time(b: Bench, counter: str) -> None:
    until = NOON + timedelta(hours=2)
    b.open(counter, a_call("open", name=counter, at=NOON))
    b.counters.change(Cause.from_event(an_event(replay_until=until)), counter, lambda c, at: add(c, at, 60))
    cause = Cause.from_event(an_event(at=NOON, replay_until=until + timedelta(hours=1)))
    b.counters.change(cause, counter, note, settle=settle)
    assert b.counters.history(counter)[-1]["at"] == "2026-03-02T15:00:00.000Z"


def test_settling_belongs_to_what_is_created_by_an_event(b: Bench, counter: str) -> None:
    cause = Cause.from_event(an_event())
    for _ in range(2):
        b.counters.change_or_create(cause, f"id {counter}", lambda: Counter(name=counter), note, settle=settle)
    assert b.types(counter) == ["noted", "settled"]
    assert b.counters.get(counter).badge == "0/0"


def test_a_command_given_twice_is_settled_once(b: Bench, counter: str) -> None:
    b.open(counter)
    call = a_call(name=counter)
    for _ in range(2):
        b.counters.change(call, counter, lambda c, at: add(c, at, -1), show, settle=settle)
    assert b.types(counter) == ["opened", "counted", "settled"]


def test_who_wakes_what_is_due_may_do_more_than_advance_it(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, 30)
    now = b.clock.pass_by(minutes=1)
    asked: list[tuple[str, Cause]] = []

    def act(key: str, cause: Cause) -> None:
        asked.append((key, cause))
        b.counters.change(cause, key, go_live)

    assert b.counters.wake(now, act=act) == 1
    assert asked == [(counter, Cause.tick(now))]
    assert b.types(counter)[2:] == ["rang", "went_live"]


def test_what_fails_when_woken_keeps_nothing_waiting_and_comes_again(b: Bench, counter: str) -> None:
    names = [counter, counter + "2"]
    for name in names:
        b.open(name)
        b.add(name, 30)
    now = b.clock.pass_by(minutes=1)
    asked: list[str] = []

    def act(key: str, cause: Cause) -> None:
        asked.append(key)
        raise RuntimeError("it fails")

    assert b.counters.wake(now, act=act) == 2
    assert sorted(asked) == names
    assert b.counters.wake(b.clock.at + TIMER_LEASE) == 2
    assert [b.types(name)[-1] for name in names] == ["rang", "rang"]
