"""Workload: what teams, agents and shifts have now, and what came of what they were given in a period.

From `dispatch_assignments`, each of which is one time that somebody had an open step. What was given, accepted and
taken over counts the assignments that began in the period; what came of them, those that ended in it. Every part reads
one index of assignments, from the first to the last of the period; agents' capacities come from the agents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.mongo import Database, Document

TEAM, AGENT, SHIFT = "team", "agent", "shift"
BY = (AGENT, TEAM, SHIFT)
LONGEST = timedelta(days=92)
#: Of no team and no agent: all assignments of the period are counted.
LONGEST_OF_ALL = timedelta(days=31)
#: The period, up to now, where none is asked for.
USUAL = timedelta(days=1)

#: How an assignment came from, or went to, somebody else; what was done with it.
TAKEN_OVER = ("transferred_in", "handed_over")
PASSED_ON = ("transferred", "reassigned", "handed_over", "returned")
DONE = ("completed", "resolved", "triaged")


def longest(of: Mapping[str, str]) -> timedelta:
    """The longest period that may be asked about who has these values."""
    return LONGEST if TEAM in of or AGENT in of else LONGEST_OF_ALL


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Rows `by` one of `BY`, of those with these values (`team`, `agent`, `shift`), from `since` to before `until`."""

    by: str
    since: datetime
    until: datetime
    of: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What the database has counted, a document per row (`of`) or per row and how (`how`: came or outcome).

    `everybody`: who has a capacity has a row, though nothing was counted.
    """

    now: Iterable[Document]
    came: Iterable[Document]
    went: Iterable[Document]
    handled: Iterable[Document]
    capacities: Mapping[str, int]
    everybody: bool = True


def rows(by: str, counted: Counted) -> list[dict[str, Any]]:
    """A row for everybody of whom anything was counted, or who has a capacity, by name; lengths are seconds. Pure."""
    made: defaultdict[str | None, dict[str, Any]] = defaultdict(_nothing)
    for doc in counted.now:
        made[doc["_id"]] |= {"open": doc["open"], "load": doc["load"], "late": doc["late"]}
    for doc in counted.came:
        row, how = made[doc["_id"]["of"]], doc["_id"]["how"]
        row["came"][how] = doc["count"]
        row["accepted"] += doc["accepted"]
    for doc in counted.went:
        row, how = made[doc["_id"]["of"]], doc["_id"]["how"]
        row["went"][how] = doc["count"]
        row["missed"] += doc["missed"]
    for doc in counted.handled:
        made[doc["_id"]]["handling"] = {name: round(doc[name], 3) for name in ("median", "mean")}
    names = {*made, *(counted.capacities if counted.everybody else ())}
    return [
        {by: name, **_summed(made[name] | {"capacity": counted.capacities.get(name or "")})}
        for name in sorted(names, key=lambda name: name or "")
    ]


def _nothing() -> dict[str, Any]:
    counts = dict.fromkeys(("open", "load", "late", "accepted", "missed"), 0)
    return {**counts, "capacity": None, "came": {}, "went": {}, "handling": {"median": None, "mean": None}}


def _summed(row: Mapping[str, Any]) -> dict[str, Any]:
    came, went = row["came"], row["went"]
    return {
        **row,
        "given": sum(came.values()),
        "transferred_in": sum(came.get(how, 0) for how in TAKEN_OVER),
        "transferred_out": sum(went.get(how, 0) for how in PASSED_ON),
        "declined": went.get("declined", 0),
        "lapsed": went.get("lapsed", 0),
        "done": sum(went.get(how, 0) for how in DONE),
    }


class Workload:
    """Reads `dispatch_assignments` and `dispatch_agents`; writes nothing."""

    def __init__(self, db: Database) -> None:
        self._assignments = db.collection("dispatch_assignments")
        self._agents = db.collection("dispatch_agents")

    def rows(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The rows of `rows`."""
        period = {"$gte": wanted.since, "$lt": wanted.until}
        whose = self._whose(wanted)
        index = "agent" if AGENT in wanted.of else "team"
        ended, given = (
            {"team": "of_team", "agent": "of_agent"}[index],
            f"given_{'to' if index == 'agent' else 'in'}_{index}",
        )
        return rows(
            wanted.by,
            Counted(
                now=self._counted([{"$match": {**whose, "ended_at": None}}, _now(wanted.by)], ended),
                came=self._counted([{"$match": {**whose, "assigned_at": period}}, _came(wanted.by)], given),
                went=self._counted([{"$match": {**whose, "ended_at": period}}, _went(wanted.by)], ended),
                handled=self._counted([{"$match": {**whose, "ended_at": period}}, *_handled(wanted.by)], ended),
                capacities=self._capacities(wanted),
                everybody=SHIFT not in wanted.of,  # only who was on it
            ),
        )

    def ever_had(self, team: str) -> bool:
        """Whether anybody ever had work of that team, which may be gone from the reference data."""
        return self._assignments.find_one({TEAM: team}, {"_id": 1}, hint="of_team") is not None

    def _whose(self, wanted: Wanted) -> dict[str, Any]:
        """The filter; of all teams, each by its name, which the index knows: so that a period is a stretch of it."""
        if TEAM in wanted.of or AGENT in wanted.of:
            return dict(wanted.of)
        return {**wanted.of, TEAM: {"$in": self._assignments.distinct(TEAM)}}

    def _counted(self, pipeline: list[dict[str, Any]], index: str) -> Iterable[Document]:
        return self._assignments.aggregate(pipeline, hint=index)

    def _capacities(self, wanted: Wanted) -> dict[str, int]:
        """What each agent takes, or all agents of each team; a shift's is nobody's own."""
        if wanted.by == SHIFT:
            return {}
        asked = {"_id": wanted.of[AGENT]} if AGENT in wanted.of else {}
        asked |= {"teams": wanted.of[TEAM]} if TEAM in wanted.of else {}
        capacities: defaultdict[str, int] = defaultdict(int)
        for agent in self._agents.find(asked, {"capacity": 1, "teams": 1}):
            names = [agent["_id"]] if wanted.by == AGENT else [wanted.of[TEAM]] if TEAM in wanted.of else agent["teams"]
            for name in names if agent["capacity"] else ():
                capacities[name] += agent["capacity"]
        return dict(capacities)


# what the database counts


def _now(by: str) -> dict[str, Any]:
    return {"$group": {"_id": f"${by}", "open": _count(), "load": {"$sum": "$units"}, "late": _count("missed")}}


def _came(by: str) -> dict[str, Any]:
    return {"$group": {"_id": {"of": f"${by}", "how": "$came"}, "count": _count(), "accepted": _count("accepted_at")}}


def _went(by: str) -> dict[str, Any]:
    return {"$group": {"_id": {"of": f"${by}", "how": "$outcome"}, "count": _count(), "missed": {"$sum": "$missed"}}}


def _handled(by: str) -> list[dict[str, Any]]:
    """The median and the mean of what was done; the median of an even number is the mean of the middle two."""
    middle = {
        "$let": {"vars": {"last": {"$subtract": [{"$size": "$all"}, 1]}}, "in": {"$avg": [_at("floor"), _at("ceil")]}}
    }
    return [
        {"$match": {"outcome": {"$in": list(DONE)}, "handling_seconds": {"$ne": None}}},
        {"$group": {"_id": f"${by}", "mean": {"$avg": "$handling_seconds"}, "all": {"$push": "$handling_seconds"}}},
        {"$set": {"all": {"$sortArray": {"input": "$all", "sortBy": 1}}}},
        {"$project": {"mean": 1, "median": middle}},
    ]


def _at(rounded: str) -> dict[str, Any]:
    return {"$arrayElemAt": ["$all", {"$toInt": {f"${rounded}": {"$divide": ["$$last", 2]}}}]}


def _count(field: str | None = None) -> dict[str, Any]:
    """How many there are; with a field, how many have something there (a time, or a number over 0)."""
    return {"$sum": {"$cond": [f"${field}", 1, 0]} if field else 1}
