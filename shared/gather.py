"""Inserts that happen at the same time travel together: one command, one journal write, one answer for all."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.errors import InvalidDocument
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError, WriteConcernError, WriteError

Document = dict[str, Any]
DUPLICATE = 11000
#: What the driver raises before it sends anything.
UNWRITABLE = (InvalidDocument, DocumentTooLarge, OverflowError, UnicodeEncodeError)


@dataclass
class _Waiting:
    document: Document
    turn: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    error: Exception | None = None


class Gather:
    """Inserts into one collection; whoever comes while an insert is under way joins the next one.

    Alone, an insert is sent at once: nothing ever waits for company. The first of those waiting sends for all of them.
    """

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._under_way = False

    def insert(self, document: Document) -> None:
        """Returns when the document is stored; raises as `insert_one` does."""
        mine = _Waiting(document)
        with self._lock:
            self._queue.append(mine)
            leads, self._under_way = not self._under_way, True
        if not leads:
            mine.turn.wait()
        if not mine.done:
            self._send()
        if mine.error is not None:
            raise mine.error

    def _send(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, []
        try:
            self._insert(batch)
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

    def _insert(self, batch: list[_Waiting]) -> None:
        if len(batch) == 1:
            self._collection.insert_one(batch[0].document)
            return
        try:
            self._collection.insert_many([one.document for one in batch], ordered=False)
        except UNWRITABLE:  # nothing was sent: one of them is no document, the others must not suffer for it
            for one in batch:
                try:
                    self._collection.insert_one(one.document)
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
