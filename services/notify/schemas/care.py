"""Care plans: what is asked and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import fields, validate

from services.notify.domain.care import After, Ahead, OfDate, OnDays, Plan
from services.notify.storage.care_preview import Foreseen, Foretold
from shared.schemas import Code, Page, Request

#: A calendar that ends sooner than any that computers know.
_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)


class PreviewCarePlan(Request):
    """A plan of the reference data, and a day."""

    plan = Code(32, required=True)
    date = fields.Date(required=True, validate=validate.Range(_FIRST, _LAST))


class FindCareDays(Page):
    """All plans, or one."""

    plan = Code(32, load_default=None, allow_none=True)


class FindCarePlans(Request):
    """All of them."""


# replies


def plan(one: Plan, since: datetime | None) -> dict[str, Any]:
    """A plan of the reference data; `since`: when it came into force, null while nobody has noticed, or it is off."""
    return {
        "plan": one.code,
        "name": dict(one.name),
        "active": one.active,
        "since": since if one.active else None,
        "calendar": _calendar(one.calendar),
        "at": None if isinstance(one.calendar, Ahead) else f"{one.at:%H:%M}",
        "condition": one.audience.source if one.audience is not None else None,
        "kind": one.kind,
        "template": one.template,
        "channels": list(one.channels),
        "urgency": one.urgency,
        "valid_for_seconds": one.valid_for.total_seconds(),
        "per_year": one.per_year,
    }


def _calendar(calendar: OfDate | OnDays | After | Ahead) -> dict[str, Any]:
    if isinstance(calendar, OfDate):
        return {"date_of": calendar.name, "days_before": calendar.days_before, "yearly": calendar.yearly}
    if isinstance(calendar, OnDays):
        return {"days": sorted(calendar.days)}
    if isinstance(calendar, After):
        return {"after": calendar.event, "days_after": calendar.days}
    return {"before_appointment_seconds": calendar.by.total_seconds()}


def preview(plan: Plan, day: date, found: Foretold) -> dict[str, Any]:
    """Whom a plan would tell on a day."""
    return {
        "plan": plan.code,
        "active": plan.active,
        "kind": plan.kind,
        "template": plan.template,
        "date": day.isoformat(),
        "count": found.count,
        "not_told": dict(found.not_told),
        "first": [_foreseen(one) for one in found.first],
        "complete": found.complete,
    }


def _foreseen(one: Foreseen) -> dict[str, Any]:
    return {
        "customer_id": one.customer.customer_id,
        "channel": one.notice.channel,
        "then": list(one.notice.then),
        "language": one.notice.language,
        "due_at": one.due,
        "ticket_no": one.ticket_no or None,
    }


def day(found: Mapping[str, Any]) -> dict[str, Any]:
    """What came of a plan's day in one time zone: `why_not` where nobody was told, `not_told` by reason."""
    shown = ("plan", "day", "zone", "due_at", "looked", "told", "not_told")
    return {name: found[name] for name in shown} | {name: found.get(name) for name in ("done_at", "why_not")}
