"""Reference data: what operators declare in YAML, kept version by version, applied as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from marshmallow import Schema, fields, validate
from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from shared.bus.method import command, query
from shared.cause import Call, content_digest, request_used
from shared.clock import to_text
from shared.errors import NotFound
from shared.housekeeping import ANSWERS_KEPT
from shared.schemas import Request, load

if TYPE_CHECKING:
    from shared.mongo import Database

R = TypeVar("R")
FRESH_FOR = 1.0  # seconds that a process trusts what it has read
MOST_KEPT = 64  # versions that a process remembers: long-lived work keeps to the one that it began under


class Reference(Generic[R]):
    """The reference data of one service, in `<service>_reference`, one document per version.

    `build(body, version)` makes the value that rules use; it raises `ValidationError` for what a schema cannot see.
    `default` is the body in force before anything was applied (version 0).
    """

    def __init__(
        self,
        db: Database,
        service: str,
        *,
        schema: type[Schema],
        build: Callable[[Mapping[str, Any], int], R],
        default: Mapping[str, Any],
    ) -> None:
        self._db = db
        self._rows = db.collection(f"{service}_reference")
        self._answers = db.collection(f"{service}_requests")
        self._schema = schema
        self._build = build
        self._default = default
        self._versions: dict[int, R] = {}
        self._newest = -1
        self._read_at = float("-inf")

    def current(self) -> R:
        """The value in force; at most a second old."""
        return self.version(self._newest) if time.monotonic() - self._read_at <= FRESH_FOR else self.as_of_now()

    def as_of_now(self) -> R:
        """The value in force, whatever was read before: for what was decided elsewhere by something newer, perhaps."""
        asked_at = time.monotonic()  # a busy process may get the answer late: it is as old as the question
        newest = self._rows.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])  # not its body, each second
        self._notice(newest["_id"] if newest else 0)
        self._read_at = max(self._read_at, asked_at)
        return self.version(self._newest)

    def _notice(self, version: int) -> None:
        """Versions only grow: who has looked before this one was there must not bring back an older one."""
        self._newest = max(self._newest, version)

    def version(self, number: int) -> R:
        """The value of that version, which may be old; 0 is what held before anything was applied. Raises NotFound.

        A version never changes, so what a process has read it need not read again.
        """
        value = self._versions.get(number)
        if value is None:
            value = self._build(self._row(number)["body"], number)
        return self._remember(number, value)

    def _remember(self, number: int, value: R) -> R:
        """Keep it as the one used last; the one not used for longest goes."""
        self._versions.pop(number, None)
        self._versions[number] = value
        while len(self._versions) > MOST_KEPT:
            self._versions.pop(next(iter(self._versions)), None)
        return value

    def check(self, body: Mapping[str, Any]) -> None:
        """Raise `ValidationError` naming every fault by its path; write nothing."""
        load(self._schema, body)
        self._build(body, 0)

    def apply(self, call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put `body` in force, unless it is already; gives `{version, applied_at, changed}`.

        The same call again is answered as before, also when another body has come into force since.
        """
        kept = self._answers.find_one({"_id": call.key})
        if kept is None:
            answer = self._apply(body, call.actor or call.caller)
            # after it: cut off between the two, the same call finds its body in force
            self._keep(call, answer)
            return answer
        if kept["digest"] != call.digest:
            raise request_used()
        return dict(kept["reply"])

    def _keep(self, call: Call, answer: Mapping[str, Any]) -> None:
        until = self._db.clock.now() + ANSWERS_KEPT
        with suppress(DuplicateKeyError):  # a second delivery of the same call was faster
            self._answers.insert_one({"_id": call.key, "digest": call.digest, "reply": answer, "until": until})

    def _apply(self, body: Mapping[str, Any], by: str) -> dict[str, Any]:
        self.check(body)
        digest = content_digest(body)
        while True:
            newest = self._newest_row()
            if newest["digest"] == digest:
                return {"version": newest["_id"], "applied_at": to_text(newest["at"]), "changed": False}
            row = {"_id": newest["_id"] + 1, "digest": digest, "body": body, "at": self._db.clock.now(), "by": by}
            try:
                self._rows.insert_one(row)
            except DuplicateKeyError:
                continue
            self._notice(row["_id"])
            return {"version": row["_id"], "applied_at": to_text(row["at"]), "changed": True}

    def newest(self) -> dict[str, Any]:
        """`{version, body, applied_at}` of what is in force; `applied_at` is None for the built-in default."""
        return _shown(self._newest_row())

    def stored(self, number: int) -> dict[str, Any]:
        """The same of that version. Raises NotFound."""
        return _shown(self._row(number))

    def _row(self, number: int) -> dict[str, Any]:
        return self._rows.find_one({"_id": number}) or self._before_any(number)

    def _newest_row(self) -> dict[str, Any]:
        return self._rows.find_one(sort=[("_id", DESCENDING)]) or self._before_any(0)

    def _before_any(self, number: int) -> dict[str, Any]:
        if number != 0:
            raise NotFound("version of the reference data", str(number))
        return {"_id": 0, "body": self._default, "digest": "", "at": None}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": row["_id"], "body": row["body"], "applied_at": to_text(row["at"]) if row["at"] else None}


class Version(Request):
    """Which version; None: the one in force."""

    version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 2**31 - 1))


class Body(Request):
    """A service's whole part of the reference data."""

    body = fields.Dict(keys=fields.String(), required=True)


class ReferenceData:
    """Mixin: the RPC by which operators check, apply and read a service's reference data."""

    store: Any

    @query("administer", Body)
    def check_reference(self, call: Call, body: dict[str, Any]) -> dict[str, bool]:
        """`{"ok": true}`, or `ValidationError` naming every fault by path; writes nothing."""
        self.store.reference.check(body)
        return {"ok": True}

    @command("administer", Body)
    def apply_reference(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        """Put it in force; the same body again changes nothing."""
        return dict(self.store.reference.apply(call, body))

    @query("read", Version)
    def get_reference(self, call: Call, version: int | None) -> dict[str, Any]:
        """`{version, body, applied_at}` of that version, or of the one in force. Raises NotFound."""
        reference = self.store.reference
        return dict(reference.newest() if version is None else reference.stored(version))
