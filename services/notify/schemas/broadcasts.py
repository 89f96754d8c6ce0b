"""What callers ask of broadcasts, and what they are answered. Field names are those on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.notify.addresses import fault
from services.notify.domain import broadcasts as rules
from services.notify.domain.audience import ALL_CHANNELS, CALL, EMAIL
from services.notify.domain.broadcasts import Broadcast, Outage, Plan
from services.notify.domain.proof import Reach
from services.notify.domain.recipients import Entry
from services.notify.domain.rules import URGENCIES
from services.notify.durations import duration
from services.notify.reference.broadcasts import SAMPLE, BroadcastKind
from services.notify.reference.checks import LANGUAGES
from services.notify.storage.audiences import chosen
from services.notify.storage.calling import Unreached
from services.notify.texts import ANY_LANGUAGE
from shared import errors
from shared.conditions import LONGEST, BadCondition
from shared.schemas import Code, Instant, Key, Number, Page, Request, Text, YesNo, normal_email, normal_phone

LONGEST_TEXT, MOST_VARIABLES, MOST_RECIPIENTS, MOST_AREAS = 5_000, 40, 1_000, 500
_NAME = validate.Regexp(r"[a-z][a-z0-9_]{0,31}\Z", error="Not a name like amount or due_on.")


def _duration(text: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None


def _unique(values: Sequence[str]) -> None:
    if len(set(values)) < len(values):
        raise ValidationError("One comes twice.")


class Scalar(fields.Field[Any]):
    """What a text can say: a short text, a number, true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return Text(1_000).deserialize(value) if value else ""
        if not isinstance(value, bool | int | float) or (not isinstance(value, bool) and abs(value) > 1e15):
            raise ValidationError("Not a text, a number, true or false.")
        return value


class Variables(fields.Dict):
    """Name -> what texts say by it; the names that every broadcast gives are not to be taken."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=fields.String(validate=_NAME), values=Scalar(), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        if taken := sorted(set(found) & set(SAMPLE)):
            raise ValidationError({taken[0]: ["Every broadcast says this by itself."]})
        if len(found) > MOST_VARIABLES:
            raise ValidationError(f"More than {MOST_VARIABLES}.")
        return found


class Address(Text):
    """As it came; in its normal form where it can be an address at all. What cannot becomes a failed message."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        channel = EMAIL if attr == "email" else CALL
        if fault(channel, text) is not None:
            return text
        return normal_email(text) if channel == EMAIL else normal_phone(text)


class RecipientEntry(Schema):
    """One recipient: a customer, or whoever has an address."""

    customer_id = Code(64)
    phone = Address(254)
    email = Address(254)
    name = Text(120)
    area = Code(64)
    household = Code(64)
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    variables = Variables(load_default=dict)

    @validates_schema
    def _somebody(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("customer_id" in data) == ("phone" in data or "email" in data):
            raise ValidationError("Give either customer_id, or phone, email or both.", "customer_id")


class AudienceEntry(Request):
    """Listed recipients, the first of them here; else the customers of some areas, of whom a condition holds."""

    listed = YesNo()
    recipients = fields.List(fields.Nested(RecipientEntry), validate=validate.Length(max=MOST_RECIPIENTS))
    areas = fields.List(Code(64), validate=validate.And(validate.Length(1, MOST_AREAS), _unique))
    where = Text(LONGEST)

    @validates_schema
    def _either(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("recipients" in data or data.get("listed")) and ("areas" in data or "where" in data):
            raise ValidationError("Give either recipients, or areas and where.", "recipients")
        if "where" in data:
            try:
                chosen(data["where"])
            except BadCondition as bad:
                raise ValidationError(str(bad), "where") from None


class SmsWords(Schema):
    """One language."""

    text = Text(LONGEST_TEXT, required=True)


class EmailWords(SmsWords):
    """One language."""

    subject = Text(500, required=True)
    html = Text(4 * LONGEST_TEXT, required=True)


def _words(schema: type[Schema]) -> fields.Dict:
    languages = fields.String(validate=validate.OneOf((*LANGUAGES, ANY_LANGUAGE)))
    return fields.Dict(keys=languages, values=fields.Nested(schema), validate=validate.Length(1))


class Words(Schema):
    """A broadcast's own texts, by channel; what is said on the telephone is the SMS, unless `call` has its own."""

    sms = _words(SmsWords)
    email = _words(EmailWords)
    call = _words(SmsWords)


OutageEntry = Schema.from_dict({"from": Instant(required=True), "to": Instant(required=True)}, name="OutageEntry")


def _outages() -> fields.Dict:
    return fields.Dict(keys=Code(64), values=fields.Nested(OutageEntry), validate=validate.Length(max=MOST_AREAS))


class PlanEntry(Request):
    """What is told: a template of the reference data, or texts."""

    template = Code(64)
    texts = fields.Nested(Words)
    variables = Variables()
    outages = _outages()
    valid_for = fields.String(validate=_duration)

    @validates_schema
    def _as_one(self, data: Mapping[str, Any], **_: Any) -> None:
        if "template" in data and "texts" in data:
            raise ValidationError("Give either template or texts.", "texts")
        for area, outage in data.get("outages", {}).items():
            if outage["to"] <= outage["from"]:
                raise ValidationError({area: {"to": ["It ends before it begins."]}}, "outages")


class MakeBroadcast(PlanEntry):
    """A broadcast; a draft, unless `start`."""

    name = Text(120, required=True)
    kind = Code(32, required=True)
    audience = fields.Nested(AudienceEntry, required=True)
    channels = fields.List(
        fields.String(validate=validate.OneOf(ALL_CHANNELS)),
        required=True,
        validate=validate.And(validate.Length(1), _unique),
    )
    urgency = fields.String(validate=validate.OneOf(URGENCIES))
    start_at = Instant(load_default=None, allow_none=True)
    pace = Number(load_default=None, allow_none=True, allow_nan=False, validate=validate.Range(0.01, 10_000))
    window = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000_000))
    start = YesNo(load_default=False)


class AddRecipients(Request):
    """A chunk more."""

    broadcast_id = Key(64, required=True)
    recipients = fields.List(fields.Nested(RecipientEntry), required=True, validate=validate.Length(1, MOST_RECIPIENTS))


class OneBroadcast(Request):
    """By id."""

    broadcast_id = Key(64, required=True)


class StopBroadcast(OneBroadcast):
    """Why."""

    why = Text(500, required=True)


class AmendBroadcast(PlanEntry):
    """What is otherwise now, and why."""

    broadcast_id = Key(64, required=True)
    why = Text(500, required=True)

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data.keys() - {"broadcast_id", "why"}:
            raise ValidationError("Nothing is otherwise.", "texts")


class FindBroadcasts(Page):
    """Newest first."""

    state = fields.String(validate=validate.OneOf(rules.STATES))


class OneEdition(OneBroadcast):
    """By id; `edition` None: the newest."""

    edition = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1))


class FindUnreached(Page, OneEdition):
    """Those whom nothing has reached; `uncallable`: of these, whom no call task can be made for either."""

    uncallable = YesNo(load_default=False)


# as values


def place(after: str | None) -> str | None:
    """Where a page of unreached ended; `ValidationError` where it is no such place."""
    try:
        parts = json.loads(after) if after is not None else [""] * 3
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != 3 or not all(isinstance(one, str | None) for one in parts):
        raise errors.ValidationError({"after": ["Not the next of a page."]})
    return after


def entries(rows: Sequence[Mapping[str, Any]], kind: BroadcastKind) -> list[Entry]:
    """The recipients; `ValidationError` by place where one lacks what this kind of broadcast says to each."""
    faults = {
        f"recipients.{place}.variables.{name}": ["Every recipient of this kind of broadcast has one."]
        for place, row in enumerate(rows)
        for name in kind.variables
        if name not in row["variables"]
    }
    if faults:
        raise errors.ValidationError(faults)
    return [Entry(**row) for row in rows]


def bad(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Those whose address cannot be one, by place: they become failed messages."""
    return [
        {"place": place, "why": why}
        for place, entry in enumerate(entries)
        for channel, address in ((CALL, entry.phone), (EMAIL, entry.email))
        if address and (why := fault(channel, address)) is not None
    ]


def plan_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Plan` that are given."""
    found = {name: given[name] for name in ("template", "texts", "variables") if name in given}
    if "template" in given or "texts" in given:
        found = {"template": None, "texts": {}, **found}
    if "outages" in given:
        found["outages"] = {area: Outage(one["from"], one["to"]) for area, one in given["outages"].items()}
    if "valid_for" in given:
        found["valid_for"] = duration(given["valid_for"])
    return found


# replies


def receipt(broadcast: Broadcast) -> dict[str, Any]:
    """The answer to a command."""
    return {
        "broadcast_id": broadcast.broadcast_id,
        "state": broadcast.state,
        "edition": broadcast.plan.edition,
        "version": broadcast.version,
    }


def summary(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast in a list."""
    audience = broadcast.audience
    return {
        **receipt(broadcast),
        "name": broadcast.name,
        "kind": broadcast.kind,
        "about": broadcast.about,
        "urgency": broadcast.urgency,
        "channels": list(broadcast.plan.channels),
        "created_at": broadcast.created_at,
        "start_at": broadcast.start_at,
        "pace": broadcast.pace,
        "window": broadcast.window,
        "audience": {
            "listed": audience.listed,
            "recipients": audience.recipients if audience.listed else None,
            "areas": list(audience.areas),
            "where": audience.where,
        },
        "seen": broadcast.walk.seen,
        "doing": broadcast.walk.tasks[0] if broadcast.walk.tasks else None,
        "ended_why": broadcast.ended_why,
    }


def whole(broadcast: Broadcast, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A broadcast in full, with every edition."""
    editions = [_plan(plan) for plan in (*broadcast.earlier, broadcast.plan)]
    return {**summary(broadcast), "editions": editions, "history": list(history)}


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "edition": plan.edition,
        "at": plan.at,
        "template": plan.template,
        "texts": plan.texts,
        "variables": plan.variables,
        "outages": {area: {"from": one.from_, "to": one.to} for area, one in plan.outages.items()},
        "valid_for_seconds": plan.valid_for.total_seconds(),
        "lead_seconds": plan.lead.total_seconds() if plan.lead is not None else None,
    }


def progress(broadcast: Broadcast, edition: int, states: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """How far it has come: `seen` of the audience, and the rows of an edition by channel and state."""
    by_state: dict[str, int] = {}
    for counts in states.values():
        for state, rows in counts.items():
            by_state[state] = by_state.get(state, 0) + rows
    return {
        **receipt(broadcast),
        "edition": edition,
        "seen": broadcast.walk.seen,
        "audience": broadcast.audience.recipients if broadcast.audience.listed else None,
        "start_at": broadcast.start_at,
        "doing": broadcast.walk.tasks[0] if broadcast.walk.tasks else None,
        "messages": sum(by_state.values()),
        "states": by_state,
        "channels": {channel: dict(counts) for channel, counts in states.items()},
    }


def proof(broadcast: Broadcast, edition: int, areas: Sequence[Reach], whole: Reach) -> dict[str, Any]:
    """Whom it has reached, by area and in all."""
    rows = [{"area": one.area, **_reach(one)} for one in areas]
    return {**receipt(broadcast), "edition": edition, "total": _reach(whole), "areas": rows}


def _reach(one: Reach) -> dict[str, Any]:
    return {
        "to_reach": one.to_reach,
        "reached": one.reached,
        "on_time": one.on_time,
        "refused": one.refused,
        "reached_rate": one.reached_rate,
        "on_time_rate": one.on_time_rate,
    }


def unreached(found: Unreached) -> dict[str, Any]:
    """A household or customer that nothing has reached; `why_no_call`: why nobody of it can be called, if so."""
    one = found.missed
    return {
        "area": one.area,
        "household": one.household,
        "recipients": list(one.recipients),
        "messages": [{"channel": channel, "state": state, "detail": detail} for channel, state, detail in one.words],
        "under_way": one.under_way,
        "called": one.called,
        "why_no_call": found.why_not,
    }
