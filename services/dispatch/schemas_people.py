"""What dispatch is asked and told about agents. Field names are those on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.reference.organisation import HIGHEST_LEVEL, ROLES, USUAL_LEVEL, USUAL_ROLE
from services.dispatch.flow_schemas import Members
from shared.schemas import Code, Page, Request, Text, YesNo

LARGEST_CAPACITY, MOST_CODES, LONGEST_PATTERN = 1_000_000, 50, 366
LONGEST_EXPIRY = 7 * 86_400  # seconds


class Levels(Members):
    """Skill -> level; a list of skills means the usual level of each."""

    def __init__(self, **kwargs: Any) -> None:
        level = fields.Integer(strict=True, validate=validate.Range(1, HIGHEST_LEVEL))
        super().__init__(keys=Code(64), values=level, validate=validate.Length(max=MOST_CODES), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            value = dict.fromkeys(fields.List(Code(64)).deserialize(value), USUAL_LEVEL)
        return super()._deserialize(value, attr, data, **kwargs)


class AgentFields(Request):
    """Who an agent is; `capacity` is how many units of open work it takes, `at_once` how much of a type of work."""

    name = Text(120, required=True)
    teams = fields.List(Code(64), required=True, validate=validate.Length(1, MOST_CODES))
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(0, LARGEST_CAPACITY))
    role = fields.String(validate=validate.OneOf(ROLES), load_default=USUAL_ROLE)
    skills = Levels(load_default=dict)
    languages = fields.List(Code(35), load_default=list, validate=validate.Length(max=MOST_CODES))
    channels = fields.List(Code(64), load_default=list, validate=validate.Length(max=MOST_CODES))
    at_once = Members(
        keys=Code(64),
        values=fields.Integer(strict=True, validate=validate.Range(0, LARGEST_CAPACITY)),
        load_default=dict,
        validate=validate.Length(max=MOST_CODES),
    )
    rota = Code(64, load_default=None, allow_none=True)
    rota_offset = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, LONGEST_PATTERN - 1))


class SaveAgent(AgentFields):
    """An agent, whole."""

    agent_id = Code(64, required=True)


class SetPresence(Request):
    """What an agent says of itself, and for how many seconds without a sign of life that is to be believed."""

    agent_id = Code(64, required=True)
    status = fields.String(required=True, validate=validate.OneOf([status.value for status in Status]))
    expires_in = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(1, LONGEST_EXPIRY)
    )


class GetAgent(Request):
    """By id."""

    agent_id = Code(64, required=True)


class FindAgents(Page):
    """Any combination of filters."""

    team = Code(64)
    status = fields.String(validate=validate.OneOf([status.value for status in Status]))
    has_room = YesNo()
