"""What happened to customers' work, and which care plan is to greet them for it, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.audience import Customer
from services.notify.domain.care import After, Plan, occurrence_id
from services.notify.storage.care_days import KEPT
from shared.events import Event
from shared.mongo import Database

INDEXES = [
    IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0),
    IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression={"open": True}),
    IndexModel([("plan", ASCENDING), ("day", ASCENDING), ("_id", ASCENDING)], name="of_day"),
]


class CareAfter:
    """`notify_care_after`: one document per plan, customer and day."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection("notify_care_after")

    def note(self, event: Event, plan: Plan, zone: ZoneInfo, now: datetime) -> None:
        """The plan greets that customer for this event, once a day; not for what lies too far back to greet for."""
        assert isinstance(plan.calendar, After)  # noqa: S101 - the caller's condition
        day = event.at.astimezone(zone).date() + timedelta(days=plan.calendar.days)
        due, customer_id = plan.due(day, zone), event.data["customer_id"]
        if due + plan.valid_for <= now:
            return
        row = {"_id": occurrence_id(plan.code, customer_id, day), "plan": plan.code, "customer_id": customer_id}
        row |= {"day": day.isoformat(), "due_at": due, "ticket_no": event.data.get("ticket_no", ""), "open": True}
        try:
            self._rows.insert_one(row | {"until": max(due, now) + KEPT})
        except DuplicateKeyError:
            return  # heard twice, or other work of the same customer on the same day

    def due(self, now: datetime, limit: int) -> list[dict[str, Any]]:
        """What is due, the longest first."""
        wanted = {"open": True, "due_at": {"$lte": now}}
        return list(self._rows.find(wanted).sort("due_at", ASCENDING).limit(limit))

    def close(self, row: Mapping[str, Any], why_not: str | None, now: datetime) -> None:
        """The customer was told, or not, for this reason."""
        told = {"told_at": now} if why_not is None else {"closed_at": now, "why_not": why_not}
        self._rows.update_one({"_id": row["_id"], "open": True}, {"$set": told, "$unset": {"open": ""}})

    def of_day(self, plan: str, day: date, after: str, limit: int) -> Iterator[tuple[str, str]]:
        """(customer, ticket) whom the plan greets on that day, by customer."""
        wanted = {"plan": plan, "day": day.isoformat(), "_id": {"$gt": after}}
        for row in self._rows.find(wanted).sort("_id", ASCENDING).limit(limit):
            yield row["customer_id"], row["ticket_no"]


def zone_of(customer: Customer | None, desk: ZoneInfo) -> ZoneInfo:
    """By whose clock a customer is told."""
    return ZoneInfo(customer.time_zone) if customer is not None and customer.time_zone else desk
