"""What happens to customers' work, and which care plan is to tell them of it, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from services.notify.domain.audience import Customer
from services.notify.domain.care import OVER, After, Ahead, Matter, Plan, occurrence_id
from services.notify.storage.care_days import KEPT
from shared.events import Event
from shared.mongo import Database

INDEXES = [
    IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=0),
    IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression={"open": True}),
    IndexModel([("plan", ASCENDING), ("day", ASCENDING), ("_id", ASCENDING)], name="of_day"),
]

#: What moves an appointment.
MOVING = ("appointment_set", "appointment_changed")


class CareAfter:
    """`notify_care_after`: one document per plan, customer and day; of appointments one per plan and work order."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection("notify_care_after")

    def note(self, event: Event, plan: Plan, zone: ZoneInfo, now: datetime) -> None:
        """The plan greets that customer for this event, once a day; not for what lies too far back to greet for."""
        assert isinstance(plan.calendar, After)  # noqa: S101 - the caller's condition
        day = event.at.astimezone(zone).date() + timedelta(days=plan.calendar.days)
        due, customer_id = plan.due(day, zone), event.data["customer_id"]
        if due + plan.valid_for <= now:
            return
        row = {"_id": occurrence_id(plan.code, customer_id, day), "open": True, "until": max(due, now) + KEPT}
        try:
            self._rows.insert_one(row | _row(event, plan, day, due, due + plan.valid_for))
        except DuplicateKeyError:
            return  # heard twice, or other work of the same customer on the same day

    def expect(self, event: Event, plan: Plan, zone: ZoneInfo, now: datetime) -> None:
        """The plan reminds of this appointment, and of none that the same work had before; the newest event counts."""
        assert isinstance(plan.calendar, Ahead)  # noqa: S101 - the caller's condition
        starts_at = event.data["starts_at"]
        # set at short notice, it is due by that: told as of before, its own event would make it obsolete
        due = max(starts_at - plan.calendar.by, event.at)
        row = _row(event, plan, starts_at.astimezone(zone).date(), due, min(due + plan.valid_for, starts_at))
        row |= {"starts_at": starts_at, "ends_at": event.data["ends_at"], "until": max(starts_at, now) + KEPT}
        self._newest(event, plan, row | {"open": True})

    def end(self, event: Event, plan: Plan, now: datetime) -> None:
        """There is no appointment any more; also if it is heard of later than that."""
        self._newest(event, plan, {"open": False, "why_not": OVER, "closed_at": now, "until": now + KEPT})

    def _newest(self, event: Event, plan: Plan, row: Mapping[str, Any]) -> None:
        older = {"_id": f"{plan.code}/{event.data['order_no']}", "number": {"$lt": event.number}}
        change = {"$set": {**row, "number": event.number}, "$unset": {} if "why_not" in row else {"why_not": ""}}
        for upsert in (True, False):
            try:
                self._rows.update_one(older, {name: part for name, part in change.items() if part}, upsert=upsert)
                return
            except DuplicateKeyError:
                # there already: a newer one, or an older one that came in at this moment
                continue

    def due(self, now: datetime, limit: int) -> list[dict[str, Any]]:
        """What is due, the longest first."""
        wanted = {"open": True, "due_at": {"$lte": now}}
        return list(self._rows.find(wanted).sort("due_at", ASCENDING).limit(limit))

    def close(self, row: Mapping[str, Any], why_not: str | None, now: datetime) -> None:
        """The customer was told, or not, for this reason; what has changed meanwhile stays open."""
        told = {"told_at": now} if why_not is None else {"closed_at": now, "why_not": why_not}
        same = {"_id": row["_id"], "open": True, "due_at": row["due_at"]}
        self._rows.update_one(same, {"$set": {**told, "open": False}})

    def of_day(self, plan: str, day: date, limit: int) -> Iterator[tuple[str, Matter]]:
        """(customer, what it is about) whom the plan tells on that day."""
        wanted = {"plan": plan, "day": day.isoformat(), "why_not": {"$ne": OVER}}
        for row in self._rows.find(wanted).sort("_id", ASCENDING).limit(limit):
            yield row["customer_id"], matter_of(row)


def _row(event: Event, plan: Plan, day: date, due: datetime, valid_until: datetime) -> dict[str, Any]:
    about = {name: event.data.get(name, "") for name in ("customer_id", "ticket_no", "order_no")}
    return {**about, "plan": plan.code, "day": day.isoformat(), "due_at": due, "valid_until": valid_until}


def matter_of(row: Mapping[str, Any]) -> Matter:
    """What a row's telling is about."""
    return Matter(row["ticket_no"], row["order_no"], row.get("starts_at"), row.get("ends_at"))


def zone_of(customer: Customer | None, desk: ZoneInfo) -> ZoneInfo:
    """By whose clock a customer is told."""
    return ZoneInfo(customer.time_zone) if customer is not None and customer.time_zone else desk
