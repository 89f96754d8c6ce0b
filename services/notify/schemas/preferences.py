"""What callers say of recipients' preferences, and how they read them. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.notify.domain.audience import ALL_CHANNELS
from services.notify.domain.preferences import ADDRESS, ALL_KINDS, CUSTOMER, Preferences
from services.notify.reference.checks import LANGUAGES
from services.notify.reference.holding import HoursEntry, quiet_hours
from shared import errors
from shared.clock import to_text
from shared.schemas import Code, Request, Text, Zone, normal_email, normal_phone


class Address(fields.String):
    """A telephone number with its country code, or an e-mail address, in its normal form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 254:
            raise ValidationError("Not a telephone number or an e-mail address.")
        return normal_email(text) if "@" in text else normal_phone(text)


def _channels() -> fields.List[str]:
    return fields.List(fields.String(validate=validate.OneOf(ALL_CHANNELS)), validate=_no_two)


def _no_two(names: Collection[str]) -> None:
    if len(set(names)) < len(names):
        raise ValidationError("One comes twice.")


class Whose(Request):
    """A customer, or whoever has an address."""

    customer_id = Code(64)
    address = Address()

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("customer_id" in data) == ("address" in data):
            raise ValidationError("Give either customer_id or address.", "customer_id")


class SetPreferences(Whose):
    """What is not named stays as it is; null and empty take back what was said."""

    channels = _channels()
    unwanted = _channels()
    opted_out = fields.List(Text(32), validate=_no_two)
    language = fields.String(validate=validate.OneOf(LANGUAGES), allow_none=True)
    time_zone = Zone(allow_none=True)
    quiet_hours = fields.Nested(HoursEntry, allow_none=True)
    per_day = fields.Dict(keys=Code(32), values=fields.Integer(strict=True, validate=validate.Range(1, 1_000)))

    @validates_schema
    def _not_both(self, data: Mapping[str, Any], **_: Any) -> None:
        if set(data.get("channels", ())) & set(data.get("unwanted", ())):
            raise ValidationError("A channel is wanted or not, not both.", "unwanted")


class Unsubscribe(Request):
    """By the token of a message."""

    token = Code(64, required=True)


class Resubscribe(Whose):
    """No kind: everything."""

    kind = Code(32)


def recipient(customer_id: str | None = None, address: str | None = None) -> str:
    """The recipient's name: `customer:<id>` or `address:<address>`."""
    return f"{CUSTOMER}{customer_id}" if customer_id is not None else f"{ADDRESS}{address}"


def said(given: Mapping[str, Any], kinds: Collection[str]) -> dict[str, Any]:
    """As the domain takes it; raises `ValidationError` by path for a kind that the reference data do not have."""
    _known(given, kinds)
    values = dict(given)
    values |= {name: tuple(given[name]) for name in ("channels", "unwanted") if name in given}
    if given.get("quiet_hours"):
        values["quiet_hours"] = quiet_hours(given["quiet_hours"])
    return values


def _known(given: Mapping[str, Any], kinds: Collection[str]) -> None:
    named = {f"opted_out.{n}": kind for n, kind in enumerate(given.get("opted_out", ())) if kind != ALL_KINDS}
    named |= {f"per_day.{kind}": kind for kind in given.get("per_day", {})}
    unknown = {place: [f"unknown kind {kind!r}"] for place, kind in named.items() if kind not in kinds}
    if unknown:
        raise errors.ValidationError(unknown)


def preferences(state: Preferences) -> dict[str, Any]:
    """What one recipient has said; null and empty: nothing."""
    quiet = state.quiet_hours
    hours = {"from": quiet.start.isoformat("minutes"), "to": quiet.end.isoformat("minutes")} if quiet else None
    return {
        "recipient": state.recipient,
        "channels": list(state.channels),
        "unwanted": list(state.unwanted),
        "opted_out": sorted(state.opted_out),
        "language": state.language,
        "time_zone": state.time_zone,
        "quiet_hours": hours,
        "per_day": dict(state.per_day),
        "version": state.version,
        "changed_at": to_text(state.last_at) if state.last_at else None,
    }


def unsubscribed(recipient: str, kind: str) -> dict[str, Any]:
    """The answer to whoever wants no more."""
    return {"recipient": recipient, "kind": kind}
