"""Documents stay small, answers are kept, outboxes drain, alarms ring once, and no query walks a collection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from shared.aggregates import RELAY_GRACE, TIMER_LEASE
from shared.cause import Cause
from shared.document import GENESIS, entry_hash
from shared.due import due
from shared.errors import Conflict
from shared.housekeeping import ANSWERS_KEPT, KEEP, LIMIT, SWEEP_LEASE
from tests.probe.lab import Lab
from tests.probe.service import Counter, note
from tests.probe.store import NOON, Bench, a_call, an_event, bench


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    """Nobody else looks after the counters meanwhile."""
    lab.stop("probe")
    lab.stop("probe-worker")
    lab.database.probe_counters.delete_many({})
    with bench(lab) as b:
        yield b


LONG = 100


@pytest.fixture
def long(b: Bench, counter: str) -> str:
    """A counter with many changes, spilled on the way."""
    b.open(counter)
    for number in range(LONG):
        b.add(counter, -1, a_call("add", f"{counter}-{number}"))
        b.counters.change(Cause.from_event(an_event(f"{counter}-{number}")), counter, note)
        if number % 20 == 19:
            b.spill()
    return counter


def test_a_document_does_not_grow_with_its_history(b: Bench, long: str) -> None:
    document = b.document(long)
    for name in ("history", "requests", "applied"):
        assert KEEP <= len(document[name]) <= LIMIT + 1
    b.spill()
    assert [len(b.document(long)[name]) for name in ("history", "requests", "applied")] == [KEEP] * 3


def test_the_history_is_whole_and_chained_over_both_places(b: Bench, long: str) -> None:
    history = b.counters.history(long)
    assert [entry["number"] for entry in history] == list(range(1, 2 * LONG + 2))
    link = GENESIS
    for entry in history:
        assert entry["hash"] == entry_hash(link, entry)
        link = entry["hash"]
    assert b.document(long)["head"] == {"number": 2 * LONG + 1, "hash": link}


def test_answers_and_events_that_have_left_the_document_still_count(b: Bench, long: str) -> None:
    again = b.add(long, -1, a_call("add", f"{long}-0"))
    assert again["version"] == 2
    with pytest.raises(Conflict):
        b.add(long, -2, a_call("add", f"{long}-0", other="content"))
    b.counters.change(Cause.from_event(an_event(f"{long}-0")), long, note)
    state = b.counters.get(long)
    assert (state.total, state.noted) == (-LONG, LONG)


def test_a_request_id_whose_answer_has_left_its_document_makes_nothing_else(b: Bench, long: str) -> None:
    with pytest.raises(Conflict) as refused:
        b.counters.change_or_create(
            a_call("add", f"{long}-0", name="another"), "another", lambda: Counter(name="another"), note
        )
    assert refused.value.details["rule"] == "request_id"


def test_answers_that_have_left_their_document_expire_after_30_days(b: Bench, lab: Lab, long: str) -> None:
    key = a_call("add", f"{long}-0").key
    row = lab.database.probe_requests.find_one({"_id": key})
    assert row is not None
    assert row["until"] == NOON + ANSWERS_KEPT == NOON + timedelta(days=30)
    index = lab.database.probe_requests.index_information()["expiry"]
    assert (index["key"], index["expireAfterSeconds"]) == ([("until", 1)], 0)


def test_two_replicas_may_spill_the_same_document(b: Bench, counter: str) -> None:
    b.open(counter)
    for _ in range(LIMIT + 8):
        b.add(counter, -1)
    start = Barrier(4)

    def spill(_: int) -> None:
        start.wait()
        b.spill()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spill, range(4)))
    assert [entry["number"] for entry in b.counters.history(counter)] == list(range(1, LIMIT + 10))
    assert len(b.document(counter)["history"]) == KEEP


def test_the_sweep_relays_what_a_crash_left_and_only_that(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, -1)
    assert b.sweep() == []  # its own process may still be at it
    b.clock.at += RELAY_GRACE
    (pending,) = b.sweep()
    assert [entry["id"] for entry in pending.entries] == [f"probe_counters/{counter}/2"]
    assert b.sweep() == []  # handed over: another replica waits
    b.clock.at += SWEEP_LEASE
    assert b.sweep() == [pending]  # that one died, too
    b.store.db.housekeeping.confirmed([pending])
    b.clock.at += SWEEP_LEASE
    assert b.sweep() == []
    assert b.document(counter)["outbox"] == []


def test_what_was_added_to_the_outbox_meanwhile_stays_there(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, -1)
    b.add(counter, -1)
    b.store.db.housekeeping.confirmed(b.nudged[:1])
    assert [entry["id"] for entry in b.document(counter)["outbox"]] == [f"probe_counters/{counter}/3"]


def test_each_alarm_rings_once_in_any_number_of_replicas(b: Bench, counter: str) -> None:
    names = [f"{counter}-{number}" for number in range(60)]
    for name in names:
        b.open(name)
        b.add(name, 30)
    assert b.counters.wake(b.clock.now()) == 0
    now = b.clock.pass_by(minutes=1)
    start = Barrier(4)

    def replica(_: int) -> int:
        start.wait()
        return b.counters.wake(now)

    with ThreadPoolExecutor(4) as pool:
        woken = list(pool.map(replica, range(4)))
    assert sum(woken) == 60
    for name in names:
        assert b.types(name) == ["opened", "counted", "rang"]
        assert b.counters.history(name)[-1]["at"] == "2026-03-02T12:00:30.000Z"
        assert "timer_at" not in b.document(name)


def test_looking_for_what_is_due_reads_the_index_alone(b: Bench) -> None:
    plan = due(b.counters.collection, b.clock.now(), 9).explain()
    assert list(stages(plan["queryPlanner"]["winningPlan"])) == ["LIMIT", "PROJECTION_COVERED", "IXSCAN"]


def test_an_alarm_whose_replica_died_is_claimed_again(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, 30)
    now = b.clock.pass_by(minutes=1)
    b.counters.collection.update_one({"name": counter}, {"$set": {"timer_at": now + TIMER_LEASE}})  # claimed, then died
    assert b.counters.wake(now) == 0
    assert b.counters.wake(b.clock.pass_by(seconds=15)) == 1
    assert b.types(counter)[-1] == "rang"


def test_an_alarm_that_cannot_ring_keeps_no_other_waiting(b: Bench, counter: str) -> None:
    for name in (counter, counter + "2"):
        b.open(name)
        b.add(name, 30)
    b.counters.collection.update_one({"name": counter}, {"$set": {"alarm_at": "no time"}})
    assert b.counters.wake(b.clock.pass_by(minutes=1)) == 2
    assert b.types(counter + "2")[-1] == "rang"


class Commands(CommandListener):
    """Remembers what is asked of the database."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("find", "update", "findAndModify", "delete", "aggregate", "count"):
            self.seen.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


def stages(plan: dict[str, Any]) -> Iterator[str]:
    """All stages of a winning plan."""
    yield plan["stage"]
    for inner in [plan.get("inputStage"), *plan.get("inputStages", ())]:
        if inner:
            yield from stages(inner)


def test_every_query_of_the_kernel_uses_an_index(lab: Lab, b: Bench, counter: str) -> None:
    commands = Commands()
    with bench(lab, commands) as watched:
        watched.open(counter)
        for number in range(LIMIT + 8):
            watched.add(counter, 1, a_call("add", f"{counter}-{number}"))
        watched.counters.change(Cause.from_event(an_event()), counter, note)
        watched.counters.change_or_create(
            Cause.from_event(an_event()), f"id {counter}", lambda: Counter(name=counter + "2"), note
        )
        watched.spill()
        watched.add(counter, 1, a_call("add", f"{counter}-0"))
        watched.counters.change(Cause.from_event(an_event()), counter, note)
        watched.counters.history(counter)
        watched.counters.get(counter)
        watched.counters.wake(watched.clock.pass_by(hours=1))
        watched.sweep()
        watched.store.db.housekeeping.confirmed(watched.nudged)
    kinds = {next(iter(command)) for command in commands.seen}
    assert kinds == {"find", "update", "findAndModify"}
    for command in commands.seen:
        plan = lab.database.command("explain", _asked(command), verbosity="queryPlanner")
        used = set(stages(plan["queryPlanner"]["winningPlan"]))
        assert used & {"IXSCAN", "IDHACK"}, (command, used)
        assert not used & {"COLLSCAN", "SORT"}, (command, used)


def _asked(command: dict[str, Any]) -> dict[str, Any]:
    """The command without what belongs to its session."""
    foreign = ("lsid", "txnNumber", "$clusterTime", "$db", "writeConcern", "readConcern", "$readPreference")
    return {name: value for name, value in command.items() if name not in foreign}
