"""Checking the services' histories, page by page, against themselves and against anchors; memory does not grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from deploy.anchors import Anchor
from shared.client import Client
from shared.history import KINDS, PAGE

GONE, SHORTENED, REWRITTEN = "gone", "shortened", "rewritten"
SECONDS = 60.0

#: What anchors show, beside what a history shows of itself.
WORDS = {
    **KINDS,
    GONE: "anchored, and the whole aggregate is gone",
    SHORTENED: "anchored, and the history ends before, its head made to fit",
    REWRITTEN: "anchored with another hash: the chain was computed anew",
}


@dataclass(frozen=True)
class Found:
    """One fault: in which aggregate, of which kind, from which entry to which, in which fields of the state.

    `name`: what callers call the aggregate, if it is there.
    """

    service: str
    collection: str
    id: str
    kind: str
    first: int
    last: int
    fields: tuple[str, ...] = ()
    name: str | None = None

    def __str__(self) -> str:
        """For people, in one line."""
        entries = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        name = f" ({self.name})" if self.name not in (None, self.id) else ""
        return f"{self.collection}/{self.id}{name}  {self.kind}: {entries} {WORDS[self.kind]}{fields}"


@dataclass(frozen=True)
class Page:
    """What came of one call: the heads of some aggregates of one collection, and the faults found.

    `about`: how many aggregates the collection has, told once; `entries`, `rebuilt`: how many were checked.
    """

    collection: str
    heads: Sequence[Anchor]
    faults: Sequence[Found]
    entries: int = 0
    rebuilt: int = 0
    about: int | None = None


def pages(client: Client, service: str, anchors: Iterable[Anchor] = (), limit: int = PAGE) -> Iterator[Page]:
    """All histories of a service, joined with `anchors`, which are in order. Raises what calls raise."""
    ahead = Ahead(anchors)
    after: dict[str, str] | None = None
    while True:
        window = ahead.window(limit)
        # the service must not go further than the anchors that it was told of
        until = _place(window[-1]) if len(window) == limit else None
        asked = [{**_place(anchor), "number": anchor.number} for anchor in window]
        answer = client.call(
            service, "verify_history", timeout=SECONDS, after=after, until=until, anchored=asked, limit=limit
        )
        after = answer["next"]
        yield _page(service, answer, ahead.passed((after["collection"], after["id"]) if after else None))
        if after is None:
            break
    while ahead.window(limit):  # of collections after the last
        yield Page("", (), _compare(service, ahead.passed(None), {}))


def _place(anchor: Anchor) -> dict[str, str]:
    return {"collection": anchor.collection, "id": anchor.id}


class Ahead:
    """Anchors in order, of which only a window is in memory."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self._anchors = iter(anchors)
        self._window: deque[Anchor] = deque()

    def window(self, size: int) -> Sequence[Anchor]:
        """The next ones, at most so many."""
        self._window.extend(islice(self._anchors, size - len(self._window)))
        return self._window

    def passed(self, place: tuple[str, str] | None) -> list[Anchor]:
        """Those of the window up to a place (None: all); they leave it."""
        left: list[Anchor] = []
        while self._window and (place is None or self._window[0][:2] <= place):
            left.append(self._window.popleft())
        return left


def _page(service: str, answer: Mapping[str, Any], anchors: Iterable[Anchor]) -> Page:
    collection, rows = answer["collection"], answer["aggregates"]
    told = [Found(service, collection, **{**one, "fields": tuple(one["fields"])}) for one in answer["faults"]]
    return Page(
        collection,
        [Anchor(collection, row["id"], row["number"], row["hash"]) for row in rows],
        told + _compare(service, anchors, {(collection, row["id"]): row for row in rows}),
        sum(row["entries"] for row in rows),
        sum(row["rebuilt"] for row in rows),
        answer["about"],
    )


def _compare(service: str, anchors: Iterable[Anchor], rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[Found]:
    """What anchors say against the aggregates that the service has now."""
    return [
        Found(service, anchor.collection, anchor.id, kind, first, last)
        for anchor in anchors
        for kind, first, last in _against(anchor, rows.get((anchor.collection, anchor.id)))
    ]


def _against(anchor: Anchor, row: Mapping[str, Any] | None) -> Iterator[tuple[str, int, int]]:
    if row is None:
        yield GONE, 1, anchor.number
    elif row["number"] < anchor.number:
        yield SHORTENED, row["number"] + 1, anchor.number
    elif row["at_anchor"] not in (anchor.hash, None):  # None: a gap, of which the service has told
        yield REWRITTEN, 1, anchor.number
