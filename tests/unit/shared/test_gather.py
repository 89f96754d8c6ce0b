from __future__ import annotations

import threading
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError, WriteConcernError, WriteError

from shared.gather import Gather

SECRET = "+8613800138000"


class Refusing:
    """A collection that keeps the first insert waiting until the others have gathered, then refuses them as told."""

    def __init__(self, others: int, **details: Any) -> None:
        self.others = others
        self.details = details
        self.gather = Gather(self)  # type: ignore[arg-type]

    def insert_one(self, document: dict[str, Any]) -> None:
        while len(self.gather._queue) < self.others:
            threading.Event().wait(0.001)

    def insert_many(self, documents: list[dict[str, Any]], ordered: bool) -> None:
        faults = [fault | {"op": documents[fault["index"]]} for fault in self.details.get("writeErrors", [])]
        raise BulkWriteError(self.details | {"writeErrors": faults})

    def outcomes(self) -> list[PyMongoError | None]:
        found: dict[int, PyMongoError | None] = {}

        def insert(number: int) -> None:
            try:
                self.gather.insert({"_id": number, "phone": SECRET})
                found[number] = None
            except PyMongoError as error:
                found[number] = error

        threads = [threading.Thread(target=insert, args=(number,)) for number in range(self.others + 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return [found[number] for number in sorted(found)]


@pytest.mark.parametrize(("code", "kind"), [(11000, DuplicateKeyError), (17419, WriteError)])
def test_one_refused_document_fails_alone_and_its_error_does_not_hold_it(code: int, kind: type) -> None:
    outcomes = Refusing(
        2, writeErrors=[{"index": 0, "code": code, "errmsg": "refused", "keyPattern": {"k": 1}}]
    ).outcomes()
    (error,) = [outcome for outcome in outcomes if outcome is not None]

    assert type(error) is kind
    assert error.details["keyPattern"] == {"k": 1}
    assert SECRET not in str(error)


def test_what_is_not_known_to_be_stored_fails_for_all_without_a_document_in_the_error() -> None:
    told = {"code": 64, "errmsg": "waiting for replication timed out"}
    duplicate = {"index": 0, "code": 11000, "errmsg": "refused"}
    outcomes = Refusing(2, writeErrors=[duplicate], writeConcernErrors=[told]).outcomes()

    assert [type(outcome) for outcome in outcomes].count(WriteConcernError) == 2
    assert not any(SECRET in str(outcome) for outcome in outcomes)
