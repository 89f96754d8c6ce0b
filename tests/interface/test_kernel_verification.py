"""A service's own check of its histories, on the real database: where they are kept, and what somebody did to them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from bson import Int64
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from shared import verification
from shared.document import GENESIS, entry_hash
from shared.events import Fact
from shared.history import differences, rebuild
from shared.housekeeping import KEEP, LIMIT
from tests.interface.test_kernel_housekeeping import Commands, _asked, stages
from tests.probe.lab import Lab
from tests.probe.service import Counter
from tests.probe.store import NOON, Bench, a_call, bench

NAME = "probe_counters"
LONG = LIMIT + 8


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    """Nobody else spills or rings; nothing else is there."""
    lab.stop("probe-worker")
    lab.database.probe_counters.delete_many({})
    lab.database.probe_history.delete_many({})
    with bench(lab) as b:
        yield b


@pytest.fixture
def meddle(lab: Lab) -> Collection[dict[str, Any]]:
    """The counters, as the administrator may write them."""
    return lab.database.probe_counters


def make(b: Bench, *names: str, length: int = 3) -> None:
    for name in names:
        b.counters.create(a_call("open", name=name), name, Counter(name=name), [Fact("opened", NOON, set={"total": 0})])
        for number in range(2, length + 1):
            b.counters.change(a_call(), name, lambda c, at, n=number: grow(c, at, n))


def grow(counter: Counter, at: Any, total: int) -> tuple[Counter, list[Fact]]:
    return replace(counter, total=total), [Fact("grew", at, set={"total": total})]


def check(b: Bench, limit: int = 200, anchored: list[dict[str, Any]] | None = None) -> tuple[list[Any], list[Any]]:
    """Rows and faults of all pages."""
    rows, faults, after = [], [], None
    while True:
        page = verification.page(b.store.db, after, None, anchored or [], limit)
        assert page["collection"] == NAME
        rows += page["aggregates"]
        faults += page["faults"]
        after = page["next"]
        if after is None:
            return rows, faults


def a_fault(id: str, kind: str, first: int, last: int | None = None, *fields: str) -> dict[str, Any]:
    return {"id": id, "name": id, "kind": kind, "first": first, "last": last or first, "fields": list(fields)}


def test_histories_as_they_were_written_have_no_faults(b: Bench) -> None:
    make(b, "a", "b", "c")
    heads = {name: b.document(name)["head"] for name in "abc"}
    assert check(b) == (
        [{"id": name, "entries": 3, "rebuilt": False, "at_anchor": None, **heads[name]} for name in "abc"],
        [],
    )


def test_pages_follow_each_other_whatever_their_size(b: Bench) -> None:
    names = [f"{number:02}" for number in range(7)]
    make(b, *names, length=1)
    for limit in (1, 2, 7, 8):
        assert [row["id"] for row in check(b, limit)[0]] == names


def test_a_page_ends_where_it_would_take_long(b: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "ENTRIES", 5)
    make(b, "a", "b", "c", "d")
    first = verification.page(b.store.db, None, None, [], 200)
    assert [row["id"] for row in first["aggregates"]] == ["a", "b"]
    assert first["next"] == {"collection": NAME, "id": "b"}
    assert [row["id"] for row in check(b)[0]] == ["a", "b", "c", "d"]


def test_a_page_goes_no_further_than_it_is_asked_to(b: Bench) -> None:
    make(b, "a", "c", "d", length=1)
    until = {"collection": NAME, "id": "b"}
    first = verification.page(b.store.db, None, until, [], 200)
    assert [row["id"] for row in first["aggregates"]] == ["a"]
    assert first["next"] == until
    assert first["about"] is not None  # an estimate, which mongod gets wrong once it was killed
    second = verification.page(b.store.db, until, {"collection": NAME, "id": "c"}, [], 200)
    assert [row["id"] for row in second["aggregates"]] == ["c"]
    assert second["about"] is None


def test_collections_that_are_not_there_are_passed_by(b: Bench) -> None:
    make(b, "a", length=1)
    nothing = {"collection": None, "about": None, "aggregates": [], "faults": [], "next": None}
    assert verification.page(b.store.db, {"collection": "z", "id": ""}, None, [], 9) == nothing
    before = verification.page(b.store.db, None, {"collection": "a", "id": "x"}, [], 9)
    assert before == nothing | {"next": {"collection": NAME, "id": ""}}


def test_the_hash_at_an_anchored_number_is_told(b: Bench) -> None:
    make(b, "a", "b", "c", length=3)
    make(b, "d", length=LONG)
    b.spill()
    numbers = {"a": 0, "b": 2, "c": 4, "d": 5}
    rows, _ = check(b, anchored=[{"collection": NAME, "id": id, "number": n} for id, n in numbers.items()])
    told = {row["id"]: row["at_anchor"] for row in rows}
    expected = {
        "a": GENESIS,
        "b": b.counters.entries("b")[1]["hash"],
        "c": None,
        "d": b.counters.entries("d")[4]["hash"],
    }
    assert told == expected


# over both places


@pytest.fixture
def long(b: Bench, lab: Lab) -> Collection[dict[str, Any]]:
    """`a` and `c` have most of their history elsewhere: there, as the administrator may write it."""
    make(b, "a", "c", length=LONG)
    make(b, "b")
    b.spill()
    assert len(b.document("a")["history"]) == KEEP
    return lab.database.probe_history


def test_what_has_left_the_document_is_checked_with_it(b: Bench, long: Any) -> None:
    rows, faults = check(b)
    assert faults == []
    assert [row["entries"] for row in rows] == [LONG, 3, LONG]


def test_an_entry_on_its_way_out_of_the_document_is_no_fault(b: Bench, long: Any) -> None:
    moving = b.document("a")["history"][0]
    long.insert_one({"_id": f"{NAME}/a/{moving['number']}", "aggregate": f"{NAME}/a", **moving})
    assert check(b)[1] == []
    long.update_one({"_id": f"{NAME}/a/{moving['number']}"}, {"$set": {"actor": "x"}})
    assert check(b)[1] == [a_fault("a", "doubled", moving["number"])]


def test_an_edit_of_what_has_left_the_document_is_found(b: Bench, long: Any) -> None:
    long.update_one({"_id": f"{NAME}/a/4"}, {"$set": {"set.total": 1}})
    long.delete_one({"_id": f"{NAME}/c/9"})
    assert check(b)[1] == [a_fault("a", "edited", 4), a_fault("c", "gap", 9)]


def test_entries_moved_to_another_aggregate_are_missing_in_the_one_and_doubled_in_the_other(
    b: Bench, long: Any
) -> None:
    long.update_one({"_id": f"{NAME}/a/24"}, {"$set": {"aggregate": f"{NAME}/c", "number": 25}})
    assert check(b)[1] == [a_fault("a", "gap", 24), a_fault("c", "doubled", 25)]


def test_what_left_the_document_cut_off_at_its_end_is_a_gap(b: Bench, long: Any) -> None:
    long.delete_many({"aggregate": f"{NAME}/a", "number": {"$gt": 20}})
    assert check(b)[1] == [a_fault("a", "gap", 21, LONG - KEEP)]


def test_histories_that_grow_and_leave_their_documents_meanwhile_are_no_fault(b: Bench) -> None:
    make(b, "a", "b", length=1)
    checks = 0

    def work() -> None:
        for number in range(120):
            for name in "ab":
                b.counters.change(a_call(), name, lambda c, at, n=number: grow(c, at, n))
            if number % 10 == 9:
                b.spill()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        while not working.done():
            assert check(b)[1] == []
            checks += 1
        working.result()
    rows, faults = check(b)
    assert ([row["entries"] for row in rows], faults) == ([121, 121], [])
    assert checks > 1


# aggregates that are gone


def test_what_is_left_of_an_aggregate_that_is_gone_is_a_fault(b: Bench, meddle: Any, long: Any) -> None:
    make(b, "d", length=LONG)
    b.spill()
    meddle.delete_many({"_id": {"$in": ["a", "d"]}})
    left = LONG - KEEP
    for limit in (1, 2, 200):
        rows, faults = check(b, limit)
        assert [row["id"] for row in rows] == ["b", "c"]
        assert faults == [a_fault("a", "orphaned", 1, left), a_fault("d", "orphaned", 1, left)]


def test_what_is_left_of_a_whole_collection_is_told_page_by_page(b: Bench, meddle: Any, long: Any) -> None:
    names = [f"{number:02}" for number in range(5)]
    make(b, *names, length=LONG)
    b.spill()
    meddle.delete_many({})
    for limit in (1, 2, 5, 6):
        rows, faults = check(b, limit)
        assert rows == []
        assert [fault["id"] for fault in faults] == [*names, "a", "c"]
    first = verification.page(b.store.db, None, None, [], 2)
    assert first["next"] == {"collection": NAME, "id": "01"}


def test_what_is_left_is_told_as_far_as_it_goes(b: Bench, meddle: Any, long: Any) -> None:
    long.delete_many({"aggregate": f"{NAME}/a", "number": {"$nin": [3, 9]}})
    meddle.delete_one({"_id": "a"})
    assert check(b)[1] == [a_fault("a", "orphaned", 3, 9)]
    until = {"collection": NAME, "id": "0"}
    assert verification.page(b.store.db, None, until, [], 9)["faults"] == []


def test_entries_of_no_order_at_all_are_passed_by(b: Bench, long: Any) -> None:
    long.insert_many([{"_id": number, "aggregate": [f"{NAME}/{number}"], "number": number} for number in (1, 2)])
    try:
        assert check(b, 1)[1] == []
    finally:  # the index remembers that there were lists
        long.delete_many({})
        long.drop_index("aggregate_number")
        long.create_index([("aggregate", 1), ("number", 1)], name="aggregate_number", unique=True)


# what nobody of ours would write


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"$set": {"history.1.actor": "x"}}, a_fault("a", "edited", 2)),
        ({"$set": {"history.1.at": DatetimeMS(2**52)}}, a_fault("a", "edited", 2)),
        ({"$set": {"history.1.number": 2.0}}, a_fault("a", "edited", 2)),
        ({"$set": {"history.1": "entry"}}, a_fault("a", "edited", 2)),
        ({"$set": {"history.1.data.more": b"x"}}, a_fault("a", "edited", 2)),
        ({"$unset": {"history.2.set": ""}}, a_fault("a", "edited", 3)),
        ({"$pop": {"history": 1}}, a_fault("a", "truncated", 3)),
        ({"$set": {"history": "none"}}, a_fault("a", "truncated", 1, 3)),
        ({"$unset": {"history": ""}}, a_fault("a", "truncated", 1, 3)),
        ({"$set": {"head.hash": 7}}, a_fault("a", "head", 3)),
        ({"$set": {"head": [1]}}, a_fault("a", "head", 3)),
        ({"$unset": {"head": ""}}, a_fault("a", "head", 3)),
    ],
)
def test_each_is_found_and_told_with_its_place(b: Bench, meddle: Any, change: Any, fault: Any) -> None:
    make(b, "a", "b")
    meddle.update_one({"_id": "a"}, change)
    rows, faults = check(b)
    assert faults == [fault]
    assert [row["id"] for row in rows] == ["a", "b"]


def test_a_text_that_is_none_is_found(b: Bench, meddle: Any) -> None:
    make(b, "a")
    actor = meddle.find_one({"_id": "a"}, {"history": 1})["history"][1]["actor"].encode()
    raw = meddle.with_options(meddle.codec_options.with_options(document_class=RawBSONDocument)).find_one({"_id": "a"})
    broken = RawBSONDocument(raw.raw.replace(actor, b"\xff" * len(actor), 1))
    meddle.delete_one({"_id": "a"})
    meddle.insert_one(broken)
    assert check(b)[1] == [a_fault("a", "edited", 1)]


def test_a_number_of_another_width_is_the_same_number(b: Bench, meddle: Any) -> None:
    make(b, "a")
    meddle.update_one({"_id": "a"}, {"$set": {"history.1.number": Int64(2), "head.number": Int64(3)}})
    assert check(b)[1] == []


# the state


def test_a_state_that_is_not_what_its_history_makes_is_found_by_field(
    b: Bench, meddle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        b.counters, "rebuilds", lambda document, entries: differences(document, rebuild(entries), ["total"])
    )
    make(b, "a", "b")
    make(b, "c", length=LONG)
    b.spill()
    b.open("old")  # its first entry does not say what it set
    rows, faults = check(b)
    assert faults == []
    assert [row["id"] for row in rows if row["rebuilt"]] == ["a", "b", "c"]
    assert len(rows) == 4
    meddle.update_many({"_id": {"$in": ["b", "c"]}}, {"$inc": {"total": 1}})
    assert check(b)[1] == [a_fault("b", "state", 1, 3, "total"), a_fault("c", "state", 1, LONG, "total")]


def test_a_history_with_faults_is_not_rebuilt(b: Bench, meddle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b.counters, "rebuilds", lambda document, entries: ["total"])
    make(b, "a")
    meddle.update_one({"_id": "a"}, {"$set": {"history.1.set.total": 9}})
    assert check(b)[1] == [a_fault("a", "edited", 2)]


# cost


def test_every_query_of_the_check_uses_an_index(b: Bench, lab: Lab, long: Any) -> None:
    commands = Commands()
    with bench(lab, commands) as watched:
        verification.page(watched.store.db, {"collection": NAME, "id": ""}, None, [], 2)
        verification.page(watched.store.db, {"collection": NAME, "id": "a"}, {"collection": NAME, "id": "c"}, [], 2)
    # two pages, their histories elsewhere, what is left of others, and how many there are
    assert len(commands.seen) == 7
    for command in commands.seen:
        if "count" in command:
            assert "query" not in command  # read off the collection's own figures
            continue
        plan = lab.database.command("explain", _asked(command), verbosity="queryPlanner")
        used = set(stages(plan["queryPlanner"]["winningPlan"]))
        assert used & {"IXSCAN", "IDHACK"}, (command, used)
        assert not used & {"COLLSCAN", "SORT"}, (command, used)


def test_a_chain_computed_anew_is_no_fault_by_itself(b: Bench, meddle: Any) -> None:
    """Why there are anchors."""
    make(b, "a")
    entries, link = b.counters.entries("a"), GENESIS
    entries[1]["actor"] = "x"
    for entry in entries:
        link = entry["hash"] = entry_hash(link, entry)
    meddle.update_one({"_id": "a"}, {"$set": {"history": entries, "head.hash": link}})
    assert check(b)[1] == []
