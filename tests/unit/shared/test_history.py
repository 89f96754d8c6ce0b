"""What a history tells, and what it shows of those who meddled with it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import GENESIS, Publishing, additions, entry_hash
from shared.history import Fault, differences, faults, rebuild
from tests.unit.shared.builders import NINE, Thing, a_call, a_fact, after

Entries = list[dict[str, Any]]
History = tuple[Entries, dict[str, Any]]

leaves = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=3))
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner))
texts = st.sampled_from(["assigned", "held", "resumed"])


@st.composite
def histories(draw: st.DrawFn, least: int = 0) -> History:
    """As the kernel writes them, over several saves."""
    entries: Entries = []
    head: dict[str, Any] | None = None
    for facts in draw(st.lists(st.lists(texts, max_size=3), min_size=1, max_size=4)):
        made = [
            replace(
                a_fact(kind, after(seconds=draw(st.integers(0, 9))), more=draw(values)),
                set=draw(st.none() | st.dictionaries(texts, values, max_size=2)),
            )
            for kind in facts
        ]
        added = additions(Publishing("things"), ("things", "T-1"), Thing(), made, a_call(), NINE, head)
        entries, head = [*entries, *added.history], added.head
    while len(entries) < least:
        added = additions(Publishing("things"), ("things", "T-1"), Thing(), [a_fact()], a_call(), NINE, head)
        entries, head = [*entries, *added.history], added.head
    assert head is not None
    return entries, head


def a_history(length: int) -> History:
    facts = [replace(a_fact(amount=number), set={"total": number}) for number in range(length)]
    added = additions(Publishing("things"), ("things", "T-1"), Thing(), facts, a_call(), NINE, None)
    return added.history, added.head


def chained_anew(entries: Entries) -> History:
    """By somebody who knows how."""
    link, made = GENESIS, []
    for number, entry in enumerate(entries, start=1):
        made.append({**entry, "number": number})
        link = made[-1]["hash"] = entry_hash(link, made[-1])
    return made, {"number": len(made), "hash": link}


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """To every leaf and every empty branch."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [deeper for name, item in inner for deeper in paths(item, (*path, name))]
    yield from found or [path]


def edit(entry: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    *above, last = path
    for name in above:
        entry = entry[name]
    entry[last] = value


def other(value: Any, drawn: Any) -> Any:
    """Something that is written otherwise."""
    if isinstance(value, datetime):
        return after(days=400) if value != after(days=400) else NINE
    return [value, drawn] if repr(value) == repr(drawn) or drawn == value else drawn


@given(histories())
def test_a_history_that_nobody_touched_has_no_faults(history: History) -> None:
    assert faults(*history) == []


@given(histories(least=1), st.data())
def test_any_edit_of_any_value_is_found_in_its_place(history: History, data: st.DataObject) -> None:
    entries, head = deepcopy(history)
    entry = data.draw(st.sampled_from(entries))
    number = entry["number"]
    path = data.draw(st.sampled_from(list(paths(entry))))
    value = entry
    for name in path:
        value = value[name]
    edit(entry, path, other(value, data.draw(leaves)))
    assert any(fault.covers(number) for fault in faults(entries, head))


@given(histories(least=1), st.data())
def test_a_part_put_in_or_taken_out_of_an_entry_is_found_in_its_place(history: History, data: st.DataObject) -> None:
    entries, head = deepcopy(history)
    entry = data.draw(st.sampled_from(entries))
    number = entry["number"]
    name = data.draw(st.sampled_from([*entry, "more"]))
    if name == "more":
        entry["more"] = None
    else:
        del entry[name]
    assert any(fault.covers(number) for fault in faults(entries, head))


@given(histories(least=2), st.data())
def test_what_was_removed_is_found_in_its_place(history: History, data: st.DataObject) -> None:
    entries, head = history
    gone = data.draw(st.integers(1, len(entries) - 1))
    left = [entry for entry in entries if entry["number"] != gone]
    assert faults(left, head) == [Fault("gap", gone, gone)]


@given(histories(least=3), st.data())
def test_runs_that_were_removed_are_found_in_their_place(history: History, data: st.DataObject) -> None:
    entries, head = history
    first = data.draw(st.integers(1, len(entries) - 1))
    last = data.draw(st.integers(first, len(entries) - 1))
    left = [entry for entry in entries if not first <= entry["number"] <= last]
    assert faults(left, head) == [Fault("gap", first, last)]


@given(histories(least=2), st.data())
def test_entries_that_changed_places_are_found_in_both(history: History, data: st.DataObject) -> None:
    entries, head = list(history[0]), history[1]
    one, another = data.draw(st.lists(st.integers(1, len(entries)), min_size=2, max_size=2, unique=True))
    entries[one - 1], entries[another - 1] = entries[another - 1], entries[one - 1]
    found = faults(entries, head)
    assert {fault.kind for fault in found} == {"swapped"}
    assert all(any(fault.covers(number) for fault in found) for number in (one, another))


@given(histories(least=2), st.data())
def test_entries_that_changed_places_and_numbers_are_found_in_both(history: History, data: st.DataObject) -> None:
    entries, head = list(history[0]), history[1]
    one, another = data.draw(st.lists(st.integers(1, len(entries)), min_size=2, max_size=2, unique=True))
    first, second = entries[one - 1], entries[another - 1]
    entries[one - 1], entries[another - 1] = {**second, "number": one}, {**first, "number": another}
    found = faults(entries, head)
    assert all(any(fault.covers(number) for fault in found) for number in (one, another))


@given(histories(least=1), st.data())
def test_what_was_cut_off_is_found_by_the_head(history: History, data: st.DataObject) -> None:
    entries, head = history
    kept = data.draw(st.integers(0, len(entries) - 1))
    assert faults(entries[:kept], head) == [Fault("truncated", kept + 1, len(entries))]


@given(histories(least=1), st.data())
def test_what_was_put_in_is_found_in_its_place(history: History, data: st.DataObject) -> None:
    entries, head = history
    place = data.draw(st.integers(1, len(entries)))
    forged = {**entries[place - 1], "type": "forged"}
    where = data.draw(st.sampled_from([place - 1, place]))
    assert faults([*entries[:where], forged, *entries[where:]], head) == [Fault("doubled", place, place)]


@given(histories())
def test_what_was_put_on_at_the_end_is_found_there(history: History) -> None:
    entries, head = history
    number = len(entries) + 1
    more = {**a_history(1)[0][0], "number": number}
    assert faults([*entries, more], head) == [Fault("added", number, number)]


@given(histories(least=2), st.data())
def test_a_chain_computed_anew_after_an_edit_does_not_fit_the_old_head(history: History, data: st.DataObject) -> None:
    entries, head = deepcopy(history)
    data.draw(st.sampled_from(entries))["type"] = "forged"
    forged, _ = chained_anew(entries)
    assert faults(forged, head) == [Fault("head", len(entries), len(entries))]


def test_one_edit_is_one_fault_whether_of_content_or_of_hash() -> None:
    for changed in ({"actor": "a2"}, {"hash": "f" * 64}, {"at": after(hours=1)}, {"data": {}}, {"set": None}):
        for number in (1, 3, 5):
            entries, head = a_history(5)
            entries[number - 1] |= changed
            assert faults(entries, head) == [Fault("edited", number, number)], changed


@pytest.mark.parametrize("found", [None, "entry", 7, {}, {"number": "3", "hash": "h"}, {"number": 3}])
def test_what_is_no_entry_at_all_is_found_in_its_place(found: Any) -> None:
    entries, head = a_history(5)
    assert faults([*entries[:2], found, *entries[3:]], head) == [Fault("edited", 3, 3)]


@pytest.mark.parametrize("value", [b"bytes", NINE, object(), {"deep": [NINE]}])
def test_a_value_that_no_entry_can_hold_is_an_edit(value: Any) -> None:
    entries, head = a_history(3)
    entries[1]["data"] = {"amount": value}
    assert faults(entries, head) == [Fault("edited", 2, 2)]


def test_a_time_turned_into_its_own_text_is_an_edit() -> None:
    entries, head = a_history(3)
    entries[1]["at"] = "2026-03-02T09:00:00.000Z"
    assert faults(entries, head) == [Fault("edited", 2, 2)]


def test_an_entry_without_a_hash_is_no_way_round_the_chain() -> None:
    entries, head = a_history(1)
    entries[0] |= {"at": "whenever", "hash": ""}
    assert faults(entries, {**head, "hash": ""}) == [Fault("edited", 1, 1)]


def test_neighbouring_edits_are_told_as_one_run() -> None:
    entries, head = a_history(9)
    for number in (3, 4, 5, 8):
        entries[number - 1]["actor"] = "a2"
    assert faults(entries, head) == [Fault("edited", 3, 5), Fault("edited", 8, 8)]


@pytest.mark.parametrize("head", [None, "head", {}, {"number": 5}, {"hash": "h", "number": 5}, {"number": "5"}])
def test_a_head_that_was_changed_is_found(head: Any) -> None:
    assert faults(a_history(5)[0], head) == [Fault("head", 5, 5)]


def test_a_head_set_back_shows_what_is_beyond_it() -> None:
    entries, _ = a_history(5)
    assert faults(entries, {"number": 3, "hash": entries[2]["hash"]}) == [Fault("added", 4, 5)]


def test_a_number_beyond_all_measure_costs_nothing() -> None:
    entries, head = a_history(3)
    assert faults(entries, {**head, "number": 10**15}) == [Fault("truncated", 4, 10**15)]
    entries[1]["number"] = 10**15
    assert {fault.kind for fault in faults(entries, head)} == {"gap", "swapped", "added"}


# rebuilding


def sets(*changes: dict[str, Any] | None) -> Entries:
    facts = [replace(a_fact(), set=change) for change in changes]
    return additions(Publishing("things"), ("things", "T-1"), Thing(), facts, a_call(), NINE, None).history


def test_what_was_set_last_counts() -> None:
    entries = sets({"state": "queued", "team": "net"}, None, {}, {"state": "held", "due": after(hours=1)})
    assert rebuild(entries) == {"state": "held", "team": "net", "due": "2026-03-02T10:00:00.000Z"}


def test_a_field_is_replaced_whole_unless_it_is_merged_member_by_member() -> None:
    entries = sets({"clocks": {"first": {"at": 1, "of": 2}, "last": 3}}, {"clocks": {"first": {"at": 4}}})
    assert rebuild(entries) == {"clocks": {"first": {"at": 4}}}
    assert rebuild(entries, merged=("clocks",)) == {"clocks": {"first": {"at": 4}, "last": 3}}


def test_a_member_that_is_set_to_nothing_is_gone_and_so_is_a_merged_field() -> None:
    entries = sets({"clocks": {"first": 1, "last": 2}}, {"clocks": {"first": None}})
    assert rebuild(entries, merged=("clocks",)) == {"clocks": {"last": 2}}
    assert rebuild([*entries, *sets({"clocks": None})], merged=("clocks",)) == {"clocks": None}
    assert rebuild(sets({"clocks": None}, {"clocks": {"first": 1}}), merged=("clocks",)) == {"clocks": {"first": 1}}


@given(st.lists(st.dictionaries(texts, values), max_size=5))
def test_rebuilding_is_folding_what_was_set(changes: list[dict[str, Any]]) -> None:
    expected: dict[str, Any] = {}
    for change in changes:
        expected |= change
    assert rebuild(sets(*changes)) == expected


def test_differences_name_the_fields_that_are_not_as_their_history_says() -> None:
    rebuilt = {"state": "held", "due": "2026-03-02T10:00:00.000Z", "team": "net"}
    stored = {"state": "held", "due": after(hours=1), "team": "other", "version": 3}
    assert differences(stored, rebuilt, ("state", "due", "team")) == ["team"]
    assert differences({}, rebuilt, ("state", "unheard_of")) == ["state"]
