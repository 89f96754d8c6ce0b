"""`Aggregates` on the real database: once per cause, in order of time, in one write."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest

from shared.cause import Cause
from shared.document import GENESIS, entry_hash
from shared.errors import Conflict, IllegalMove, NotFound
from shared.events import Fact
from tests.probe.lab import Lab
from tests.probe.service import Counter, add, note, pin, show
from tests.probe.store import NOON, Bench, a_call, an_event, bench


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    with bench(lab) as b:
        yield b


def at_once(work: Any, times: int) -> list[Any]:
    """`work(number)` in so many threads, all beginning together; results or exceptions."""
    start = Barrier(times)

    def run(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001 - what the test asks about
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_what_is_created_twice_by_one_request_is_there_once_and_answered_alike(b: Bench, counter: str) -> None:
    call = a_call("open", name=counter)
    first = b.open(counter, call)
    b.add(counter, -1)
    assert b.open(counter, call) == first == {"name": counter, "total": 0, "alarms": 0, "version": 1}
    assert b.types(counter) == ["opened", "counted"]


def test_what_is_created_at_the_same_time_by_one_request_is_there_once(b: Bench, counter: str) -> None:
    call = a_call("open", name=counter)
    answers = at_once(lambda _: b.open(counter, call), 12)
    assert answers == [answers[0]] * 12
    assert b.types(counter) == ["opened"]


def test_many_created_at_the_same_time_are_all_there(b: Bench, counter: str) -> None:
    answers = at_once(lambda number: b.open(f"{counter}-{number}")["name"], 40)
    assert answers == [f"{counter}-{number}" for number in range(40)]
    for number in range(40):
        assert b.types(f"{counter}-{number}") == ["opened"]


def test_one_creation_that_cannot_be_stored_does_not_harm_those_of_the_same_moment(b: Bench, counter: str) -> None:
    def one(number: int) -> Any:
        call = a_call("open", name=f"{counter}-{number}")
        state = Counter(name=f"{counter}-{number}", total=2**70 if number % 4 == 0 else 0)
        return b.counters.create(call, call.creation_id(), state, [Fact("opened", NOON)], show)["name"]

    answers = at_once(one, 20)
    for number, answer in enumerate(answers):
        assert isinstance(answer, OverflowError) if number % 4 == 0 else answer == f"{counter}-{number}"


def test_a_request_id_used_for_another_creation_is_a_conflict(b: Bench, counter: str) -> None:
    b.open(counter, a_call("open", "r" + counter, name=counter))
    with pytest.raises(Conflict) as refused:
        b.open(counter + "x", a_call("open", "r" + counter, name=counter + "x"))
    assert refused.value.details["rule"] == "request_id"


def test_a_unique_field_that_another_has_is_a_conflict_that_says_so(b: Bench, counter: str) -> None:
    b.open(counter)
    with pytest.raises(Conflict) as created:
        b.open(counter)
    b.open(counter + "2")
    b.counters.change(a_call(name=counter), counter, lambda c, at: pin(c, at, counter))
    with pytest.raises(Conflict) as changed:
        b.counters.change(a_call(name=counter), counter + "2", lambda c, at: pin(c, at, counter))
    with pytest.raises(Conflict) as made:
        b.counters.change_or_create(
            a_call(name=counter), f"id {counter}", lambda: Counter(name=counter), lambda c, at: (c, [])
        )
    assert [error.value.details["rule"] for error in (created, changed, made)] == ["unique"] * 3


def test_what_is_changed_twice_by_one_request_is_changed_once_and_answered_alike(b: Bench, counter: str) -> None:
    b.open(counter)
    call = a_call(name=counter, amount=-3)
    first = b.add(counter, -3, call)
    b.add(counter, -1)
    assert b.add(counter, -3, call) == first
    assert b.counters.get(counter).total == -4


def test_a_request_id_used_with_other_content_is_a_conflict(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, -3, a_call("add", "r" + counter, amount=-3))
    with pytest.raises(Conflict) as refused:
        b.add(counter, -4, a_call("add", "r" + counter, amount=-4))
    assert refused.value.details["rule"] == "request_id"
    assert b.counters.get(counter).total == -3


def test_a_request_id_used_on_another_aggregate_is_a_conflict(b: Bench, counter: str) -> None:
    for name in (counter, counter + "2"):
        b.open(name)
    b.add(counter, -3, a_call("add", "r" + counter, name=counter))
    with pytest.raises(Conflict) as refused:
        b.add(counter + "2", -3, a_call("add", "r" + counter, name=counter + "2"))
    assert refused.value.details["rule"] == "request_id"
    assert b.counters.get(counter + "2").total == 0


def test_a_request_id_that_made_one_aggregate_does_not_make_another(b: Bench, counter: str) -> None:
    def save(name: str) -> Any:
        call = a_call("save", "r" + counter, name=name)
        return b.counters.change_or_create(
            call, f"id {name}", lambda: Counter(name=name), lambda c, at: add(c, at, -1), show
        )

    assert save(counter) == save(counter)
    with pytest.raises(Conflict) as refused:
        save(counter + "2")
    assert refused.value.details["rule"] == "request_id"
    with pytest.raises(NotFound):
        b.counters.get(counter + "2")


def test_callers_and_methods_have_request_ids_of_their_own(b: Bench, counter: str) -> None:
    b.open(counter)
    for caller in ("importer", "clerk"):
        for method in ("add", "subtract"):
            b.add(counter, -1, a_call(method, "r" + counter, caller))
    assert b.counters.get(counter).total == -4


def test_a_call_that_expects_another_version_is_a_conflict_that_tells_the_version(b: Bench, counter: str) -> None:
    b.open(counter)
    assert b.add(counter, -1, a_call(expected_version=1))["version"] == 2
    with pytest.raises(Conflict) as refused:
        b.add(counter, -1, a_call(expected_version=1))
    assert refused.value.details == {"rule": "expected_version", "version": 2}


def test_a_refused_change_leaves_everything_as_it_was(b: Bench, counter: str) -> None:
    b.open(counter)
    before = b.document(counter)
    with pytest.raises(IllegalMove):
        b.add(counter, 13)
    assert b.document(counter) == before


def test_what_is_not_there_is_not_found(b: Bench, counter: str) -> None:
    for ask in (b.counters.get, b.counters.history, lambda key: b.add(key, 1)):
        with pytest.raises(NotFound) as refused:
            ask(counter)
        assert refused.value.details == {"what": "counter", "key": counter}


def test_changes_at_the_same_time_all_count(b: Bench, counter: str) -> None:
    b.open(counter)
    answers = at_once(lambda _: b.add(counter, -1)["version"], 16)
    assert sorted(answers) == list(range(2, 18))
    assert b.counters.get(counter).total == -16
    assert [entry["number"] for entry in b.counters.history(counter)] == list(range(1, 18))


def test_one_request_at_the_same_time_counts_once(b: Bench, counter: str) -> None:
    b.open(counter)
    call = a_call(name=counter)
    answers = at_once(lambda _: b.add(counter, -1, call), 12)
    assert answers == [answers[0]] * 12
    assert b.counters.get(counter).total == -1


def test_an_event_is_applied_once(b: Bench, counter: str) -> None:
    b.open(counter)
    cause = Cause.from_event(an_event())
    at_once(lambda _: b.counters.change(cause, counter, note), 8)
    assert b.counters.get(counter).noted == 1


def test_an_event_makes_one_aggregate_however_often_it_comes(b: Bench, counter: str) -> None:
    cause = Cause.from_event(an_event())

    def handle(_: int) -> Any:
        return b.counters.change_or_create(cause, f"id {counter}", lambda: Counter(name=counter), note)

    assert at_once(handle, 8) == [None] * 8
    assert b.counters.get(counter).noted == 1
    assert b.counters.create(cause, f"id {counter}", Counter(name=counter), []) is None


def test_an_event_that_is_late_counts_no_earlier_than_what_is_known(b: Bench, counter: str) -> None:
    b.open(counter)
    b.clock.pass_by(hours=1)
    b.add(counter, -1)
    b.counters.change(Cause.from_event(an_event(at=NOON)), counter, note)
    assert b.counters.get(counter).last_at == b.clock.now()
    assert b.counters.history(counter)[-1]["at"] == "2026-03-02T13:00:00.000Z"


def test_what_was_due_before_happens_first_at_its_own_time(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, 60)  # rings a minute later
    b.clock.pass_by(minutes=10)
    b.add(counter, -1)
    assert [(entry["type"], entry["at"][11:16]) for entry in b.counters.history(counter)] == [
        ("opened", "12:00"),
        ("counted", "12:00"),
        ("rang", "12:01"),
        ("counted", "12:10"),
    ]


def test_the_history_is_a_chain_and_says_why(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, -1)
    b.counters.change(Cause.from_event(an_event("E")), counter, note)
    link = GENESIS
    for entry in b.counters.history(counter):
        assert entry["hash"] == entry_hash(link, entry)
        link = entry["hash"]
    causes = [entry["cause"] for entry in b.counters.history(counter)]
    assert causes == ["call open by importer", "call add by importer", "event E"]


def test_state_and_its_events_are_one_write(b: Bench, counter: str) -> None:
    b.open(counter)
    b.add(counter, -1)
    (entry,) = b.document(counter)["outbox"]
    assert (entry["id"], entry["exchange"], entry["key"]) == (f"probe_counters/{counter}/2", "probe.events", "counted")
    (pending,) = b.nudged
    assert [e["id"] for e in pending.entries] == [entry["id"]]
    b.store.db.housekeeping.confirmed(b.nudged)
    assert b.document(counter)["outbox"] == []


def test_many_changed_at_once_are_as_if_changed_one_by_one(b: Bench, counter: str) -> None:
    names = [f"{counter}-{number}" for number in range(3)]
    for name in names:
        b.open(name)
    ids = [doc["_id"] for doc in b.counters.collection.find({"name": {"$in": names}}, {"_id": 1})]
    docs = b.counters.loaded(ids)
    told = len(b.nudged)
    done = b.counters.change_many(Cause.tick(NOON), [(doc, lambda c, at: add(c, at, -2)) for doc in docs])
    assert sorted(done) == sorted(ids) == sorted(pending.id for pending in b.nudged[told:])
    assert [(b.counters.get(name).total, b.counters.get(name).version) for name in names] == [(-2, 2)] * 3
    assert [b.types(name) for name in names] == [["opened", "counted"]] * 3
    b.counters.change(a_call(name=names[0]), names[0], lambda c, at: add(c, at, -1))
    history = b.counters.entries(names[0])
    assert [entry_hash(before["hash"], entry) for before, entry in pairwise(history)] == [
        entry["hash"] for entry in history[1:]
    ]


def test_of_many_what_somebody_has_changed_since_is_left_as_it_is(b: Bench, counter: str) -> None:
    names = [f"{counter}-{number}" for number in range(3)]
    for name in names:
        b.open(name)
    ids = [doc["_id"] for doc in b.counters.collection.find({"name": {"$in": names}}, {"_id": 1})]
    docs = b.counters.loaded(ids)
    b.add(names[1], -5)
    done = b.counters.change_many(Cause.tick(NOON), [(doc, lambda c, at: add(c, at, -2)) for doc in docs])
    assert sorted(done) == sorted(doc["_id"] for doc in docs if doc["name"] != names[1])
    assert [b.counters.get(name).total for name in names] == [-2, -5, -2]
    assert b.counters.change_many(Cause.tick(NOON), []) == []


def test_what_others_keep_in_the_document_stays_there(b: Bench, counter: str) -> None:
    b.open(counter)
    b.counters.collection.update_one({"name": counter}, {"$set": {"kept by others": 7}})
    b.add(counter, 1)
    stored = b.counters.collection.find_one({"name": counter}, {"_id": 0, "total": 1, "kept by others": 1})
    assert stored == {"total": 1, "kept by others": 7}
