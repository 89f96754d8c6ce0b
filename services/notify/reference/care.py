"""Reference data of care plans: `care_plans` in deploy/config/notify.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.notify.domain.audience import ALL_CHANNELS, CALL, SMS
from services.notify.domain.care import LESS, NAMES, SAMPLE, After, Ahead, OfDate, OnDays, Plan
from services.notify.domain.kinds import FOR_CUSTOMERS, OF_ALL
from services.notify.domain.rules import BULK, URGENCIES, Rule
from services.notify.durations import duration
from services.notify.reference.holding import time_of_day
from services.notify.texts import ANY_LANGUAGE
from shared.conditions import LONGEST, BadCondition, condition
from shared.schemas import Code, Text, YesNo

EVENTS = ("work_resolved", "work_closed")
"""After what a plan may greet."""
LONGEST_VALID = timedelta(days=7)
_FORMS = ("date_of", "days", "after", "before_appointment")
_LEAP_YEAR = "2000"
#: A plan's code is part of the names of its days and messages.
_CODE = validate.Regexp(r"[a-z][a-z0-9_-]{0,31}\Z")


def _day(text: str) -> None:
    """`12-31` or `2027-02-06`."""
    try:
        date.fromisoformat(text if len(text) == 10 else f"{_LEAP_YEAR}-{text}")
    except ValueError:
        raise ValidationError("Not a day, for example 12-31 (each year) or 2027-02-06 (once).") from None


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


def _valid_for(text: str) -> None:
    _duration(text)
    if duration(text) > LONGEST_VALID:
        raise ValidationError("Longer than 7d: nobody wants to be greeted so late.")


class CalendarEntry(Schema):
    """One of: a date of the customer, declared days, days after an event, so long before an appointment."""

    date_of = Code(32)
    days_before = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 365))
    yearly = YesNo(load_default=True)
    days = fields.List(fields.String(validate=_day), validate=validate.Length(1, 366))
    after = fields.String(validate=validate.OneOf(EVENTS))
    days_after = fields.Integer(strict=True, validate=validate.Range(0, 365))

    before_appointment = fields.String(validate=_duration)

    @validates_schema
    def _one_form(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(form in data for form in _FORMS) != 1:
            raise ValidationError(f"Needs one of {', '.join(_FORMS)}.")
        if ("after" in data) != ("days_after" in data):
            raise ValidationError("Goes with `after`, and `after` with it.", "days_after")


class PlanEntry(Schema):
    """One care plan; off unless `active` says otherwise; once a year, but for appointments, unless `per_year` does."""

    name = fields.Dict(keys=fields.String(), values=Text(64), load_default=dict)
    active = YesNo(load_default=False)
    audience = Text(LONGEST, load_default=None, allow_none=True)
    calendar = fields.Nested(CalendarEntry, required=True)
    at = time_of_day(required=False)
    template = Code(64, required=True)
    kind = Code(32, required=True)
    channels = fields.List(
        fields.String(validate=validate.OneOf(ALL_CHANNELS)),
        required=True,
        validate=validate.Length(1, len(ALL_CHANNELS)),
    )
    urgency = fields.String(load_default=BULK, validate=validate.OneOf(URGENCIES))
    valid_for = fields.String(load_default="12h", validate=_valid_for)
    per_year = fields.Integer(allow_none=True, strict=True, validate=validate.Range(1, 366))

    @validates_schema
    def _each_once(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(set(data["channels"])) < len(data["channels"]):
            raise ValidationError("None of them twice.", "channels")

    @validates_schema
    def _has_a_time(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("at" in data) == ("before_appointment" in data["calendar"]):
            raise ValidationError("Needed, but where an appointment gives the time.", "at")


class CareEntry(Schema):
    """All plans by their codes; `per_year`: how much care one customer gets of all of them in a year, null: any."""

    per_year = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000))
    plans = fields.Dict(keys=fields.String(validate=_CODE), values=fields.Nested(PlanEntry), load_default=dict)


@dataclass(frozen=True)
class Care:
    """The same as values."""

    per_year: int | None
    plans: Mapping[str, Plan]

    @property
    def active(self) -> list[Plan]:
        """The plans in force."""
        return [plan for plan in self.plans.values() if plan.active]

    @property
    def rules(self) -> list[Rule]:
        """The plans in force as rules, as long worth telling as they may be at most."""
        return [plan.rule(plan.valid_for) for plan in self.active]


def care_of(body: Mapping[str, Any]) -> Care:
    """From a body as its schema loads it, in which `faults` finds none."""
    entry = body.get("care_plans") or {"per_year": None, "plans": {}}
    return Care(entry["per_year"], {code: _plan(code, plan) for code, plan in entry["plans"].items()})


def samples(body: Mapping[str, Any], template: str) -> list[dict[str, Any]]:
    """What a template may be given by plans; none where no plan uses it."""
    found = []
    for entry in _entries(body).values():
        if entry["template"] == template:
            calendar = entry["calendar"]
            full = {**SAMPLE, **OF_ALL, **FOR_CUSTOMERS}
            full["years"] = full["years"] if "date_of" in calendar and calendar["yearly"] else None
            full["starts_at"] = full["starts_at"] if "before_appointment" in calendar else None
            found += [full, {**full, **LESS, "days_before": 0}]
    return found


def faults(body: Mapping[str, Any], languages: Sequence[str]) -> dict[str, list[str]]:
    """What does not fit together, by its place in the body."""
    found: dict[str, list[str]] = {}
    for code, entry in _entries(body).items():
        place = f"care_plans.plans.{code}"
        if entry["kind"] not in body["kinds"]:
            found[f"{place}.kind"] = [f"unknown kind {entry['kind']!r}"]
        if wrong := _not_a_condition(entry["audience"]):
            found[f"{place}.audience"] = [wrong]
        if lacking := [
            channel for channel in entry["channels"] if not _written(body, entry["template"], channel, languages)
        ]:
            said = f"template {entry['template']!r} has no {', '.join(lacking)} text in {', '.join(languages)}"
            found[f"{place}.template"] = [said]
    return found


def _entries(body: Mapping[str, Any]) -> Mapping[str, Any]:
    entries: Mapping[str, Any] = (body.get("care_plans") or {}).get("plans", {})
    return entries


def _not_a_condition(source: str | None) -> str | None:
    try:
        if source is not None:
            condition(source, NAMES)
    except BadCondition as fault:
        return str(fault)
    return None


def _written(body: Mapping[str, Any], template: str, channel: str, languages: Sequence[str]) -> bool:
    """What is said on the telephone may be the SMS."""
    channels = body["templates"].get(template, {})
    texts = channels.get(channel) or (channels.get(SMS, {}) if channel == CALL else {})
    return ANY_LANGUAGE in texts or set(languages) <= set(texts)


def _plan(code: str, entry: Mapping[str, Any]) -> Plan:
    known = {name: entry[name] for name in ("name", "active", "template", "kind", "urgency")}
    return Plan(
        code=code,
        calendar=_calendar(entry["calendar"]),
        per_year=entry.get("per_year", None if "before_appointment" in entry["calendar"] else 1),
        at=time.fromisoformat(entry.get("at", "00:00")),
        channels=tuple(entry["channels"]),
        valid_for=duration(entry["valid_for"]),
        audience=condition(entry["audience"], NAMES) if entry["audience"] is not None else None,
        **known,
    )


def _calendar(entry: Mapping[str, Any]) -> OfDate | OnDays | After | Ahead:
    if "before_appointment" in entry:
        return Ahead(duration(entry["before_appointment"]))
    if "date_of" in entry:
        return OfDate(entry["date_of"], entry["days_before"], entry["yearly"])
    return OnDays(frozenset(entry["days"])) if "days" in entry else After(entry["after"], entry["days_after"])
