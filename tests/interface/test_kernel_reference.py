"""Reference data on the real database: checked as a whole, kept version by version, applied once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from marshmallow import fields

from shared.cause import content_digest
from shared.errors import NotFound, ValidationError
from shared.reference import Reference
from shared.schemas import Code, Request
from tests.probe.lab import Lab
from tests.probe.store import NOON, Bench, a_call, bench


class Teams(Request):
    teams = fields.Dict(keys=Code(10), values=fields.Integer(strict=True), required=True)


def build(body: Mapping[str, Any], version: int) -> tuple[int, dict[str, int]]:
    """The value in force; no team may be empty."""
    faults = {f"teams.{name}": ["Is empty."] for name, size in body["teams"].items() if size == 0}
    if faults:
        raise ValidationError(faults)
    return version, dict(body["teams"])


@pytest.fixture
def b(lab: Lab) -> Iterator[Bench]:
    lab.database.probe_reference.delete_many({})
    with bench(lab) as b:
        yield b


def a_reference(b: Bench) -> Reference[tuple[int, dict[str, int]]]:
    """As one process has it."""
    return Reference(b.store.db, "probe", schema=Teams, build=build, default={"teams": {}})


def by(who: str) -> Any:
    """A call of its own each time."""
    return a_call("apply_reference", caller=who)


def test_before_anything_was_applied_the_default_is_in_force(b: Bench) -> None:
    assert a_reference(b).current() == (0, {})
    assert a_reference(b).newest()["version"] == 0


def test_what_was_applied_is_in_force_with_its_version(b: Bench) -> None:
    reference = a_reference(b)
    applied = reference.apply(by("ann"), {"teams": {"desk": 3}})
    assert applied == {"version": 1, "applied_at": "2026-03-02T12:00:00.000Z", "changed": True}
    assert reference.current() == a_reference(b).current() == (1, {"desk": 3})
    assert reference.newest()["body"] == {"teams": {"desk": 3}}


def test_another_process_may_trust_what_it_has_read_unless_it_asks_as_of_now(b: Bench) -> None:
    first, second = a_reference(b), a_reference(b)
    first.apply(by("ann"), {"teams": {"desk": 3}})
    assert second.current() == (1, {"desk": 3})
    first.apply(by("ann"), {"teams": {"desk": 4}})
    assert second.as_of_now() == second.current() == (2, {"desk": 4})


def test_a_look_that_began_before_an_apply_brings_nothing_back(b: Bench) -> None:
    reference = a_reference(b)
    rows = reference._rows

    class Slow:
        """The answer is on its way while somebody else applies."""

        def find_one(self, *args: Any, **how: Any) -> Any:
            found, reference._rows = rows.find_one(*args, **how), rows
            reference.apply(by("bob"), {"teams": {"desk": 2}})
            return found

    reference._rows = Slow()  # type: ignore[assignment] - only what a look needs
    assert reference.current() == (1, {"desk": 2})


def test_the_same_again_changes_nothing_whatever_its_order(b: Bench) -> None:
    reference = a_reference(b)
    reference.apply(by("ann"), {"teams": {"desk": 3, "it": 2}})
    again = reference.apply(by("bob"), {"teams": {"it": 2, "desk": 3}})
    assert (again["version"], again["changed"]) == (1, False)


def test_the_same_call_again_brings_back_nothing_that_was_replaced_since(b: Bench) -> None:
    reference = a_reference(b)
    first = a_call("apply_reference")
    applied = reference.apply(first, {"teams": {"desk": 1}})
    reference.apply(by("bob"), {"teams": {"desk": 2}})
    assert reference.apply(first, {"teams": {"desk": 1}}) == applied
    assert reference.current() == (2, {"desk": 2})


def test_each_version_is_kept_with_who_and_when(b: Bench, lab: Lab) -> None:
    reference = a_reference(b)
    for size in (1, 2, 1):
        reference.apply(by("ann"), {"teams": {"desk": size}})
    rows = list(lab.database.probe_reference.find().sort("_id"))
    assert [(row["_id"], row["body"]["teams"]["desk"], row["by"], row["at"]) for row in rows] == [
        (1, 1, "ann", NOON),
        (2, 2, "ann", NOON),
        (3, 1, "ann", NOON),
    ]
    assert rows[0]["digest"] == rows[2]["digest"] == content_digest({"teams": {"desk": 1}})


def test_the_same_applied_at_the_same_time_is_one_version(b: Bench, lab: Lab) -> None:
    start = Barrier(8)

    def apply(_: int) -> Any:
        start.wait()
        return a_reference(b).apply(by("ann"), {"teams": {"desk": 3}})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(apply, range(8)))
    assert {answer["version"] for answer in answers} == {1}
    assert [answer["changed"] for answer in answers].count(True) == 1
    assert lab.database.probe_reference.count_documents({}) == 1


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"teams": {"desk": 0, "it": 0}}, {"teams.desk", "teams.it"}),
        ({"teams": {"desk": "many"}}, {"teams.desk.value"}),
        ({"teams": {"$where": 1, "nul\x00": 1}}, {"teams.$where.key", "teams.nul\x00.key"}),
        ({"teams": {}, "more": 1}, {"more"}),
        ({}, {"teams"}),
    ],
)
def test_faults_are_named_by_path_and_nothing_is_stored(
    b: Bench, lab: Lab, body: dict[str, Any], paths: set[str]
) -> None:
    for ask in (a_reference(b).check, lambda given: a_reference(b).apply(by("ann"), given)):
        with pytest.raises(ValidationError) as refused:
            ask(body)
        assert set(refused.value.fields) == paths
    assert lab.database.probe_reference.count_documents({}) == 0


def test_an_older_version_can_still_be_read(b: Bench) -> None:
    reference = a_reference(b)
    reference.apply(by("ann"), {"teams": {"desk": 3}})
    reference.apply(by("ann"), {"teams": {"desk": 4}})
    assert a_reference(b).version(1) == (1, {"desk": 3})
    assert a_reference(b).version(0) == (0, {})


def test_an_older_version_is_told_as_it_was_applied(b: Bench) -> None:
    reference = a_reference(b)
    for size in (3, 4):
        reference.apply(by("ann"), {"teams": {"desk": size}})
    applied_at = "2026-03-02T12:00:00.000Z"
    assert reference.stored(1) == {"version": 1, "body": {"teams": {"desk": 3}}, "applied_at": applied_at}
    assert reference.stored(0) == {"version": 0, "body": {"teams": {}}, "applied_at": None}
    assert reference.stored(2) == reference.newest()
    with pytest.raises(NotFound):
        reference.stored(3)


def test_a_version_that_never_was_is_not_found(b: Bench) -> None:
    with pytest.raises(NotFound) as refused:
        a_reference(b).version(3)
    assert refused.value.message == "no version of the reference data '3'"
