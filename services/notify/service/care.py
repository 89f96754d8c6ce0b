"""RPC: what care plans would do, and what they have done."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.notify.domain.care import Plan
from services.notify.schemas import care as schemas
from services.notify.storage.care_preview import foretell
from services.notify.store import NotifyStore
from shared.bus import Call, query
from shared.errors import NotFound
from shared.mongo import Mongo

#: Customers that a preview looks at, so that no caller waits long.
LOOKED_AT = 5_000


class CarePlans:
    """Queries; nobody is told."""

    store: Mongo[NotifyStore]

    @query("read", schemas.FindCarePlans)
    def find_care_plans(self, call: Call) -> dict[str, Any]:
        """The plans of the reference data, in force or not: {plans: [...], per_year: of all together, or null}."""
        care, since = self._rules.care, self.store.care.days.since()
        return {
            "plans": [schemas.plan(one, since.get(code)) for code, one in care.plans.items()],
            "per_year": care.per_year,
        }

    @query("read", schemas.PreviewCarePlan)
    def preview_care_plan(self, call: Call, plan: str, date: date) -> dict[str, Any]:
        """Whom the plan would tell on that day, whether or not it is in force; caps per day and year are not counted.

        `complete` false: there are more customers than a preview looks at. Raises NotFound (care plan).
        """
        known = self._plan(plan)
        found = foretell(self.store.care, self._rules, known, date, LOOKED_AT)
        return schemas.preview(known, date, found)

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
