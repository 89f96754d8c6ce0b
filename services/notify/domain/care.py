"""Care plans (客户关怀): whom the desk greets or reminds, on which of their days, at what time of day. Pure.

A plan's day is a day on the customer's own calendar. Everything of one plan, one customer and one day has one name, the
occurrence `care/<plan>/<customer>/<day>`: whoever comes to it a second time finds the message written.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.audience import Customer
from services.notify.domain.occurrence import Occurrence
from services.notify.domain.rules import Rule
from shared.business_time.instants import EPOCH
from shared.business_time.zones import WALL_EPOCH, utc_seconds
from shared.conditions import Condition

EVENT = "care"
"""What a message of a care plan says that it tells of."""
#: What the condition of a plan may ask about a customer.
NAMES: Mapping[str, str] = {
    **dict.fromkeys(("customer_id", "tier", "language", "area", "household", "time_zone"), "string"),
    "preferred_channels": "list",
}
NOT_MEANT, NOT_YET, TOO_LATE, NO_ADDRESS, PLAN_OFF = "not_meant", "not_yet", "too_late", "no_address", "plan_off"
YEARS_ENOUGH, FAILED, OVER = "per_year", "failed", "over"
"""Why a customer is not told."""
ENDING = ("appointment_cancelled", "work_resolved", "work_withdrawn", "work_closed")
"""What means that there is no appointment any more."""
OVERTAKING = ("appointment_changed", *ENDING)
"""What makes a reminder of an appointment obsolete that waits still."""


@dataclass(frozen=True)
class OfDate:
    """On a day of the customer's own: `birthday`, `contract_end`; so many days before it, each year or that once.

    Who was born on 29 February has a birthday on 28 February in the years without one.
    """

    name: str
    days_before: int = 0
    yearly: bool = True

    def marks(self, day: date) -> tuple[str, ...]:
        """The marks, as `marks` gives them, of the customers whose turn it may be on that day."""
        about = day + timedelta(days=self.days_before)
        if not self.yearly:
            return (f"{self.name} {about.isoformat()}",)
        leap_day = (about.month, about.day) == (2, 28) and not isleap(about.year)
        return tuple(f"{self.name} {of_year}" for of_year in (_of_year(about), *(["02-29"] if leap_day else [])))


@dataclass(frozen=True)
class OnDays:
    """On the same days for everybody: `12-31` each year, `2027-02-06` that once."""

    days: frozenset[str]

    def falls_on(self, day: date) -> bool:
        """Whether that is one of them."""
        return not self.days.isdisjoint((day.isoformat(), _of_year(day)))


@dataclass(frozen=True)
class After:
    """So many days after something happened to the customer's work."""

    event: str
    days: int


@dataclass(frozen=True)
class Ahead:
    """So long before an appointment with the customer; the day is the appointment's."""

    by: timedelta


@dataclass(frozen=True)
class Matter:
    """What a telling is about beside the customer's day: some work, and when somebody comes for it."""

    ticket_no: str = ""
    order_no: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


NOTHING = Matter()


@dataclass(frozen=True)
class Plan:
    """One care plan; in force only while `active`. `audience` None: every customer.

    Told at `at` by the customer's own clock, and worth telling until `valid_for` later: later still nothing is
    told any more. `per_year`: at most so many to one customer in a year; None: any.
    """

    code: str
    active: bool
    calendar: OfDate | OnDays | After | Ahead
    at: time
    template: str
    kind: str
    channels: tuple[str, ...]
    urgency: str
    valid_for: timedelta
    per_year: int | None
    audience: Condition | None = None
    name: Mapping[str, str] = field(default_factory=dict)

    def due(self, day: date, zone: ZoneInfo) -> datetime:
        """When that day's telling is due; where the clock skips that time, as soon as it has (ADR 43)."""
        wall = (datetime.combine(day, self.at) - WALL_EPOCH) // timedelta(seconds=1)
        return (EPOCH + timedelta(seconds=utc_seconds(zone, wall))).astimezone(UTC)

    def due_for(self, day: date, zone: ZoneInfo, matter: Matter) -> datetime:
        """The same; ahead of an appointment that time before it."""
        if isinstance(self.calendar, Ahead) and matter.starts_at is not None:
            return matter.starts_at - self.calendar.by
        return self.due(day, zone)

    def concerns(self, day: date) -> bool:
        """Whether that may be the day of anybody, as far as the calendar alone says."""
        return not isinstance(self.calendar, OnDays) or self.calendar.falls_on(day)

    def about(self, day: date) -> date:
        """The day that a telling on `day` is about: the birthday itself, the end of the contract."""
        before = self.calendar.days_before if isinstance(self.calendar, OfDate) else 0
        return day + timedelta(days=before)

    def refuses(self, customer: Customer, day: date) -> str | None:
        """Why that customer is not told on that day, as far as the plan and the customer say; None: they are."""
        if isinstance(self.calendar, OfDate) and self.calendar.yearly and self.years(customer, day) < 1:
            return NOT_YET
        return None if self.audience is None or self.audience.holds(asked(customer)) else NOT_MEANT

    def years(self, customer: Customer, day: date) -> int:
        """How many years after the customer's date the day is that a telling on `day` is about."""
        assert isinstance(self.calendar, OfDate)  # noqa: S101 - nothing else counts years
        began = customer.dates.get(self.calendar.name)
        return self.about(day).year - began.year if began else 0

    def said(self, customer: Customer, day: date, matter: Matter = NOTHING) -> dict[str, Any]:
        """What its templates are given beside the customer's name."""
        yearly = isinstance(self.calendar, OfDate) and self.calendar.yearly
        return {
            **asked(customer),
            "plan": self.code,
            "day": self.about(day).isoformat(),
            "days_before": (self.about(day) - day).days,
            "years": self.years(customer, day) if yearly else None,
            "ticket_no": matter.ticket_no,
            "starts_at": matter.starts_at,
            "ends_at": matter.ends_at,
        }

    def rule(self, left: timedelta) -> Rule:
        """The plan as a rule for a customer, worth telling for what is `left` of its time."""
        obsolete = OVERTAKING if isinstance(self.calendar, Ahead) else ()
        return Rule(EVENT, "customer", self.channels, self.template, self.kind, self.urgency, left, obsolete=obsolete)


#: What the templates of plans may name beside the customer's name, with a value of each; `years` only of yearly ones.
SAMPLE: Mapping[str, Any] = {
    **{"customer_id": "c-7", "tier": "gold", "language": "en", "area": "north", "household": "h-7", "time_zone": "UTC"},
    **{"preferred_channels": ["sms"], "plan": "birthday", "day": "2026-03-02", "days_before": 7, "years": 40},
    **{"ticket_no": "T-1042", "starts_at": datetime(2026, 3, 2, 1, tzinfo=UTC), "ends_at": None},
}
#: It again with what not every customer, or day, has; only a plan ahead of appointments has a `starts_at`.
LESS: Mapping[str, Any] = {"tier": None, "area": None, "household": None, "time_zone": None, "ticket_no": ""}


def asked(customer: Customer) -> dict[str, Any]:
    """What conditions and templates may say of a customer; addresses and name are none of a plan's business."""
    return {name: list(value) if isinstance(value := getattr(customer, name), tuple) else value for name in NAMES}


def marks(dates: Mapping[str, date]) -> list[str]:
    """What finds a customer whose day it is: `birthday 03-02` for each year, `birthday 1986-03-02` for that one."""
    return [f"{name} {mark}" for name, day in sorted(dates.items()) for mark in (_of_year(day), day.isoformat())]


def occurrence_id(plan: str, customer_id: str, day: date, order_no: str = "") -> str:
    """`care/birthday/C-1042/2026-03-02`; of an appointment with its work order: `care/visit/C-1042/2026-03-02/W-7`."""
    return "/".join(part for part in ("care", plan, customer_id, day.isoformat(), order_no) if part)


def occurrence(
    plan: Plan, customer_id: str, day: date, due: datetime, now: datetime, matter: Matter = NOTHING
) -> Occurrence:
    """What is told: due then, told now."""
    order_no = matter.order_no if isinstance(plan.calendar, Ahead) else ""
    return Occurrence(
        id=occurrence_id(plan.code, customer_id, day, order_no),
        event=EVENT,
        at=due,
        recorded_at=max(now, due),
        ticket_no=matter.ticket_no,
        order_no=matter.order_no,
    )


def _of_year(day: date) -> str:
    return day.isoformat()[5:]
