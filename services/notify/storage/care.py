"""Care plans at work: everybody whose day it is, told once, at the plan's time of day on their own clock."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.notify.domain import care
from services.notify.domain.audience import Customer
from services.notify.domain.care import ENDING, After, Ahead, Matter, OfDate, Plan
from services.notify.domain.preferences import CUSTOMER
from services.notify.domain.rules import Notice, notice_of
from services.notify.reference import Reference as Rules
from services.notify.storage.care_after import MOVING, CareAfter, matter_of, zone_of
from services.notify.storage.care_days import CareDay, CareDays, Piece
from services.notify.storage.means import Means
from services.notify.storage.tallies import Tallies
from services.notify.storage.telling import Wanted
from shared.cause import Cause
from shared.errors import LoopdeskError
from shared.events import Event
from shared.mongo import Database

log = logging.getLogger("loopdesk.care")

#: So many days back it is said of a day that it came too late; before that, nothing was in force.
BACK = 31
#: A place of a year is remembered that long.
YEAR = timedelta(days=400)
#: Customers who are read at a time.
PAGE = 200


class Care:
    """The plans of the reference data, their days, and whom they tell."""

    def __init__(self, db: Database, means: Means) -> None:
        self._means = means
        self._tallies = Tallies(db)
        self.days = CareDays(db)
        self.after = CareAfter(db)

    # what happened

    def note(self, event: Event, now: datetime) -> None:
        """Plans in force that have to do with such an event remember it."""
        rules = self._means.reference.current()
        plans = [plan for plan in rules.care.active if _heeds(plan, event.type)]
        if not plans:
            return
        zone = zone_of(self._means.customers.find(event.data["customer_id"]), rules.holding.zone)
        for plan in plans:
            if isinstance(plan.calendar, After):
                self.after.note(event, plan, zone, now)
            elif event.type in MOVING:
                self.after.expect(event, plan, zone, now)
            else:
                self.after.end(event, plan, now)

    # what is due

    def run_due(self, now: datetime, limit: int) -> int:
        """Tell whoever is due, about `limit` customers at most; gives at how many it looked. Replicas share it."""
        rules = self._means.reference.current()
        looked = self._after_events(rules, now, limit)
        for plan, day in self._due_days(rules, now):
            if looked >= limit:
                break
            if day.due + plan.valid_for <= now:
                self._too_late(day, now)
            else:
                looked += self._day(rules, plan, day, now, limit - looked)
        return looked

    def _due_days(self, rules: Rules, now: datetime) -> Iterator[tuple[Plan, CareDay]]:
        """What is due and not done, the longest first."""
        plans = {plan.code: plan for plan in rules.care.active if not isinstance(plan.calendar, After | Ahead)}
        since = self.days.in_force_since(plans.keys(), now)
        zones: Sequence[str | None] = self._means.customers.zones() if plans else ()
        due = [
            day
            for plan in plans.values()
            for zone in zones
            for day in _days(plan, zone, rules, now)
            if since[plan.code] < day.due <= now
        ]
        for day in sorted(self.days.undone(due), key=lambda day: day.due):
            yield plans[day.plan], day

    def _too_late(self, day: CareDay, now: datetime) -> None:
        if self.days.give_up(day, care.TOO_LATE, now):
            log.warning("nobody is told any more", extra={"plan": day.plan, "day": day.day.isoformat()})

    def _day(self, rules: Rules, plan: Plan, day: CareDay, now: datetime, limit: int) -> int:
        """The day's customers, as far as `limit` goes and nobody else is at it."""
        looked = 0
        while looked < limit:
            behind = self.days.claim(day, now)
            if behind is None:
                break
            piece = self._piece(rules, plan, day, behind, now)
            self.days.note(day, behind, piece, now)
            looked += piece.looked
            if piece.after is None:
                break
        return looked

    def _piece(self, rules: Rules, plan: Plan, day: CareDay, behind: str, now: datetime) -> Piece:
        found = list(self._means.customers.of_zone(day.zone, marks_of(plan, day.day), behind, PAGE))
        piece = Piece(after=found[-1].customer_id if len(found) == PAGE else None)
        for customer in found:
            piece.count(self._tell(rules, plan, customer, day, day.due + plan.valid_for, now))
        return piece

    def _after_events(self, rules: Rules, now: datetime, limit: int) -> int:
        rows = self.after.due(now, limit)
        for row in rows:
            plan = rules.care.plans.get(row["plan"])
            self.after.close(row, self._told_after(rules, plan, row, now), now)
        return len(rows)

    def _told_after(self, rules: Rules, plan: Plan | None, row: Mapping[str, Any], now: datetime) -> str | None:
        customer = self._means.customers.find(row["customer_id"])
        if plan is None or not plan.active:
            return care.PLAN_OFF
        if row["valid_until"] <= now:
            return care.TOO_LATE
        if customer is None:
            return care.NO_ADDRESS
        day = CareDay(plan.code, date.fromisoformat(row["day"]), customer.time_zone, row["due_at"])
        return self._tell(rules, plan, customer, day, row["valid_until"], now, matter_of(row))

    # whom

    def _tell(
        self,
        rules: Rules,
        plan: Plan,
        customer: Customer,
        day: CareDay,
        until: datetime,
        now: datetime,
        matter: Matter = care.NOTHING,
    ) -> str | None:
        """Tell one customer; why not, or None. Said again, it is the same message. `until`: it is worth telling."""
        if (why := plan.refuses(customer, day.day)) is not None:
            return why  # most of them, where a plan is for a few: nothing was read for it
        notice, wanted = self.way(rules, plan, customer)
        if notice.to is None:
            return notice.why_not
        occurrence = care.occurrence(plan, customer.customer_id, day.day, day.due, now, matter)
        if not self._room(plan, rules.care.per_year, customer.customer_id, day.day, occurrence.id):
            return care.YEARS_ENOUGH
        notice = replace(notice, rule=plan.rule(until - occurrence.recorded_at))
        wishes = wanted.wishes(notice.recipient)
        try:
            said = plan.said(customer, day.day, matter)
            message, facts = rules.drafted(occurrence, notice, said, wishes.customer(customer))
            self._means.write(Cause(ref=f"care plan {plan.code}"), message, facts, wishes)
        except LoopdeskError:
            # one customer must not keep the others waiting
            log.exception("not told", extra={"plan": plan.code, "aggregate": customer.customer_id})
            return care.FAILED
        return None

    def way(self, rules: Rules, plan: Plan, customer: Customer) -> tuple[Notice, Wanted]:
        """How the customer would be told, if at all, and what they want."""
        wanted = Wanted(self._means.preferences, rules, customer)
        recipient = f"{CUSTOMER}{customer.customer_id}"
        known = wanted.wishes(recipient).customer(customer)
        return notice_of(plan.rule(plan.valid_for), recipient, [known], known.preferred_channels, wanted.fit), wanted

    def _room(self, plan: Plan, of_all: int | None, customer_id: str, day: date, holder: str) -> bool:
        """One of the year's places, of the plan's and of all plans'; asked again it is the same one."""
        year, whose = plan.about(day).year, f"{CUSTOMER}{customer_id}"
        limits = ((f"care {plan.code}/{whose}/{year}", plan.per_year), (f"care/{whose}/{year}", of_all))
        return all(limit is None or self._tallies.take(name, holder, limit, YEAR) for name, limit in limits)

    # before it is done

    def whom(self, plan: Plan, day: date, most: int) -> Iterator[tuple[Customer, Matter]]:
        """(customer, what it is about) whose day it may be, by id; at most so many."""
        if isinstance(plan.calendar, After | Ahead):
            for customer_id, matter in self.after.of_day(plan.code, day, most):
                if customer := self._means.customers.find(customer_id):
                    yield customer, matter
        elif plan.concerns(day):
            found = self._means.customers.of_any_zone(marks_of(plan, day), most)
            yield from ((customer, care.NOTHING) for customer in found)


def _heeds(plan: Plan, event: str) -> bool:
    if isinstance(plan.calendar, Ahead):
        return event in (*MOVING, *ENDING)
    return isinstance(plan.calendar, After) and plan.calendar.event == event


def marks_of(plan: Plan, day: date) -> tuple[str, ...] | None:
    """By which marks the day's customers are found; None: it may be anybody's."""
    return plan.calendar.marks(day) if isinstance(plan.calendar, OfDate) else None


def _days(plan: Plan, zone: str | None, rules: Rules, now: datetime) -> Iterator[CareDay]:
    """The plan's days of the last month in that zone."""
    local = CareDay(plan.code, now.date(), zone, now).zone_or(rules.holding.zone)
    today = now.astimezone(local).date()
    for back in range(BACK):
        day = today - timedelta(days=back)
        if plan.concerns(day):
            yield CareDay(plan.code, day, zone, plan.due(day, local))
