"""The form of notify's reference data: deploy/config/notify.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.notify.domain import audience as whom
from services.notify.domain import rules
from services.notify.domain.kinds import KINDS
from services.notify.domain.questions import ANSWERABLE
from services.notify.durations import duration
from services.notify.reference import broadcasts as reference_broadcasts
from services.notify.reference.care import CareEntry
from services.notify.reference.checks import LANGUAGES
from services.notify.reference.holding import AnswersEntry, DigestEntry, HoursEntry
from services.notify.reference.ledger import CallsEntry, by_urgency, reached_entry
from services.notify.reference.replies import InboundEntry
from services.notify.texts import ANY_LANGUAGE
from shared.conditions import LONGEST
from shared.schemas import Code, Email, Phone, Text

LONGEST_TEMPLATE = 20_000
#: Audience -> what an event must say so that it can be told.
NEEDED = {"customer": "customer_id", "watchers": "watchers", "told": "tell", "sender": "address"}


def _one_of(values: Sequence[str], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **options)


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(f"Unknown time zone {name!r}.") from None


def _carries_token(link: str) -> None:
    if link.count("{token}") != 1 or not link.startswith(("https://", "http://")):
        raise ValidationError("Needs a web address with {token} in it, once.")


def _audience(name: str) -> None:
    if name not in whom.AUDIENCES and not name.startswith(whom.LIST):
        raise ValidationError(f"Must be one of {', '.join(whom.AUDIENCES)}, or list:<code>.")


def _several(channels: Sequence[str]) -> None:
    if not channels or len(set(channels)) < len(channels):
        raise ValidationError("Needs at least one channel, none of them twice.")


class ContactEntry(Schema):
    """Where and in which language somebody of the staff is told."""

    phone = Phone(allow_none=True)
    email = Email(allow_none=True)
    language = _one_of(LANGUAGES, allow_none=True)


def _book() -> fields.Dict:
    return fields.Dict(keys=Code(64), values=fields.Nested(ContactEntry), load_default=dict)


class Staff(Schema):
    """Agents by id; teams, supervisors and duty managers by team code or `default`."""

    agents = _book()
    teams = _book()
    supervisors = _book()
    duty_managers = _book()


class RuleEntry(Schema):
    """On `event` tell `audience`."""

    event = _one_of(tuple(KINDS), required=True)
    audience = fields.String(required=True, validate=_audience)
    channels = fields.List(_one_of(whom.ALL_CHANNELS), required=True, validate=_several)
    template = Code(64, required=True)
    kind = Code(32, required=True)
    urgency = _one_of(rules.URGENCIES, required=True)
    valid_for = fields.String(required=True, validate=_duration)
    when = Text(LONGEST)
    obsolete = fields.List(_one_of(tuple(KINDS)))
    answers = _one_of(tuple(ANSWERABLE))

    @validates_schema
    def _asks_what(self, data: Mapping[str, Any], **_: Any) -> None:
        if not set(ANSWERABLE.get(data.get("answers", ""), ())) <= KINDS[data["event"]].keys():
            raise ValidationError(f"{data['event']} asks for no such answer.", "answers")

    @validates_schema
    def _names_whom(self, data: Mapping[str, Any], **_: Any) -> None:
        said = NEEDED.get(data["audience"])
        if said is not None and said not in KINDS[data["event"]]:
            raise ValidationError(f"{data['event']} names no such audience.", "audience")


class KindEntry(Schema):
    """What messages are about, for preferences; see services/notify/domain/preferences.py."""

    name = fields.Dict(keys=_one_of(LANGUAGES), values=Text(64), required=True)
    obligatory = fields.Boolean(load_default=False)
    per_day = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000))
    quiet = fields.Boolean(load_default=True)
    digest = fields.Nested(DigestEntry, load_default=None, allow_none=True)


class SmsText(Schema):
    """An SMS in one language."""

    text = Text(LONGEST_TEMPLATE, required=True)


class EmailText(SmsText):
    """An e-mail in one language."""

    subject = Text(LONGEST_TEMPLATE, required=True)
    html = Text(LONGEST_TEMPLATE, required=True)


def _texts(form: type[Schema]) -> fields.Dict:
    return fields.Dict(keys=_one_of((*LANGUAGES, ANY_LANGUAGE)), values=fields.Nested(form))


class TemplateEntry(Schema):
    """A template by channel and language."""

    sms = _texts(SmsText)
    email = _texts(EmailText)
    call = _texts(SmsText)


class ReferenceData(Schema):
    """deploy/config/notify.yaml."""

    default_language = _one_of(LANGUAGES, required=True)
    time_zone = fields.String(required=True, validate=_zone)
    survey_link = fields.String(required=True, validate=_carries_token)
    unsubscribe_link = fields.String(load_default=None, allow_none=True, validate=_carries_token)
    staff = fields.Nested(Staff, required=True)
    lists = fields.Dict(keys=Code(32), values=_book(), load_default=dict)
    kinds = fields.Dict(keys=Code(32), values=fields.Nested(KindEntry), required=True)
    quiet_hours = fields.Nested(HoursEntry, load_default=None, allow_none=True)
    answers = fields.Nested(AnswersEntry, load_default=None, allow_none=True)
    inbound = fields.Nested(InboundEntry)
    unknown_after = by_urgency()
    unknown_limit = by_urgency()
    reached = reached_entry()
    calls = fields.Nested(CallsEntry, load_default=None, allow_none=True)
    broadcasts = reference_broadcasts.broadcasts()
    care_plans = fields.Nested(CareEntry, load_default=None, allow_none=True)
    rules = fields.List(fields.Nested(RuleEntry), required=True)
    templates = fields.Dict(keys=Code(64), values=fields.Nested(TemplateEntry), required=True)
