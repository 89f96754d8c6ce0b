"""Which causes an aggregate has known, and what was answered: in its document, and where old ones have gone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from shared.cause import Call, Cause, request_used


@dataclass(frozen=True)
class Kept:
    """A cause was known; what it was answered (None: an event, or a call without an answer)."""

    reply: dict[str, Any] | None = None


class Answered:
    """The known causes of one collection's aggregates. `spilled`: where those go that leave their documents."""

    def __init__(self, collection: str, spilled: Collection[dict[str, Any]]) -> None:
        self.spilled = spilled
        self._collection = collection

    def find(self, doc: Mapping[str, Any], cause: Cause) -> Kept | None:
        """What the aggregate keeps of this cause; `Conflict` if it is a call that came with other content."""
        if cause.key is None:
            return None
        if not isinstance(cause, Call):
            known = cause.key in doc.get("applied", ()) or (doc.get("spilled") and self._has_left(doc, cause.key))
            return Kept() if known else None
        requests = [request for request in (doc.get("origin"), *doc.get("requests", ())) if request]
        found = next((request for request in requests if request["k"] == cause.key), None)
        if found is None:
            found = self.spilled.find_one({"_id": cause.key})
        return None if found is None else kept(found, cause)

    def refuse_used(self, cause: Cause) -> None:
        """A request whose answer has left its document made something else: no index knows of it any more."""
        if isinstance(cause, Call) and cause.key and self.spilled.find_one({"_id": cause.key}, {"_id": 1}):
            raise request_used()

    def standing_alone(self, cause: Call) -> Kept | None:
        """What was answered to a call and is in no document, or has left it; `Conflict` if it had other content."""
        found = self.spilled.find_one({"_id": cause.key}) if cause.key else None
        return None if found is None else kept(found, cause)

    def keep(self, cause: Call, answer: Mapping[str, Any] | None, until: datetime) -> None:
        """Keep what was answered to a call that changed nothing; the first answer stays."""
        if cause.key:
            row = {"_id": cause.key, "digest": cause.digest, "reply": answer, "until": until}
            with suppress(DuplicateKeyError):
                self.spilled.insert_one(row)

    def _has_left(self, doc: Mapping[str, Any], key: str) -> bool:
        return self.spilled.find_one({"_id": f"{self._collection}/{doc['_id']}|{key}"}, {"_id": 1}) is not None


def kept(request: Mapping[str, Any] | None, cause: Cause) -> Kept:
    """The answer to a request that is known; `Conflict` if `cause` has other content than that."""
    if request is None or request["digest"] != cause.digest:
        raise request_used()
    return Kept(request["reply"])


def origin(cause: Call, answer: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a document keeps of the request that its id is made of."""
    return {"k": cause.key, "digest": cause.digest, "reply": answer}


def note(cause: Cause, answer: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """What a document adds to its lists for a cause that it has known; `{}` for the clock, which is safe without."""
    if cause.key is None:
        return {}
    if isinstance(cause, Call):
        return {"requests": {**origin(cause, answer), "at": now}}
    return {"applied": cause.key}
