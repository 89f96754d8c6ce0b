"""Rollouts as stored: begun by a command or by new reference data, gone on with by a timer (ADR 0056).

A batch is written down before it is gone through: what a crash leaves half done is gone through again, and each work
order knows by the rollout's key that it had its turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.dispatch.domain.rollouts.repin import apply_newer, extend_horizons
from services.dispatch.domain.rollouts.rollout import Outcome, Rollout, RolloutKind, begin, go_on, next_round
from services.dispatch.domain.work.order import Books, Decision, Order
from services.dispatch.storage.rollout_documents import rollout_answer, rollout_document, rollout_from
from services.dispatch.storage.walk import WALKS, Walk
from shared.aggregates import Aggregates
from shared.business_time import extends
from shared.cause import Call, Cause
from shared.errors import LoopdeskError, NotFound, Unavailable
from shared.mongo import Database
from shared.outage import describe, is_outage

log = logging.getLogger("loopdesk.rollouts")

#: Batches in one turn of the timer: a fraction of a second.
ROUNDS = 2

Decide = Callable[[Order, datetime], Decision]
Change = Callable[[Cause, str, Decide], object]


class NothingToDo(Exception):
    """The work order stays as it is; nothing is written."""


class Rollouts:
    """`change` changes a work order together with its claims; `books` gives a version of the reference data."""

    def __init__(self, db: Database, orders: Aggregates[Order], change: Change, books: Books) -> None:
        self._db = db
        self._orders = orders
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

    def get(self, rollout_id: str) -> Rollout:
        """The rollout, or `NotFound`."""
        return self._aggregates.get(rollout_id)

    def apply_to_open(self, call: Call, version: int, policies: Sequence[str], reason: str) -> dict[str, Any] | None:
        """Begin to put open work under that version: the rollout as callers see it. Raises NotFound (policy)."""
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
        return self._aggregates.create(call, rollout.rollout_id, *begin(rollout), rollout_answer)

    def extend_horizons(self, by: str, version: int) -> dict[str, Any]:
        """See to it that open work is due by the calendars of that version which only know further than before.

        Gives `{extended: codes of the calendars that do so beside the version before, rollout: its id or None}`; the
        same for the same version, also where the rollout was there.
        """
        codes = self._extended(version, version - 1) if version else []
        open_work = Walk(self._orders, WALKS[RolloutKind.HORIZON], version)
        older = sorted({code for old in open_work.versions() for code in self._extended(version, old)})
        rollout_id = f"horizon-{version}"
        if codes or older:
            rollout = Rollout(
                rollout_id=rollout_id,
                kind=RolloutKind.HORIZON,
                to_version=version,
                begun_at=self._db.clock.now(),
                by=by,
                calendars=tuple(codes or older),
            )
            self._aggregates.create(Cause(ref=f"reference data {version}"), rollout_id, *begin(rollout))
        return {"extended": codes, "rollout": rollout_id if codes else None}

    def go_on(self, now: datetime) -> None:
        """A timer's turn: a few batches, each claimed so that replicas share."""
        self._aggregates.wake(now, ROUNDS, self._round)

    def _round(self, rollout_id: str, cause: Cause) -> None:
        rollout = self.get(rollout_id)
        rule = self._rule(rollout)
        done = [self._one(rollout, rule, order_no) for order_no in rollout.batch]
        outcome = Outcome(changed=done.count("changed"), refused=done.count("refused"))
        place, batch = Walk(self._orders, WALKS[rollout.kind], rollout.to_version).after(rollout.place)
        self._aggregates.change(cause, rollout_id, lambda state, at: go_on(state, at, rollout, outcome, place, batch))

    def _one(self, rollout: Rollout, rule: Decide, order_no: str) -> str:
        """What became of the work order; one that cannot be changed, for whatever reason, must not stop the walk."""
        key = f"rollout {rollout.rollout_id}"
        try:
            self._change(Cause(ref=key, key=key, actor=rollout.by), order_no, rule)
        except NothingToDo:
            return "same"
        except Exception as error:
            if isinstance(error, Unavailable) or is_outage(error):
                raise
            told = {"aggregate": order_no, "rollout": rollout.rollout_id}
            unforeseen = None if isinstance(error, LoopdeskError) else error
            log.warning("not rolled out: %s", describe(error), exc_info=unforeseen, extra=told)
            return "refused"
        return "changed"

    def _rule(self, rollout: Rollout) -> Decide:
        """What the rollout does with a work order."""
        reference = self._books(rollout.to_version)

        def decide(order: Order, at: datetime) -> Decision:
            if rollout.policies and order.policy.code not in rollout.policies:
                raise NothingToDo
            if rollout.kind is RolloutKind.HORIZON:
                order, facts = extend_horizons(order, at, reference)
            else:
                order, facts = apply_newer(order, at, reference, rollout.why)
            if not facts:
                raise NothingToDo
            return order, facts

        return decide

    def _require_known(self, policies: Sequence[str], version: int) -> None:
        """Each is the code of a policy of that version, or of one that open work is under."""
        if not policies:
            return
        open_work = Walk(self._orders, WALKS[RolloutKind.APPLY_TO_OPEN], version)
        versions = [version, *open_work.versions()]
        known = {policy.code for each in versions for policy in self._books(each).policies}
        for code in policies:
            if code not in known:
                raise NotFound("policy", code)

    def _extended(self, new: int, old: int) -> list[str]:
        """The calendars of one version that only know further than those of another."""
        now, then = self._books(new).calendars, self._books(old).calendars
        return [code for code in sorted(now) if code in then and extends(now[code], then[code])]
