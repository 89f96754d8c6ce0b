"""The form of a flow's definition (docs/flows.md); what it means is proved by `domain.Flow.from_dict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.dispatch.domain.flows.fields import TYPES
from services.dispatch.domain.reference.matter import LANGUAGES
from services.dispatch.domain.reference.organisation import HIGHEST_LEVEL
from shared.schemas import Code, Number, Request, Text, YesNo

LONGEST_CONDITION, LONGEST_MESSAGE = 1000, 500
LONGEST_PATTERN = 92  # with what makes it one for the whole text, the 100 of shared.conditions
TOLD = ("owner", "team", "supervisor", "duty_manager")
_PART = validate.Range(0, 1, min_inclusive=False, max_inclusive=False)
#: Codes that conditions name: `fields.eta`, `visits.on_site`.
_NAME = validate.Regexp(r"\A[a-z][a-z0-9_]{0,39}\Z", error="Lower-case letters, digits and _ only, a letter first.")


class Members(fields.Dict):
    """A mapping whose faults are told at the member's own path: `steps.triage.name`, not `steps.triage.value.name`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]  # marshmallow
        except ValidationError as error:
            raise ValidationError(_at_members(error.messages)) from None


def _at_members(messages: Any) -> Any:
    """Marshmallow's {member: {"key": [...], "value": ...}} as {member: ...}."""
    if not isinstance(messages, Mapping):
        return messages
    found: dict[Any, Any] = {}
    for member, kinds in messages.items():
        at_value = kinds.get("value", {})
        of_member = {"_schema": at_value} if isinstance(at_value, list) else dict(at_value)
        if "key" in kinds:
            of_member["_schema"] = [*kinds["key"], *of_member.get("_schema", [])]
        found[member] = of_member
    return found


_LEVELS = Members(keys=Code(64), values=fields.Integer(strict=True, validate=validate.Range(1, HIGHEST_LEVEL)))


def texts(longest: int = 120, **options: Any) -> Members:
    """A text in both languages."""
    key = fields.String(validate=validate.OneOf(LANGUAGES))
    return Members(keys=key, values=Text(longest), validate=_in_both, **options)


def _in_both(texts: Mapping[str, str]) -> None:
    if missing := [language for language in LANGUAGES if language not in texts]:
        raise ValidationError(f"Has no {' and no '.join(missing)}.")


def _condition(**options: Any) -> Text:
    return Text(LONGEST_CONDITION, **options)


class Amount(fields.Field[Any]):
    """An amount as text or number, kept as it came: the domain reads it exactly."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError("Not an amount, for example 120.50.")
        return value


class Skill(fields.Field[Any]):
    """A skill's code, or a mapping of one code to the least level that will do."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            return Code(64).deserialize(value)
        if len(value) != 1:
            raise ValidationError("Name one skill, for example network, or with its least level {network: 4}.")
        return _LEVELS.deserialize(value)


class WhoForm(Request):
    """All that is named must fit; with nothing named, the work's own team does it."""

    team = Code(64)
    role = Code(64)
    skill = Skill()
    agent = Code(64)


class FieldForm(Request):
    """A field; which members go with which type is the domain's to say."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    name = texts()
    required = YesNo()
    min = Number()
    max = Number()
    pattern = Text(LONGEST_PATTERN)
    of = fields.List(Text(64), validate=validate.Length(1, 100))


class CheckForm(Request):
    """A rule across fields."""

    rule = _condition(required=True)
    field = Code(64, required=True)
    message = texts(LONGEST_MESSAGE, required=True)


class EscalationForm(Request):
    """A level: when, and what it does."""

    level = fields.Integer(required=True, strict=True, validate=validate.Range(1, 9))
    at = Number(validate=validate.Range(0, 1, min_inclusive=False))  # 1: the moment at which it is due
    after = Text(40)
    tell = fields.List(fields.String(validate=validate.OneOf(TOLD)))
    raise_priority = YesNo()
    move_to = Code(64)


class LimitForm(Request):
    """Base of what may have a limit."""

    within = Text(40)
    calendar = Code(64)
    warn_at = fields.List(Number(validate=_PART), validate=validate.Length(max=9))
    escalations = fields.List(fields.Nested(EscalationForm), validate=validate.Length(max=9))


class FeeForm(Request):
    """What a step may cost."""

    required = YesNo()
    usual = Amount()
    min = Amount()
    max = Amount()


class WayForm(Request):
    """One way out of a step: `to` a step, or `parallel` steps and their `join`."""

    to = Code(64)
    parallel = fields.List(Code(64), validate=validate.Length(2, 20))
    join = Code(64)
    when = _condition()

    @validates_schema
    def _one_kind(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("to" in data) == ("parallel" in data):
            raise ValidationError("Say either `to`, or `parallel` and `join`.")
        if ("parallel" in data) != ("join" in data):
            raise ValidationError("`parallel` and `join` go together.")


class Next(fields.Field[Any]):
    """Where a step leads: a step's code, one way, or a list of ways of which the first that holds is taken."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, list) and value:
            faults = {number: fault for number, way in enumerate(value) if (fault := _faults_of(way))}
        else:
            faults = _faults_of(value)
        if faults:
            raise ValidationError(faults)
        return value


def _faults_of(way: Any) -> dict[Any, Any]:
    if isinstance(way, str) and way:
        return {}
    if not isinstance(way, Mapping):
        return {"_schema": ["Not a step's code, `end`, a way, or a list of ways."]}
    return dict(WayForm().validate(way))


class StepForm(LimitForm):
    """One step."""

    name = texts(required=True)
    who = fields.Nested(WhoForm)
    fields_ = Members(keys=fields.String(validate=_NAME), values=fields.Nested(FieldForm), data_key="fields")
    checks = fields.List(fields.Nested(CheckForm), validate=validate.Length(max=20))
    enter = _condition()
    leave = _condition()
    skippable = fields.String(validate=validate.Equal("overdue"))
    fee = fields.Nested(FeeForm)
    next = Next(required=True)


class GroupForm(LimitForm):
    """Steps with a limit together."""

    name = texts(required=True)
    steps = fields.List(Code(64), required=True, validate=validate.Length(min=1))
    within = Text(40, required=True)


class FlowForm(Request):
    """A flow, one file of deploy/config/flows/ each."""

    name = texts(required=True)
    for_ = _condition(data_key="for")
    start = Code(64, required=True)
    reopen_at = Code(64)
    currency = fields.String(validate=validate.Regexp(r"\A[A-Z]{3}\Z", error="Three capital letters, such as CNY."))
    groups = Members(keys=Code(64), values=fields.Nested(GroupForm))
    steps = Members(
        keys=fields.String(validate=_NAME),
        values=fields.Nested(StepForm),
        required=True,
        validate=validate.Length(min=1),
    )
