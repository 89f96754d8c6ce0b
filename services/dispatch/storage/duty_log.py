"""Duty logs as stored: the entries are their history, chained and only ever added to (ADR 65).

A period is read from its end backwards, of each log a page at most: from what its document still holds, then from what
has left it. `dispatch_duty_logs` is found by month.
"""

from __future__ import annotations

import heapq
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from services.dispatch.domain.people.duty_log import DutyLog, log_of, noted
from shared.aggregates import Aggregates
from shared.cause import Call
from shared.clock import from_text, to_text
from shared.errors import ValidationError
from shared.events import kernel_fields
from shared.history import differences, rebuild
from shared.mongo import Database, Document

LONGEST = timedelta(days=92)
#: The period, up to now, where none is asked for.
USUAL = timedelta(days=1)
MILLISECOND, NOTHING = timedelta(milliseconds=1), timedelta()
_NONE_KEPT = 2**53  # above every entry's number


class Turn(NamedTuple):
    """Where an entry stands: when it was noted, in which log, as which of its entries."""

    at: datetime
    log_id: str
    number: int


class Period(NamedTuple):
    """From `since` to before `until`; `before`: only what stands before that entry."""

    since: datetime
    until: datetime
    before: Turn | None = None


class DutyLogs:
    """The collection `dispatch_duty_logs`; `_id` is "<team>/<month>"."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.aggregates = Aggregates(
            db,
            "dispatch_duty_logs",
            what="duty log",
            to_document=_document,
            from_document=_log,
            rebuilds=lambda doc, entries: differences(doc, rebuild(entries), ("team", "month", "entries")),
        )

    def append(self, call: Call, team: str | None, text: str) -> dict[str, Any] | None:
        """One more entry: `{log_id, entry}`."""
        blank, by = log_of(team, call.at or self._db.clock.now()), call.actor or call.caller
        return self.aggregates.change_or_create(
            call,
            blank.log_id,
            lambda: blank,
            lambda log, at: noted(log, at, text, by),
            lambda log: {"log_id": log.log_id, "entry": log.entries},
        )

    def find(self, team: str | None, period: Period, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """At most `limit` entries of a period, the newest first, and the cursor of the next page (None: the last).

        `team` None: those of all teams and of the whole desk; `DESK`: of the whole desk only.
        """
        of_each = [self._entries(log_id, period, limit + 1) for log_id in self._logs(team, period)]
        found = list(islice(heapq.merge(*of_each, key=lambda entry: entry[0], reverse=True), limit + 1))
        more = found[limit - 1][0] if len(found) > limit else None
        return [entry for _, entry in found[:limit]], _cursor(more)

    def _logs(self, team: str | None, period: Period) -> Sequence[str]:
        """The logs that the period touches."""
        months = list(_months(period.since, period.until))
        if team is not None:
            return [f"{team}/{month}" for month in months]
        wanted = {"month": {"$in": months}}
        return [doc["_id"] for doc in self.aggregates.collection.find(wanted, {"_id": 1}, hint="of_month")]

    def _entries(self, log_id: str, period: Period, most: int) -> list[tuple[Turn, dict[str, Any]]]:
        """At most so many entries of one log, the newest first."""
        doc = self.aggregates.collection.find_one({"_id": log_id}, {"history": 1})
        if doc is None:
            return []
        kept = [entry for entry in reversed(doc["history"]) if period.since <= entry["at"] < period.until]
        oldest = doc["history"][0]["number"] if doc["history"] else _NONE_KEPT
        spilled = self._spilled(log_id, period, oldest, most) if oldest > 1 else ()
        placed = ((Turn(entry["at"], log_id, entry["number"]), entry) for entry in (*kept, *spilled))
        page = (
            (turn, _shown(log_id, entry)) for turn, entry in placed if period.before is None or turn < period.before
        )
        return list(islice(page, most))

    def _spilled(self, log_id: str, period: Period, below: int, most: int) -> Iterator[Document]:
        """Of those that have left the document; read by the index of histories."""
        before, until = period.before, period.until
        if before is not None and before.log_id == log_id:
            below = min(below, before.number)
        elif before is not None:  # of those of the same instant, logs come by name
            until = min(until, before.at + (MILLISECOND if log_id < before.log_id else NOTHING))
        wanted = {
            "aggregate": f"{self.aggregates.name}/{log_id}",
            "number": {"$lt": below},
            "at": {"$gte": period.since, "$lt": until},
        }
        return iter(self.aggregates.spilled_history.find(wanted, sort=[("number", -1)], limit=most))


def turn_of(after: str) -> Turn:
    """Where the page ended whose `next` that was; `ValidationError`."""
    try:
        at, log_id, number = urlsafe_b64decode(after.encode()).decode().split("|")
        return Turn(from_text(at), log_id, int(number))
    except ValueError:
        raise ValidationError({"after": ["Is not the `next` of a page."]}) from None


def _cursor(turn: Turn | None) -> str | None:
    return urlsafe_b64encode(f"{to_text(turn.at)}|{turn.log_id}|{turn.number}".encode()).decode() if turn else None


def _shown(log_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: entry["data"][name] for name in ("team", "entry", "text", "by")}
    return {"log_id": log_id, "at": entry["at"], "recorded_at": entry["recorded_at"], **said, "hash": entry["hash"]}


def _months(since: datetime, until: datetime) -> Iterator[str]:
    """The months that a period touches, of which it does not have the end."""
    last = until - timedelta(microseconds=1)
    year, month = since.year, since.month
    while (year, month) <= (last.year, last.month):
        yield f"{year:04d}-{month:02d}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _document(log: DutyLog) -> dict[str, Any]:
    return {"team": log.team, "month": log.month, "entries": log.entries}


def _log(doc: Mapping[str, Any]) -> DutyLog:
    return DutyLog(team=doc["team"], month=doc["month"], entries=doc["entries"], **kernel_fields(doc))
