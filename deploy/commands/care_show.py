"""How care plans are shown: their list, what they would send, what they have sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from rich.table import Table
from rich.text import Text

from deploy.commands.times import length, minute

#: Reasons for which a customer is left out, in words.
WHY = {
    "not_meant": "not meant by the plan's condition",
    "not_yet": "not born yet, or on that day",
    "no_address": "without an address",
    "bad_phone": "with a telephone number that is none",
    "bad_email": "with an e-mail address that is none",
    "opted_out": "opted out",
    "channel_not_wanted": "want none of its channels",
    "per_year": "have had enough this year",
    "failed": "could not be written to",
    "over": "whose appointment is over",
    "plan_off": "told of nothing, as the plan was off",
    "too_late": "too late",
}


def left_out(not_told: Mapping[str, int]) -> str:
    """`3 opted out, 1 without an address`; empty for nobody."""
    return ", ".join(f"{number} {WHY.get(why, why)}" for why, number in sorted(not_told.items()))


def when(plan: Mapping[str, Any]) -> str:
    """The plan's calendar in words."""
    calendar = plan["calendar"]
    if "date_of" in calendar:
        before = f"{calendar['days_before']} days before " if calendar["days_before"] else "on "
        return f"{before}their {calendar['date_of']}, {'each year' if calendar['yearly'] else 'once'}"
    if "days" in calendar:
        return f"on {', '.join(calendar['days'])}"
    if "after" in calendar:
        return f"{calendar['days_after']} days after {calendar['after']}"
    return f"{length(calendar['before_appointment_seconds'])} before their appointment"


def plans(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each plan."""
    shown = Table("plan", "state", "since", "whom", "when", "at", "by", "a year", box=None, header_style="bold")
    for row in rows:
        state = Text("on", "green") if row["active"] else Text("off", "dim")
        whom = Text(row["condition"] or "every customer")
        since = minute(row["since"], zone) if row["since"] else ""
        most = "any" if row["per_year"] is None else str(row["per_year"])
        shown.add_row(*(row["plan"], state, since, whom, when(row), row["at"] or "-", ", ".join(row["channels"]), most))
    return shown


def forecast(rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Table:
    """A row for each plan and day: (plan, its preview)."""
    shown = Table("plan", "state", "day", "would be told", "left out", box=None, header_style="bold")
    for plan, found in rows:
        state = Text("on", "green") if plan["active"] else Text("off", "dim")
        shown.add_row(plan["plan"], state, found["date"], number(found), left_out(found["not_told"]))
    return shown


def number(found: Mapping[str, Any]) -> str:
    """How many would be told; `at least` where a preview has not looked at all customers."""
    return str(found["count"]) if found["complete"] else f"at least {found['count']}"


def first(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """Those who would be told first."""
    shown = Table("customer", "when", "by", "else by", "language", "ticket", box=None, header_style="bold")
    for row in rows:
        cells = (minute(row["due_at"], zone), row["channel"], ", ".join(row["then"]), row["language"] or "")
        shown.add_row(Text(row["customer_id"], no_wrap=True), *cells, row["ticket_no"] or "")
    return shown


def days(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each day of a plan in a time zone."""
    shown = Table("plan", "day", "customers in", "due", "looked at", "told", "left out", box=None, header_style="bold")
    for row in rows:
        due = minute(row["due_at"], zone)
        why = f"nobody was told: {WHY.get(row['why_not'], row['why_not'])}" if row["why_not"] else ""
        under_way = "" if row["done_at"] else "under way"
        said = "; ".join(filter(None, (why, left_out(row["not_told"]), under_way)))
        where = row["zone"] or "no zone of their own"
        shown.add_row(row["plan"], row["day"], where, due, str(row["looked"]), str(row["told"]), said)
    return shown
