"""RPC: what care plans would do, and what they have done."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from services.notify import schemas_care as schemas
from services.notify.domain.care import Plan
from services.notify.storage.care_after import zone_of
from services.notify.store import NotifyStore
from shared.bus import Call, query
from shared.errors import NotFound
from shared.mongo import Mongo

#: Customers that a preview looks at, so that no caller waits long.
LOOKED_AT = 5_000
#: Of those who would be told, so many are shown.
SHOWN = 10


class CarePlans:
    """Queries; nobody is told."""

    store: Mongo[NotifyStore]

    @query("read", schemas.PreviewCarePlan)
    def preview_care_plan(self, call: Call, plan: str, date: date) -> dict[str, Any]:
        """Whom the plan would tell on that day, whether or not it is in force; caps per day and year are not counted.

        `complete` false: there are more customers than a preview looks at. Raises NotFound (care plan).
        """
        known = self._plan(plan)
        shown: list[dict[str, Any]] = []
        not_told: Counter[str] = Counter()
        count = looked = 0
        for customer, matter in self.store.care.whom(known, date, LOOKED_AT):
            looked += 1
            why, notice, _ = self.store.care.considered(self._rules, known, customer, date)
            if why is not None:
                not_told[why] += 1
                continue
            count += 1
            if count <= SHOWN:
                due = known.due_for(date, zone_of(customer, self._rules.holding.zone), matter)
                shown.append(schemas.foreseen(customer, notice, due, matter.ticket_no))
        return {
            **schemas.plan(known),
            "date": date.isoformat(),
            "count": count,
            "not_told": dict(not_told),
            "first": shown,
            "complete": looked < LOOKED_AT,
        }

    @query("read", schemas.FindCareDays)
    def find_care_days(self, call: Call, plan: str | None, limit: int, after: str | None) -> dict[str, Any]:
        """A page of what came of plans' days, by plan and the newest first: {days: [...], next: cursor, or null}."""
        found, more = self.store.care.days.find(plan, limit, after)
        return {"days": [schemas.day(one) for one in found], "next": more}

    @property
    def _rules(self) -> Any:
        return self.store.reference.current()

    def _plan(self, code: str) -> Plan:
        plan: Plan | None = self._rules.care.plans.get(code)
        if plan is None:
            raise NotFound("care plan", code)
        return plan
