"""What a care plan would do on a day: nobody is told, and nothing is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notify.domain.audience import Customer
from services.notify.domain.care import Plan
from services.notify.domain.rules import Notice
from services.notify.reference import Reference
from services.notify.storage.care import Care
from services.notify.storage.care_after import zone_of

#: Of those who would be told, so many are shown.
SHOWN = 10


@dataclass(frozen=True)
class Foreseen:
    """One who would be told: how, and when."""

    customer: Customer
    notice: Notice
    due: datetime
    ticket_no: str


@dataclass
class Foretold:
    """How many would be told, the first of them, and why others would not; `complete`: that is everybody."""

    count: int = 0
    first: list[Foreseen] = field(default_factory=list)
    not_told: Counter[str] = field(default_factory=Counter)
    complete: bool = True


def foretell(care: Care, rules: Reference, plan: Plan, day: date, most: int) -> Foretold:
    """Of at most so many customers; caps per day and year are not asked."""
    found, looked = Foretold(), 0
    for customer, matter in care.whom(plan, day, most):
        looked += 1
        why = plan.refuses(customer, day)
        if why is not None:
            found.not_told[why] += 1
            continue
        notice, _ = care.way(rules, plan, customer)
        if notice.to is None:
            found.not_told[notice.why_not] += 1
            continue
        found.count += 1
        if found.count <= SHOWN:
            due = plan.due_for(day, zone_of(customer, rules.holding.zone), matter)
            found.first.append(Foreseen(customer, notice, due, matter.ticket_no))
    found.complete = looked < most
    return found
