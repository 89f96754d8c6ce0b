"""Histories as they are stored: with what each fact changed, over both places, and what a reply shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shared.document import GENESIS, entry_hash
from shared.errors import NotFound
from shared.events import Fact
from shared.housekeeping import KEEP, LIMIT
from tests.probe.lab import Lab
from tests.probe.store import NOON, Bench, a_call, bench


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    """Nobody else spills."""
    lab.stop("probe-worker")
    with bench(lab) as b:
        yield b


def tell(b: Bench, counter: str, set: dict[str, Any] | None) -> None:
    b.counters.change(a_call(name=counter), counter, lambda c, at: (c, [Fact("told", at, {"a": 1}, set)]))


def test_an_entry_keeps_what_its_fact_set_with_times_as_text(b: Bench, counter: str) -> None:
    b.open(counter)
    tell(b, counter, {"due": NOON, "clocks": {"first": {"at": NOON, "stands": None}}})
    last = b.counters.entries(counter)[-1]
    noon = "2026-03-02T12:00:00.000Z"
    assert last["set"] == {"due": noon, "clocks": {"first": {"at": noon, "stands": None}}}
    assert last["data"] == {"a": 1}


def test_what_a_fact_set_is_part_of_the_chain_and_of_no_reply(b: Bench, counter: str) -> None:
    b.open(counter)
    tell(b, counter, {"total": 1})
    first, last = b.counters.entries(counter)
    assert "set" not in first
    assert last["hash"] == entry_hash(first["hash"], last) != entry_hash(first["hash"], last | {"set": {"total": 2}})
    assert all("set" not in entry for entry in b.counters.history(counter))


def test_entries_are_whole_and_chained_over_both_places(b: Bench, counter: str) -> None:
    b.open(counter)
    for number in range(LIMIT + 8):
        tell(b, counter, {"total": number})
    b.spill()
    assert len(b.document(counter)["history"]) == KEEP
    link = GENESIS
    for number, entry in enumerate(b.counters.entries(counter), start=1):
        assert entry["number"] == number
        assert entry["hash"] == (link := entry_hash(link, entry))
    assert b.document(counter)["head"] == {"number": LIMIT + 9, "hash": link}


@pytest.mark.parametrize("told_before", [0, LIMIT + 8], ids=["kept", "spilled"])
def test_state_and_history_are_of_one_moment_whoever_changes_it_between(
    b: Bench, counter: str, told_before: int
) -> None:
    b.open(counter)
    for number in range(told_before):
        tell(b, counter, {"total": number})
    b.spill()
    read = b.counters._from_document

    def read_while_others_write(doc: Mapping[str, Any]) -> Any:
        """The document has been read; before anything else is, the counter goes on, and all of that leaves it."""
        b.counters._from_document = read
        for number in range(LIMIT + 8):
            tell(b, counter, {"total": number})
        b.spill()
        return read(doc)

    b.counters._from_document = read_while_others_write
    state, entries = b.counters.whole(counter)

    assert state.version == len(entries) == told_before + 1
    assert [entry["number"] for entry in entries] == list(range(1, told_before + 2))
    assert b.counters.get(counter).version == len(b.counters.shown(counter)[1]) == told_before + LIMIT + 9


def test_there_are_no_entries_of_what_is_not_there(b: Bench, counter: str) -> None:
    with pytest.raises(NotFound):
        b.counters.entries(counter)
    with pytest.raises(NotFound):
        b.counters.whole(counter)
