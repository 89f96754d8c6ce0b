"""Inserts that happen at the same time travel together: one command, one journal write, one answer for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson.errors import InvalidDocument
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError, WriteConcernError, WriteError

from shared.together import Asked, Together

Document = dict[str, Any]
Inserted = Asked[Document, None]
DUPLICATE = 11000
#: What the driver raises before it sends anything.
UNWRITABLE = (InvalidDocument, DocumentTooLarge, OverflowError, UnicodeEncodeError)


class Gather(Together[Document, None]):
    """Inserts into one collection; whoever comes while an insert is under way joins the next one."""

    def __init__(self, collection: Collection[Document]) -> None:
        super().__init__(self._insert)
        self._collection = collection

    def insert(self, document: Document) -> None:
        """Returns when the document is stored; raises as `insert_one` does."""
        self.ask(document)

    def _insert(self, batch: Sequence[Inserted]) -> None:
        if len(batch) == 1:
            self._collection.insert_one(batch[0].question)
            return
        try:
            self._collection.insert_many([one.question for one in batch], ordered=False)
        except UNWRITABLE:  # nothing was sent: one of them is no document, the others must not suffer for it
            for one in batch:
                try:
                    self._collection.insert_one(one.question)
                except Exception as error:  # noqa: BLE001 - raised in its own caller
                    one.error = error
        except BulkWriteError as error:
            for fault in error.details["writeErrors"]:
                batch[fault["index"]].error = refused(fault)
            unsure = error.details.get("writeConcernErrors")
            if unsure:
                raise WriteConcernError(unsure[0]["errmsg"], unsure[0]["code"], unsure[0]) from None


def refused(fault: Mapping[str, Any]) -> WriteError:
    """The error for one document, without the document: errors are logged, and a person's data must not be."""
    kind = DuplicateKeyError if fault["code"] == DUPLICATE else WriteError
    return kind(fault["errmsg"], fault["code"], {name: value for name, value in fault.items() if name != "op"})
