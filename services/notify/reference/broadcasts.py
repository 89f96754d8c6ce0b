"""What the reference data say of broadcasts: what each kind is about, and what is promised to whom it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.notify.domain.rules import BULK, URGENCIES
from services.notify.durations import duration
from shared.schemas import Code, Text, YesNo

#: What every text of a broadcast may say, with a sample. `replaces`: the recipient was told an older edition.
SAMPLE: Mapping[str, Any] = {
    "broadcast_name": "Planned outage in the north",
    "customer_name": "Ann",
    "area": "north",
    "outage_from": datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    "outage_to": datetime(2026, 3, 2, 4, 0, tzinfo=UTC),
    "edition": 2,
    "replaces": True,
}
#: It again with each thing that may be otherwise.
VARIANTS: Sequence[Mapping[str, Any]] = (
    {},
    {"replaces": False, "edition": 1},
    {"outage_from": None, "outage_to": None},
    {"area": None},
    {"customer_name": ""},
)


@dataclass(frozen=True)
class BroadcastKind:
    """`about`: the kind of its messages, for preferences. `outage`: it tells of one; `lead`: who is hit is promised to
    know so long before. `variables`: what each recipient brings, with a sample."""

    about: str
    valid_for: timedelta
    urgency: str = BULK
    outage: bool = False
    lead: timedelta | None = None
    template: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


class BroadcastEntry(Schema):
    """One kind of broadcasts."""

    about = Code(32, required=True)
    valid_for = fields.String(required=True, validate=_duration)
    urgency = fields.String(load_default=BULK, validate=validate.OneOf(URGENCIES))
    outage = YesNo(load_default=False)
    lead = fields.String(load_default=None, allow_none=True, validate=_duration)
    template = Code(64, load_default=None, allow_none=True)
    variables = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[a-z][a-z0-9_]{0,31}\Z")), values=Text(500), load_default=dict
    )


def broadcasts() -> fields.Dict:
    """The field of the reference data: code -> kind."""
    return fields.Dict(keys=Code(32), values=fields.Nested(BroadcastEntry), load_default=dict)


def kinds_of(body: Mapping[str, Any]) -> dict[str, BroadcastKind]:
    """Code -> kind, from a body as its schema loads it."""
    return {code: _kind(entry) for code, entry in body.get("broadcasts", {}).items()}


def samples(body: Mapping[str, Any], template: str) -> list[Mapping[str, Any]]:
    """What a template may be given by broadcasts; none where no kind of them uses it."""
    entries = [entry for entry in body.get("broadcasts", {}).values() if entry.get("template") == template]
    return [{**SAMPLE, **entry["variables"], **variant} for entry in entries for variant in VARIANTS]


def faults(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """What does not fit together, by its place in the body."""
    found: dict[str, list[str]] = {}
    for code, entry in body.get("broadcasts", {}).items():
        if entry["about"] not in body["kinds"]:
            found[f"broadcasts.{code}.about"] = [f"unknown kind {entry['about']!r}"]
        if entry["template"] is not None and entry["template"] not in body["templates"]:
            found[f"broadcasts.{code}.template"] = [f"unknown template {entry['template']!r}"]
        if entry["lead"] is not None and not entry["outage"]:
            found[f"broadcasts.{code}.lead"] = ["there is no outage to be told of so long before"]
        if taken := sorted(set(entry["variables"]) & set(SAMPLE)):
            found[f"broadcasts.{code}.variables.{taken[0]}"] = ["every broadcast says this by itself"]
    return found


def _kind(entry: Mapping[str, Any]) -> BroadcastKind:
    return BroadcastKind(
        about=entry["about"],
        valid_for=duration(entry["valid_for"]),
        urgency=entry["urgency"],
        outage=entry["outage"],
        lead=duration(entry["lead"]) if entry["lead"] else None,
        template=entry["template"],
        variables=entry["variables"],
    )
