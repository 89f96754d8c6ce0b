from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from shared.together import Asked, Reads, Together
from tests.support import eventually


class Slow:
    """Answers a number by its square; the first turn lasts until so many others have asked."""

    def __init__(self, others: int) -> None:
        self.others = others
        self.turns: list[list[int]] = []
        self.together: Together[int, int] = Together(self._act)

    def _act(self, batch: Sequence[Asked[int, int]]) -> None:
        self.turns.append([one.question for one in batch])
        if len(self.turns) == 1:
            eventually(lambda: len(self.together._queue) == self.others)
        if any(one.question < 0 for one in batch):
            raise ValueError("negative")
        for one in batch:
            one.answer = one.question**2


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each gives, or raises."""
    found: dict[int, Any] = {}

    def run(place: int) -> None:
        try:
            found[place] = calls[place]()
        except ValueError as error:
            found[place] = str(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [found[place] for place in range(len(calls))]


def test_whoever_asks_while_a_turn_is_under_way_is_answered_by_the_next_one_for_all() -> None:
    slow = Slow(others=3)
    answers = at_once(*(lambda number=number: slow.together.ask(number) for number in range(4)))
    assert answers == [0, 1, 4, 9]
    assert [len(turn) for turn in slow.turns] == [1, 3]


def test_alone_a_question_is_answered_at_once_and_the_next_one_anew() -> None:
    slow = Slow(others=0)
    assert [slow.together.ask(2), slow.together.ask(2)] == [4, 4]
    assert slow.turns == [[2], [2]]


def test_a_turn_that_fails_fails_for_all_of_it_and_for_nobody_else() -> None:
    slow = Slow(others=2)
    answers = at_once(*(lambda: slow.together.ask(-1) for _ in range(3)))
    assert answers == ["negative"] * 3
    assert slow.together.ask(3) == 9


class Rows:
    """A collection, as far as `Reads` asks it; the first query lasts until the others have asked."""

    def __init__(self, *names: str, others: int = 0) -> None:
        self.rows = [{"_id": number, "name": name} for number, name in enumerate(names)]
        self.others = others
        self.asked: list[Any] = []
        self.reads = Reads(self, "name", {"outbox": 0})  # type: ignore[arg-type]

    def find(self, wanted: dict[str, Any], projection: dict[str, int]) -> list[dict[str, Any]]:
        self.asked.append((wanted["name"], projection))
        return [row for row in self.rows if row["name"] in wanted["name"]["$in"]]

    def find_one(self, wanted: dict[str, Any], projection: dict[str, int]) -> dict[str, Any] | None:
        self.asked.append((wanted["name"], projection))
        if len(self.asked) == 1:
            eventually(lambda: len(self.reads._together._queue) == self.others)
        return next((row for row in self.rows if row["name"] == wanted["name"]), None)


def test_each_gets_the_document_of_its_own_name_and_none_where_there_is_none() -> None:
    rows = Rows("a", "b", others=3)
    found = at_once(*(lambda name=name: rows.reads.find(name) for name in ("a", "b", "none", "b")))
    assert [row and row["_id"] for row in found] == [0, 1, None, 1]
    assert len(rows.asked) == 2


@pytest.mark.parametrize(("name", "found"), [("a", {"_id": 0, "name": "a"}), ("b", None)])
def test_one_document_is_asked_for_by_its_name_alone(name: str, found: dict[str, Any] | None) -> None:
    rows = Rows("a")
    assert rows.reads.find(name) == found
    assert rows.asked == [(name, {"outbox": 0})]
