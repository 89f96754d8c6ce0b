"""What is asked for at the same time is done together: once, for all who have come meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pymongo.collection import Collection

Q = TypeVar("Q")
A = TypeVar("A")
Document = dict[str, Any]


@dataclass
class Asked(Generic[Q, A]):
    """One caller's question; whoever acts for all sets its `answer`, or its `error`."""

    question: Q
    answer: A | None = None
    error: Exception | None = None
    turn: threading.Event = field(default_factory=threading.Event)
    done: bool = False


class Together(Generic[Q, A]):
    """`act` answers all that is asked at once; whoever comes while it is at work joins its next turn.

    It begins after all whom it answers have asked: its answer is as fresh as if each had asked alone. Alone, a question
    is answered at once: nothing ever waits for company. The first of those waiting acts for all of them.
    """

    def __init__(self, act: Callable[[Sequence[Asked[Q, A]]], None]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._queue: list[Asked[Q, A]] = []
        self._under_way = False

    def ask(self, question: Q) -> A:
        """Returns, or raises, what `act` has made of it."""
        mine: Asked[Q, A] = Asked(question)
        with self._lock:
            self._queue.append(mine)
            leads, self._under_way = not self._under_way, True
        if not leads:
            mine.turn.wait()
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return cast(A, mine.answer)

    def _lead(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, []
        try:
            self._act(batch)
        except Exception as error:  # noqa: BLE001 - each of them raises it in its own caller
            for one in batch:
                one.error = error
        with self._lock:
            following = self._queue[0] if self._queue else None
            self._under_way = following is not None
        for one in batch:
            one.done = True
            one.turn.set()
        if following is not None:
            following.turn.set()


class Reads:
    """Documents of one collection, each by its value of a unique field; the query for one is the query for all.

    Who asks for the same one at the same time gets the same dict: it is to be read, not changed.
    """

    def __init__(self, collection: Collection[Document], by: str, projection: Mapping[str, int]) -> None:
        self._collection = collection
        self._by = by
        self._projection = projection
        self._together: Together[str, Document | None] = Together(self._read)

    def find(self, value: str) -> Document | None:
        """The document as it is now, or None."""
        return self._together.ask(value)

    def _read(self, batch: Sequence[Asked[str, Document | None]]) -> None:
        found = {doc[self._by]: doc for doc in self._found(list({one.question for one in batch}))}
        for one in batch:
            one.answer = found.get(one.question)

    def _found(self, values: list[str]) -> Iterable[Document]:
        if len(values) > 1:
            return self._collection.find({self._by: {"$in": values}}, self._projection)
        doc = self._collection.find_one({self._by: values[0]}, self._projection)
        return [doc] if doc is not None else []
