"""Histories read back: the state that they tell, and what was done to them that is no change of ours. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeGuard

from shared.document import GENESIS, TIMES, entry_hash
from shared.events import to_json

Entry = Mapping[str, Any]

#: Aggregates on one page of `verify_history`, at most.
PAGE = 200

GAP, EDITED, SWAPPED, DOUBLED = "gap", "edited", "swapped", "doubled"
TRUNCATED, ADDED, HEAD, STATE, ORPHANED = "truncated", "added", "head", "state", "orphaned"

#: Kind of fault -> what it says about its entries.
KINDS = {
    GAP: "missing",
    EDITED: "not what was written: the content does not give the hash",
    SWAPPED: "not in its own place",
    DOUBLED: "there more than once",
    TRUNCATED: "missing at the end: the head counts further",
    ADDED: "beyond the head",
    HEAD: "not what the head says",
    STATE: "all there, but the stored state is another than they make",
    ORPHANED: "still in the history's own collection, but the whole aggregate is gone",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a history: of which kind, with which entries (`first` to `last`), in which fields."""

    kind: str
    first: int
    last: int
    fields: tuple[str, ...] = ()

    def covers(self, number: int) -> bool:
        """Whether it is about this entry."""
        return self.first <= number <= self.last


def rebuild(entries: Iterable[Entry], merged: Collection[str] = ()) -> dict[str, Any]:
    """The fields that `entries`, in order of number, have set, in document form with times as text.

    A field is replaced whole. Of a field in `merged`, a mapping, each member that is set is replaced whole, and removed
    by None.
    """
    state: dict[str, Any] = {}
    for entry in entries:
        for name, value in (entry.get("set") or {}).items():
            if name in merged and isinstance(value, Mapping):
                members = {**(state.get(name) or {}), **value}
                value = {member: kept for member, kept in members.items() if kept is not None}
            state[name] = value
    return state


def differences(document: Mapping[str, Any], rebuilt: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    """Those of `fields` in which the stored document is not what was rebuilt from its history."""
    absent = object()
    return [name for name in fields if to_json(document.get(name, absent)) != rebuilt.get(name, absent)]


def faults(entries: Sequence[object], head: object) -> list[Fault]:
    """All that is wrong with a history as it was found; [] for one that nobody has touched.

    `entries`: in the order in which they stand; `head`: `{number, hash}` as the aggregate keeps it. Finds every change
    of a history that was not made with the whole rest of the chain, head included, computed anew.
    """
    readable = [entry for entry in entries if _is_entry(entry)]
    numbers = [entry["number"] for entry in readable]
    lost = _unreadable(entries)
    top = _top(head, numbers)
    edited, links = _check_chain(readable, top)
    found = [
        *_runs(EDITED, {*edited, *lost}),
        *_runs(DOUBLED, {number for number, times in Counter(numbers).items() if times > 1}),
        *_runs(SWAPPED, {number for number, due in zip(numbers, sorted(numbers), strict=True) if number != due}),
        *_runs(ADDED, {number for number in numbers if number > top}),
        *_gaps({*numbers, *lost}, top),
    ]
    if links and not _is_head(head, top, links):
        found.append(Fault(HEAD, top, top))
    return sorted(found, key=lambda fault: (fault.first, fault.last))


def _is_entry(entry: object) -> TypeGuard[Entry]:
    """Whether it has the form of one: what else it holds, its hash must tell."""
    if not isinstance(entry, Mapping):
        return False
    number, link = entry.get("number"), entry.get("hash")
    return isinstance(number, int) and number > 0 and isinstance(link, str)


def _unreadable(entries: Sequence[object]) -> set[int]:
    """The places, counted on from the entry before, of what has not even the form of an entry."""
    places: set[int] = set()
    place = 0
    for entry in entries:
        if _is_entry(entry):
            place = entry["number"]
        else:
            place += 1
            places.add(place)
    return places


def _top(head: object, numbers: Sequence[int]) -> int:
    """The number of the last entry, by the head if it says so."""
    number = head.get("number") if isinstance(head, Mapping) else None
    return number if isinstance(number, int) else max(numbers, default=0)


def _is_head(head: object, top: int, links: Collection[str]) -> bool:
    return isinstance(head, Mapping) and head.get("number") == top and head.get("hash") in links


def _check_chain(readable: Sequence[Entry], top: int) -> tuple[set[int], tuple[str, ...]]:
    """The numbers of entries that are not what was written, and what the head's hash may be (empty: cannot be said).

    After a wrong entry the next one is held to both its stored and its computed hash: whichever of content and hash was
    edited, the other shows that the next entry is as it was written.
    """
    edited: set[int] = set()
    links: tuple[str, ...] = (GENESIS,)
    before = 0
    for number, same in _numbered(readable):
        if number > top:
            break
        if number != before + 1:
            links = ()  # what it was chained to is gone
        fitting = next((one for one in same if not links or _fits(one, links)), None)
        if fitting is not None:
            links = (fitting["hash"],)
        else:
            edited.add(number)
            links = tuple(filter(None, (same[0]["hash"], _sealed(links[0], same[0]))))
        before = number
    return edited, links if before == top else ()


def _numbered(readable: Sequence[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """The entries of each number, in order of number."""
    found: dict[int, list[Entry]] = {}
    for entry in readable:
        found.setdefault(entry["number"], []).append(entry)
    yield from sorted(found.items())


def _fits(entry: Entry, links: Iterable[str]) -> bool:
    return any(_sealed(link, entry) == entry["hash"] for link in links)


def _sealed(previous: str, entry: Entry) -> str | None:
    """The hash that its content gives; None where it holds what no entry of ours does, for example bytes."""
    if not all(isinstance(entry.get(name), datetime) for name in TIMES):
        return None
    try:
        return entry_hash(previous, entry)
    except (TypeError, ValueError, RecursionError):
        return None


def _gaps(numbers: Collection[int], top: int) -> list[Fault]:
    """Runs of numbers up to `top` that are not there; the one that reaches `top` is a truncation."""
    known = [0, *sorted(number for number in numbers if number <= top), top + 1]
    runs = [(before + 1, after - 1) for before, after in pairwise(known) if after > before + 1]
    return [Fault(TRUNCATED if last == top else GAP, first, last) for first, last in runs]


def _runs(kind: str, numbers: Iterable[int]) -> list[Fault]:
    """One fault for every unbroken run."""
    found: list[Fault] = []
    for number in sorted(numbers):
        if found and found[-1].last == number - 1:
            found[-1] = Fault(kind, found[-1].first, number)
        else:
            found.append(Fault(kind, number, number))
    return found
