"""What the reference data say of the ledger: how long to wait for a word, what counts as reached, how calls go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.notify.domain.audience import ALL_CHANNELS
from services.notify.domain.ledger import DELIVERED, SENT
from services.notify.domain.limits import Limits
from services.notify.domain.rules import URGENCIES
from services.notify.durations import duration

_DEFAULT = Limits()


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


def _length() -> fields.String:
    return fields.String(validate=_duration)


def by_urgency() -> fields.Dict:
    """`{urgent: 4h, normal: 12h, bulk: 1d}`; an urgency that is left out keeps its default."""
    return fields.Dict(keys=fields.String(validate=validate.OneOf(URGENCIES)), values=_length(), load_default=dict)


class CallsEntry(Schema):
    """An agent has a call for `lease`; who was not reached is called `again` later, `attempts` times in all."""

    lease = _length()
    again = _length()
    attempts = fields.Integer(strict=True, validate=validate.Range(1, 20))


def reached_entry() -> fields.Dict:
    """`{sms: delivered, email: sent}`; a call counts when somebody was spoken to."""
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(ALL_CHANNELS[:-1])),
        values=fields.String(validate=validate.OneOf((SENT, DELIVERED))),
        load_default=dict,
    )


def limits_of(body: Mapping[str, Any]) -> Limits:
    """From a body as its schema loads it; what it leaves out has its default."""
    calls = body.get("calls") or {}
    return Limits(
        after={**_DEFAULT.after, **_lengths(body.get("unknown_after"))},
        limit={**_DEFAULT.limit, **_lengths(body.get("unknown_limit"))},
        reached={**_DEFAULT.reached, **(body.get("reached") or {})},
        call_lease=duration(calls["lease"]) if "lease" in calls else _DEFAULT.call_lease,
        call_again=duration(calls["again"]) if "again" in calls else _DEFAULT.call_again,
        call_attempts=calls.get("attempts", _DEFAULT.call_attempts),
    )


def _lengths(entry: Mapping[str, str] | None) -> dict[str, timedelta]:
    return {urgency: duration(text) for urgency, text in (entry or {}).items()}
