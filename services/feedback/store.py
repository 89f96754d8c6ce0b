"""Feedback's collections: cases, and the read model that the figures are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, ExecutionTimeout

from services.feedback import schemas
from services.feedback.domain import case as cases
from services.feedback.domain.case import Case, State
from services.feedback.domain.kpi import ADDENDS
from services.feedback.domain.reference import DEFAULT, FollowUp
from services.feedback.domain.work import Work, counts, fold
from services.feedback.errors import PeriodTooLong, UnknownSurvey
from services.feedback.events import UNHEARD, published
from services.feedback.tokens import Tokens, token_hash
from shared.aggregates import Aggregates
from shared.errors import NotFound, Unavailable
from shared.events import Aggregate, Event, kernel_fields
from shared.gather import Gather
from shared.mongo import Database
from shared.reference import Reference
from shared.together import Reads

COLLECTIONS: dict[str, list[IndexModel]] = {
    "feedback_cases": [
        IndexModel([("order_no", ASCENDING), ("round", ASCENDING)], name="order"),
        IndexModel(
            [("token_hash", ASCENDING)],
            name="token",
            unique=True,
            partialFilterExpression={"token_hash": {"$gt": ""}},
        ),
    ],
    "feedback_work": [
        IndexModel(
            [("opened_at", ASCENDING), ("conditions.team", ASCENDING), ("conditions.priority", ASCENDING)],
            name="period",
        ),
    ],
}
AGGREGATES = ("feedback_cases",)

#: A save of the read model that loses this many races in a row is tried again later as a whole.
RACE_TRIES = 50
#: A report that takes longer than this is refused; about half a million orders fit in.
REPORT_MS = 10_000

_KEPT = tuple(f.name for f in fields(Case) if f.name not in {k.name for k in fields(Aggregate)})


class FeedbackStore:
    """Cases, work as measured, and reference data."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = db.clock.now
        self.tokens = Tokens.from_environment()
        self.reference = Reference(
            db, "feedback", schema=schemas.ReferenceData, build=FollowUp.from_dict, default=DEFAULT
        )
        self.cases = Aggregates(
            db,
            "feedback_cases",
            what="case",
            to_document=_case_to_document,
            from_document=_case_from_document,
            published=published(self.tokens.token),
            unheard=UNHEARD,
            advance=cases.advance,
            next_due=cases.next_due,
        )
        self._work = db.collection("feedback_work")
        self._measured = Reads(self._work, "_id", {})
        self._fresh = Gather(self._work)

    # cases

    def case_with_token(self, token: str) -> str:
        """The number of the case that this token's survey belongs to; `UnknownSurvey` if there is none."""
        found = self.cases.collection.find_one({"token_hash": token_hash(token)}, {"_id": 1})
        if found is None:
            raise UnknownSurvey
        return str(found["_id"])

    def cases_of(self, **number: str) -> list[dict[str, Any]]:
        """The cases with this `case_no` or `order_no`, first round first, as replies; `NotFound` if there are none.

        What is only awaited is no case yet, nor is a round that ended before it was ever resolved.
        """
        (name, value) = next(iter(number.items()))
        query = {"_id" if name == "case_no" else name: value, "resolved_at": {"$ne": None}}
        without = {"outbox": 0, "history": 0, "requests": 0, "applied": 0}
        docs = self.cases.collection.find(query, without).sort("round", ASCENDING)
        found = [_case_from_document(doc) for doc in docs]
        if not found:
            raise NotFound("case", value)
        return [schemas.case_in_full(*self.cases.shown(case.case_no)) for case in found]

    # work as measured

    def measure(self, event: Event) -> None:
        """Fold the event into the read model of its work order; safe twice and out of order."""
        order_no = event.data["order_no"]
        for _ in range(RACE_TRIES):
            doc = self._measured.find(order_no)
            before = _work_from_document(doc) if doc else Work(order_no=order_no)
            after = fold(before, event)
            if after == before or self._save(after, doc["revision"] if doc else 0):
                return
        raise Unavailable(f"too many others measure {order_no} just now")

    def _save(self, work: Work, revision: int) -> bool:
        """False when somebody else saved in between."""
        document = {**_work_to_document(work), "revision": revision + 1}
        try:
            if revision == 0:
                self._fresh.insert({"_id": work.order_no, **document})
                return True
            done = self._work.update_one({"_id": work.order_no, "revision": revision}, {"$set": document})
        except DuplicateKeyError:
            return False
        return bool(done.matched_count)

    def sums(self, since: datetime, until: datetime, team: str | None, priority: str | None) -> list[dict[str, Any]]:
        """The addends of the figures, summed per team and priority over the work opened in [since, until).

        `PeriodTooLong` when that takes more than `REPORT_MS`.
        """
        wanted = {"opened_at": {"$gte": since, "$lt": until}, "conditions.team": team, "conditions.priority": priority}
        pipeline: list[dict[str, Any]] = [
            {"$match": {name: value for name, value in wanted.items() if value is not None}},
            {
                "$group": {
                    "_id": {"team": "$conditions.team", "priority": "$conditions.priority"},
                    **{name: {"$sum": f"$counts.{name}"} for name in ADDENDS},
                }
            },
        ]
        try:
            rows = list(self._work.aggregate(pipeline, maxTimeMS=REPORT_MS))
        except ExecutionTimeout:
            raise PeriodTooLong from None
        return [{**row.pop("_id"), **row} for row in rows]


def _case_to_document(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _KEPT} | {"state": case.state.value}


def _case_from_document(doc: Mapping[str, Any]) -> Case:
    kept: dict[str, Any] = {name: doc.get(name) for name in _KEPT}
    return Case(**{**kept, "state": State(doc["state"])}, **kernel_fields(doc))


def _work_to_document(work: Work) -> dict[str, Any]:
    return {
        "newest": work.newest,
        "conditions": work.conditions,
        "facts": work.facts,
        "opened_at": work.opened_at,
        "counts": counts(work),
    }


def _work_from_document(doc: Mapping[str, Any]) -> Work:
    return Work(order_no=doc["_id"], newest=doc["newest"], conditions=doc["conditions"], facts=doc["facts"])
