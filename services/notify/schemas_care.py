"""Care plans: what is asked and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import fields, validate

from services.notify.domain.audience import Customer
from services.notify.domain.care import Plan
from services.notify.domain.rules import Notice
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


# replies


def plan(known: Plan) -> dict[str, Any]:
    """Which plan it is."""
    return {"plan": known.code, "active": known.active, "kind": known.kind, "template": known.template}


def foreseen(customer: Customer, notice: Notice, due: datetime, ticket_no: str) -> dict[str, Any]:
    """One who would be told, when and how."""
    return {
        "customer_id": customer.customer_id,
        "channel": notice.channel,
        "then": list(notice.then),
        "language": notice.language,
        "due_at": due,
        "ticket_no": ticket_no or None,
    }


def day(found: Mapping[str, Any]) -> dict[str, Any]:
    """What came of a plan's day in one time zone: `why_not` where nobody was told, `not_told` by reason."""
    shown = ("plan", "day", "zone", "due_at", "looked", "told", "not_told")
    return {name: found[name] for name in shown} | {name: found.get(name) for name in ("done_at", "why_not")}
