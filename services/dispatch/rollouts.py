"""Rollouts as stored, and the walk through open work that they are (ADR 0056).

The documents of open work carry `pinned`, the version of its policy, and `provisional`, the lowest version among the
calendars by which it is due provisionally (absent: by none). A rollout walks the one or the other, version by version
up to its own, in order of number. A batch is written down before it is gone through: what a crash leaves half done is
gone through again, and each work order knows by the rollout's key that it had its turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from services.dispatch.domain.order import Books, Decision, Order
from services.dispatch.domain.repin import apply_newer, extend_horizons
from services.dispatch.domain.rollout import (
    Outcome,
    Place,
    Rollout,
    RolloutKind,
    RolloutState,
    begin,
    go_on,
    next_round,
)
from shared.aggregates import Aggregates
from shared.business_time import extends
from shared.cause import Call, Cause
from shared.errors import LoopdeskError, NotFound, Unavailable
from shared.events import KERNEL_FIELDS, kernel_fields
from shared.mongo import Database

log = logging.getLogger("loopdesk.rollouts")

#: Work orders that one round goes through, and rounds that one timer's turn does: a fraction of a second.
BATCH, ROUNDS = 25, 2
WALKS = {RolloutKind.APPLY_TO_OPEN: "pinned", RolloutKind.HORIZON: "provisional"}
"""The field, and the index of that name, that a rollout goes by."""

Decide = Callable[[Order, datetime], Decision]
Change = Callable[[Cause, str, Decide], object]
_OWN = tuple(field.name for field in fields(Rollout) if field.name not in KERNEL_FIELDS)


class NothingToDo(Exception):
    """The work order stays as it is; nothing is written."""


class Rollouts:
    """`change` changes a work order together with its claims; `books` gives a version of the reference data."""

    def __init__(self, db: Database, orders: Aggregates[Order], change: Change, books: Books) -> None:
        self._orders = orders.collection
        self._change = change
        self._books = books
        self._aggregates = Aggregates(
            db,
            "dispatch_rollouts",
            what="rollout",
            to_document=rollout_document,
            from_document=rollout_from,
            next_due=next_round,
        )
        self._db = db

    def get(self, rollout_id: str) -> Rollout:
        """The rollout, or `NotFound`."""
        return self._aggregates.get(rollout_id)

    def apply_to_open(self, call: Call, version: int, policies: Sequence[str], reason: str) -> dict[str, Any] | None:
        """Begin to put open work under that version; gives what `answer` does. Raises NotFound (policy)."""
        self._require_known(policies, version)
        call = replace(call, at=None)  # it is about the present, also for a caller who may set times
        rollout = Rollout(
            rollout_id=call.creation_id(),
            kind=RolloutKind.APPLY_TO_OPEN,
            to_version=version,
            begun_at=self._db.clock.now(),
            by=call.actor or call.caller,
            reason=reason,
            policies=tuple(policies),
        )
        return self._aggregates.create(call, rollout.rollout_id, *begin(rollout), answer)

    def extend_horizons(self, by: str, version: int) -> dict[str, Any]:
        """See to it that open work is due by the calendars of that version which only know further than before.

        Gives `{extended: codes of the calendars that do so beside the version before, rollout: its id or None}`; the
        same for the same version, also where a rollout was there.
        """
        codes = self._extended(version, version - 1) if version else []
        older = list(self._versions("provisional", version))
        known = sorted({code for old in older for code in self._extended(version, old)})
        rollout_id = f"horizon-{version}"
        if codes or known:
            rollout = Rollout(
                rollout_id=rollout_id,
                kind=RolloutKind.HORIZON,
                to_version=version,
                begun_at=self._db.clock.now(),
                by=by,
                calendars=tuple(codes or known),
            )
            self._aggregates.create(Cause(ref=f"reference data {version}"), rollout_id, *begin(rollout))
        return {"extended": codes, "rollout": rollout_id if codes else None}

    def go_on(self, now: datetime) -> None:
        """A timer's turn: a few batches, each claimed so that replicas share."""
        self._aggregates.wake(now, ROUNDS, self._round)

    # a round

    def _round(self, rollout_id: str, cause: Cause) -> None:
        rollout = self.get(rollout_id)
        outcome = self._go_through(rollout)
        place, batch = self._next(rollout)
        self._aggregates.change(cause, rollout_id, lambda state, at: go_on(state, at, rollout, outcome, place, batch))

    def _go_through(self, rollout: Rollout) -> Outcome:
        done = [self._one(rollout, order_no) for order_no in rollout.batch]
        return Outcome(changed=done.count("changed"), refused=done.count("refused"))

    def _one(self, rollout: Rollout, order_no: str) -> str:
        """What became of it; a rule's refusal must not keep the others waiting."""
        key = f"rollout {rollout.rollout_id}"
        reference = self._books(rollout.to_version)

        def decide(order: Order, at: datetime) -> Decision:
            if rollout.policies and order.policy.code not in rollout.policies:
                raise NothingToDo
            moved = (
                extend_horizons(order, at, reference)
                if rollout.kind is RolloutKind.HORIZON
                else apply_newer(order, at, reference, rollout.why)
            )
            if not moved[1]:
                raise NothingToDo
            return moved

        try:
            self._change(Cause(ref=key, key=key, actor=rollout.by), order_no, decide)
        except NothingToDo:
            return "same"
        except Unavailable:
            raise
        except LoopdeskError as error:
            log.warning(
                "not rolled out: %s", error.message, extra={"aggregate": order_no, "rollout": rollout.rollout_id}
            )
            return "refused"
        return "changed"

    # the walk

    def _next(self, rollout: Rollout) -> tuple[Place, Sequence[str]]:
        """The next batch, and the place behind it; an empty one: there is no more."""
        field, place = WALKS[rollout.kind], rollout.place
        while True:
            batch = self._after(field, place)
            if batch:
                return Place(place.version, batch[-1]), batch
            version = self._version_after(field, place.version, rollout.to_version)
            if version is None:
                return place, ()
            place = Place(version)

    def _after(self, field: str, place: Place) -> list[str]:
        wanted = {field: place.version, "_id": {"$gt": place.id}}
        found = self._orders.find(wanted, {"_id": 1}, sort=[("_id", 1)], limit=BATCH, hint=field)
        return [doc["_id"] for doc in found]

    def _version_after(self, field: str, version: int, below: int) -> int | None:
        wanted = {field: {"$gt": version, "$lt": below}}
        doc = self._orders.find_one(wanted, {field: 1, "_id": 0}, sort=[(field, 1)], hint=field)
        return int(doc[field]) if doc else None

    def _versions(self, field: str, below: int) -> Iterator[int]:
        """The older versions that are there among open work; one index entry is read for each."""
        version = self._version_after(field, -1, below)
        while version is not None:
            yield version
            version = self._version_after(field, version, below)

    def _require_known(self, policies: Sequence[str], version: int) -> None:
        """Each is the code of a policy of that version, or of one that open work is under."""
        if not policies:
            return
        versions = [version, *self._versions("pinned", version)]
        known = {policy.code for each in versions for policy in self._books(each).policies}
        for code in policies:
            if code not in known:
                raise NotFound("policy", code)

    def _extended(self, new: int, old: int) -> list[str]:
        """The calendars of one version that only know further than those of another."""
        now, then = self._books(new).calendars, self._books(old).calendars
        return [code for code in sorted(now) if code in then and extends(now[code], then[code])]


def answer(rollout: Rollout) -> dict[str, Any]:
    """A rollout as callers see it; `changed` of the `seen` work orders are under the version now."""
    return {
        "rollout_id": rollout.rollout_id,
        "kind": rollout.kind.value,
        "version": rollout.to_version,
        "policies": list(rollout.policies),
        "calendars": list(rollout.calendars),
        "reason": rollout.reason,
        "by": rollout.by,
        "state": rollout.state.value,
        "since": rollout.begun_at,
        "ended_at": rollout.ended_at,
        "seen": rollout.seen,
        "changed": rollout.changed,
        "refused": rollout.refused,
    }


def rollout_document(rollout: Rollout) -> dict[str, Any]:
    """The rollout's own fields."""
    own = {name: getattr(rollout, name) for name in _OWN}
    lists = {name: list(own[name]) for name in ("policies", "calendars", "batch")}
    parts = {"kind": rollout.kind.value, "state": rollout.state.value, "place": asdict(rollout.place)}
    return {**own, **lists, **parts}


def rollout_from(doc: Mapping[str, Any]) -> Rollout:
    """The rollout in a document."""
    lists = {name: tuple(doc[name]) for name in ("policies", "calendars", "batch")}
    parts = {"kind": RolloutKind(doc["kind"]), "state": RolloutState(doc["state"]), "place": Place(**doc["place"])}
    return Rollout(**{**{name: doc[name] for name in _OWN}, **lists, **parts}, **kernel_fields(doc))
