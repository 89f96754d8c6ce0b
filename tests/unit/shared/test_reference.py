"""Reference data: applied once per call, whatever came into force since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow import fields
from pymongo.errors import DuplicateKeyError

from shared.cause import Call
from shared.errors import Conflict, NotFound
from shared.reference import MOST_KEPT, Reference
from shared.schemas import Request


class Colours(Request):
    colour = fields.String(required=True)


class Rows:
    """As much of a collection as reference data need."""

    def __init__(self) -> None:
        self.rows: dict[Any, dict[str, Any]] = {}

    def find_one(
        self, wanted: Mapping[str, Any] | None = None, shown: Mapping[str, int] | None = None, sort: Any = None
    ) -> dict[str, Any] | None:
        row = self.rows.get(wanted["_id"] if wanted else max(self.rows, default=0))
        return {name: row[name] for name in shown} if row and shown else row

    def insert_one(self, row: dict[str, Any]) -> None:
        if row["_id"] in self.rows:
            raise DuplicateKeyError("E11000")
        self.rows[row["_id"]] = row


class Database:
    def __init__(self) -> None:
        self.clock = SimpleNamespace(now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
        self.rows: dict[str, Rows] = {}

    def collection(self, name: str) -> Rows:
        return self.rows.setdefault(name, Rows())


@pytest.fixture
def reference() -> Reference[str]:
    database: Any = Database()
    return Reference(
        database, "probe", schema=Colours, build=lambda body, _: str(body["colour"]), default={"colour": "grey"}
    )


def call(key: str, digest: str) -> Call:
    return Call(ref="call", key=key, digest=digest, caller="operator")


RED, BLUE = {"colour": "red"}, {"colour": "blue"}


def test_a_call_that_comes_again_later_does_not_bring_back_what_was_replaced(reference: Reference[str]) -> None:
    first = reference.apply(call("1", "red"), RED)
    reference.apply(call("2", "blue"), BLUE)

    assert reference.apply(call("1", "red"), RED) == first
    assert reference.current() == "blue"


def test_the_same_request_with_another_body_is_a_conflict(reference: Reference[str]) -> None:
    reference.apply(call("1", "red"), RED)
    with pytest.raises(Conflict):
        reference.apply(call("1", "blue"), BLUE)
    assert reference.current() == "red"


def test_the_same_body_by_another_call_changes_nothing(reference: Reference[str]) -> None:
    first = reference.apply(call("1", "red"), RED)
    again = reference.apply(call("2", "red"), RED)
    assert (first["version"], first["changed"], again["version"], again["changed"]) == (1, True, 1, False)


def test_every_version_stays_known_whatever_is_in_force(reference: Reference[str]) -> None:
    for key, colour in (("k1", "green"), ("k2", "blue")):
        reference.apply(call(key, key), {"colour": colour})

    assert [reference.version(number) for number in (0, 1, 2)] == ["grey", "green", "blue"]
    assert reference.current() == "blue"


def test_a_version_that_there_is_not_is_not_found(reference: Reference[str]) -> None:
    with pytest.raises(NotFound):
        reference.version(1)


def test_what_is_in_force_before_anything_was_applied_is_the_default(reference: Reference[str]) -> None:
    assert reference.current() == "grey"


def test_a_process_remembers_no_more_versions_than_it_may() -> None:
    built: list[int] = []
    database: Any = Database()
    reference = Reference(
        database,
        "probe",
        schema=Colours,
        build=lambda body, version: built.append(version) or version,
        default={"colour": "grey"},
    )
    for number in range(1, MOST_KEPT + 2):
        database.collection("probe_reference").insert_one({"_id": number, "body": {"colour": "red"}})

    for number in (*range(1, MOST_KEPT + 2), 1, MOST_KEPT + 1):
        assert reference.version(number) == number

    assert built == [*range(1, MOST_KEPT + 2), 1]
