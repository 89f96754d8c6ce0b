"""What the reference data say of holding: kinds, their caps and digests, quiet hours, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, validate

from services.notify.domain.audience import CHANNELS
from services.notify.domain.holding import DigestPolicy, Kind
from services.notify.domain.quiet_hours import QuietHours
from services.notify.domain.rules import URGENCIES, Rule
from services.notify.durations import duration

DIGEST_TEMPLATE = "digest"
#: What the template of digests is given; `more`: how many are not listed.
DIGEST_SAMPLE: Mapping[str, Any] = {
    "kind_name": "Work",
    "count": 130,
    "more": 30,
    "items": [
        {
            "line": "[P2] Ticket T-1042 is assigned to you",
            "ticket_no": "T-1042",
            "at": datetime(2026, 3, 2, 13, 0, tzinfo=UTC),
        }
    ],
}
#: Automatic answers to one address a day: to a machine on the other side, one mail is one too many already.
ANSWERS: Mapping[str, int] = {"sms": 10, "email": 1}
_GRACE = timedelta(days=1)


def _time_of_day(text: str) -> None:
    try:
        QuietHours.parse(text, text)
    except ValueError:
        raise ValidationError("Not a time of day, for example 22:00.") from None


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


def time_of_day(required: bool = True) -> fields.String:
    """`22:00`."""
    return fields.String(required=required, validate=validate.And(validate.Length(equal=5), _time_of_day))


#: From when to when it is quiet, past midnight where `to` is the smaller.
HoursEntry = Schema.from_dict({"from": time_of_day(), "to": time_of_day()}, name="HoursEntry")


class DigestEntry(Schema):
    """More than `after` within `within` are told together at the end of each `every`; `spare`: urgencies never are."""

    after = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1_000))
    within = fields.String(required=True, validate=_duration)
    every = fields.String(required=True, validate=_duration)
    spare = fields.List(fields.String(validate=validate.OneOf(URGENCIES)), load_default=list)


class AnswersEntry(Schema):
    """At most so many automatic answers to one address a day, by channel."""

    sms = fields.Integer(load_default=ANSWERS["sms"], strict=True, validate=validate.Range(0, 1_000))
    email = fields.Integer(load_default=ANSWERS["email"], strict=True, validate=validate.Range(0, 1_000))


@dataclass(frozen=True)
class Holding:
    """The same as values. `obsoleting`: event type -> how long it is to be remembered that it has happened."""

    kinds: Mapping[str, Kind]
    quiet_hours: QuietHours | None
    zone: ZoneInfo
    obsoleting: Mapping[str, timedelta]
    answers: Mapping[str, int]

    @property
    def obligatory(self) -> frozenset[str]:
        """The kinds that nobody can opt out of."""
        return frozenset(code for code, kind in self.kinds.items() if kind.obligatory)

    def kind(self, code: str) -> Kind:
        """The kind; one that the reference data no longer have is an ordinary one."""
        return self.kinds.get(code) or Kind(code)


def holding_of(body: Mapping[str, Any], rules: Sequence[Rule], reminders: Sequence[Rule] = ()) -> Holding:
    """From a body as its schema loads it. `reminders`: what care plans tell, as rules."""
    hours = body.get("quiet_hours")
    return Holding(
        kinds={code: _kind(code, entry) for code, entry in body["kinds"].items()},
        quiet_hours=quiet_hours(hours) if hours else None,
        zone=ZoneInfo(body["time_zone"]),
        obsoleting=_obsoleting([*rules, *reminders]),
        answers=body.get("answers") or ANSWERS,
    )


def quiet_hours(entry: Mapping[str, str]) -> QuietHours:
    """From `{from, to}`."""
    return QuietHours.parse(entry["from"], entry["to"])


def faults(rules: Sequence[Rule], body: Mapping[str, Any], languages: Sequence[str]) -> dict[str, list[str]]:
    """Kinds with digests whose channels the digests' template has no text for, by place."""
    return {
        f"kinds.{code}.digest": [f"template {DIGEST_TEMPLATE!r} has no {channel} text in {', '.join(languages)}"]
        for code, entry in body["kinds"].items()
        for channel in _channels(code, rules)
        if entry.get("digest") and not _written(body, channel, languages)
    }


def _channels(kind: str, rules: Sequence[Rule]) -> list[str]:
    used = {channel for rule in rules if rule.kind == kind for channel in rule.channels}
    return [channel for channel in CHANNELS if channel in used]


def _written(body: Mapping[str, Any], channel: str, languages: Sequence[str]) -> bool:
    texts = body["templates"].get(DIGEST_TEMPLATE, {}).get(channel, {})
    return "default" in texts or set(languages) <= set(texts)


def _kind(code: str, entry: Mapping[str, Any]) -> Kind:
    digest = entry.get("digest")
    policy = {name: entry[name] for name in ("obligatory", "quiet", "per_day", "name") if name in entry}
    return Kind(code, **policy, digest=_digest(digest) if digest else None)


def _digest(entry: Mapping[str, Any]) -> DigestPolicy:
    within, every = (duration(entry[name]) for name in ("within", "every"))
    return DigestPolicy(entry["after"], within, every, frozenset(entry["spare"]))


def _obsoleting(rules: Sequence[Rule]) -> Mapping[str, timedelta]:
    longest: dict[str, timedelta] = {}
    for rule in rules:
        for event in rule.obsolete:
            longest[event] = max(longest.get(event, timedelta()), rule.valid_for + _GRACE)
    return longest
