"""Broadcasts as documents, and how they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain import broadcasts
from services.notify.domain.broadcasts import Audience, Broadcast, Outage, Plan, Walk
from services.notify.events.broadcasts import BROADCAST_EVENTS, UNHEARD
from shared.aggregates import STATE_ONLY, Aggregates
from shared.events import kernel_fields
from shared.mongo import Database

INDEXES = [
    IndexModel([("state", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="state"),
    IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
]
_PLAIN = (
    *("name", "kind", "about", "urgency", "created_at", "state", "start_at", "pace", "window"),
    "ended_why",
)
_LISTED = {**STATE_ONLY, "plan.texts": 0, "earlier": 0}


class Broadcasts(Aggregates[Broadcast]):
    """What is told to many."""

    def __init__(self, db: Database) -> None:
        super().__init__(
            db,
            "notify_broadcasts",
            what="broadcast",
            to_document=to_document,
            from_document=from_document,
            published=BROADCAST_EVENTS,
            unheard=UNHEARD,
            next_due=broadcasts.next_due,
        )

    def listed(self, state: str | None, limit: int, after: str | None) -> tuple[list[Broadcast], str | None]:
        """At most `limit`, newest first, without their texts; and the cursor of the next page (None: the last)."""
        wanted: dict[str, Any] = {"state": state} if state else {}
        if after is not None:
            at, _, key = after.partition("|")
            since = datetime.fromisoformat(at)
            wanted["$or"] = [{"created_at": {"$lt": since}}, {"created_at": since, "_id": {"$lt": key}}]
        rows = self.collection.find(wanted, _LISTED).hint("state" if state else "newest")
        found = list(rows.sort([("created_at", DESCENDING), ("_id", DESCENDING)]).limit(limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        more = f"{last['created_at'].isoformat()}|{last['_id']}" if last else None
        return [from_document(doc) for doc in found[:limit]], more


def to_document(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast's own fields."""
    audience, walk = asdict(broadcast.audience), asdict(broadcast.walk)
    return {
        **{name: getattr(broadcast, name) for name in _PLAIN},
        "plan": _plan_document(broadcast.plan),
        "earlier": [_plan_document(plan) for plan in broadcast.earlier],
        "audience": audience | {"areas": list(broadcast.audience.areas)},
        "walk": walk | {"tasks": list(broadcast.walk.tasks)},
        "publishing": list(broadcast.publishing),
    }


def _plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "edition": plan.edition,
        "at": plan.at,
        "channels": list(plan.channels),
        "valid_for": plan.valid_for.total_seconds(),
        "template": plan.template,
        "texts": plan.texts,
        "variables": plan.variables,
        # a list: areas may hold what a field's name may not
        "outages": [{"area": area, "from": one.from_, "to": one.to} for area, one in plan.outages.items()],
        "lead": plan.lead.total_seconds() if plan.lead is not None else None,
    }


def from_document(doc: Mapping[str, Any]) -> Broadcast:
    """The broadcast in a document; a list leaves the texts and the older editions out."""
    audience, walk = doc["audience"], doc["walk"]
    return Broadcast(
        broadcast_id=doc["_id"],
        **{name: doc[name] for name in _PLAIN},
        plan=_plan(doc["plan"]),
        earlier=tuple(_plan(plan) for plan in doc.get("earlier", ())),
        audience=Audience(**{**audience, "areas": tuple(audience["areas"])}),
        walk=Walk(**{**walk, "tasks": tuple(walk["tasks"])}),
        publishing=tuple(doc.get("publishing", ())),
        **kernel_fields(doc),
    )


def _plan(doc: Mapping[str, Any]) -> Plan:
    return Plan(
        edition=doc["edition"],
        at=doc["at"],
        channels=tuple(doc["channels"]),
        valid_for=timedelta(seconds=doc["valid_for"]),
        template=doc["template"],
        texts=doc.get("texts", {}),
        variables=doc["variables"],
        outages={one["area"]: Outage(one["from"], one["to"]) for one in doc["outages"]},
        lead=timedelta(seconds=doc["lead"]) if doc["lead"] is not None else None,
    )
