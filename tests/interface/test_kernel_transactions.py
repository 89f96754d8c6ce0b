"""Two aggregates that change together: both or neither, under contention, told once (DESIGN.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from shared.aggregates import AlreadyThere
from shared.errors import Conflict, IllegalMove
from shared.events import Fact
from shared.mongo import Transaction, collide
from tests.probe.lab import Lab
from tests.probe.service import Counter, add, show
from tests.probe.store import NOON, Bench, a_call, bench
from tests.support import eventually

CONTENDERS = 200
AT_A_TIME = 40  # the workers of four replicas


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    with bench(lab) as b:
        yield b


def move(b: Bench, source: str, target: str, amount: int = 1, call: Any = None) -> Any:
    """Takes from one counter and gives to another."""
    call = call or a_call("move")

    def both(tx: Transaction) -> Any:
        b.counters.change(call.without_key(), target, lambda c, at: add(c, at, amount), tx=tx)
        return b.counters.change(call, source, lambda c, at: add(c, at, -amount), show, tx=tx)

    return b.store.db.transact(both)


def test_both_change_or_neither(b: Bench, counter: str) -> None:
    for name in (counter, counter + "2"):
        b.open(name)
    assert move(b, counter, counter + "2")["total"] == -1
    with pytest.raises(IllegalMove):
        move(b, counter, counter + "2", amount=-13)
    assert [b.counters.get(name).total for name in (counter, counter + "2")] == [-1, 1]


def test_of_many_that_find_nothing_at_once_one_is_the_first(b: Bench, counter: str) -> None:
    together = Barrier(8)

    def first(name: str) -> bool:
        met: list[str] = []

        def look(tx: Transaction) -> bool:
            others = b.counters.collection.count_documents({"seen": counter}, session=tx.session)
            if not met:  # all of them have looked before one of them writes
                met.append(name)
                together.wait()
            if not others:
                collide(b.counters.collection, counter, {"name": counter, "by": name}, tx)
            b.counters.collection.insert_one({"_id": name, "name": name, "seen": counter}, session=tx.session)
            return not others

        return b.store.db.transact(look)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(first, [f"{counter}/{number}" for number in range(8)]))

    b.counters.collection.delete_many({"$or": [{"seen": counter}, {"_id": counter}]})  # they are no counters
    assert sorted(found) == [False] * 7 + [True]


def test_one_request_moves_once(b: Bench, counter: str) -> None:
    for name in (counter, counter + "2"):
        b.open(name)
    call = a_call("move")

    def once(tx: Transaction) -> Any:
        return b.counters.change(call, counter, lambda c, at: add(c, at, -1), show, tx=tx)

    assert b.store.db.transact(once) == b.store.db.transact(once)
    assert b.counters.get(counter).total == -1


def test_200_contenders_for_the_same_two_all_get_through_and_the_totals_are_right(b: Bench, counter: str) -> None:
    names = [counter, counter + "2"]
    for name in names:
        b.open(name)
    before = len(b.nudged)

    def contend(number: int) -> Any:
        call = a_call("move")

        def moved() -> Any:  # whoever hears Unavailable asks again with the same request id
            return move(b, *names[:: 1 if number % 2 else -1], call=call)

        return eventually(moved)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        assert len(list(pool.map(contend, range(CONTENDERS)))) == CONTENDERS
    for name in names:
        state = b.counters.get(name)
        assert (state.total, state.version) == (0, CONTENDERS + 1)
        assert [entry["number"] for entry in b.counters.history(name)] == list(range(1, CONTENDERS + 2))
    assert len(b.nudged) - before == 2 * CONTENDERS


def test_what_a_transaction_gave_up_is_not_told(b: Bench, counter: str) -> None:
    b.open(counter)
    before = list(b.nudged)

    def fail(tx: Transaction) -> None:
        b.counters.change(a_call(), counter, lambda c, at: add(c, at, -1), tx=tx)
        raise IllegalMove("on second thoughts", rule="test")

    with pytest.raises(IllegalMove):
        b.store.db.transact(fail)
    assert b.nudged == before
    assert b.document(counter)["outbox"] == []


def test_what_is_created_twice_in_transactions_is_there_once_and_answered_alike(b: Bench, counter: str) -> None:
    call = a_call("open", "r" + counter, name=counter)

    def create(call: Any) -> Any:
        def work(tx: Transaction) -> Any:
            facts = [Fact("opened", NOON)]
            return b.counters.create(call, call.creation_id(), Counter(name=counter), facts, show, tx=tx)

        try:
            return b.store.db.transact(work)
        except AlreadyThere:
            return b.counters.kept(call, call.creation_id())

    assert create(call) == create(call)
    with pytest.raises(Conflict):
        create(a_call("open", "r" + counter, name="another"))
    with pytest.raises(Conflict) as refused:
        create(a_call("open", name=counter))
    assert refused.value.details["rule"] == "unique"
