"""What dispatch is asked and told about agents. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.reference.matter import LANGUAGES, TYPES
from services.dispatch.domain.reference.organisation import HIGHEST_LEVEL, ROLES, USUAL_LEVEL, USUAL_ROLE
from services.dispatch.schemas import LONGEST_REASON
from services.dispatch.schemas.flows import Members
from shared.business_time.instants import FIRST_YEAR, LAST_YEAR
from shared.schemas import Code, Instant, Page, Request, Text, YesNo

LARGEST_CAPACITY, MOST_CODES, LONGEST_PATTERN = 1_000_000, 50, 366
LONGEST_CHANNEL = 32  # of a ticket's; there is no list of them
LONGEST_EXPIRY = 7 * 86_400  # seconds
LONGEST_ROSTER = timedelta(days=62)
#: The years that calendars know.
WITHIN = validate.Range(datetime(FIRST_YEAR + 1, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC))


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
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), load_default=list, validate=validate.Length(max=MOST_CODES)
    )
    channels = fields.List(Code(LONGEST_CHANNEL), load_default=list, validate=validate.Length(max=MOST_CODES))
    at_once = Members(
        keys=fields.String(validate=validate.OneOf(TYPES)),
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


class Heartbeat(Request):
    """A sign of life."""

    agent_id = Code(64, required=True)


class Day(fields.Date):
    """A day of the calendar, as `2026-03-05`, within the years that calendars know."""

    def __init__(self, **kwargs: Any) -> None:
        within = validate.Range(date(FIRST_YEAR + 1, 1, 1), date(LAST_YEAR - 1, 12, 31))
        super().__init__(format="iso", validate=within, **kwargs)


class Period(Request):
    """From `since` to before `until`."""

    since = Instant(required=True, validate=WITHIN)
    until = Instant(required=True, validate=WITHIN)

    @validates_schema
    def _in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["until"] <= data["since"]:
            raise ValidationError("Is not after since.", "until")


class RecordLeave(Period):
    """When the agent is not there, and why."""

    agent_id = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class CancelLeave(Request):
    """Which leave does not take place, or ends now, and why."""

    agent_id = Code(64, required=True)
    leave_id = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class AddDuty(Request):
    """Which shift the agent works besides its rota, on which local day of it, and why."""

    agent_id = Code(64, required=True)
    date = Day(required=True)
    shift = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class CancelDuty(Request):
    """Which extra duty the agent does not work, or no longer, and why."""

    agent_id = Code(64, required=True)
    duty_id = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class SwapShifts(Request):
    """The agent's duty of `date` for that of another agent of `with_date`; each day is one of its own agent's rota."""

    agent_id = Code(64, required=True)
    date = Day(required=True)
    with_agent = Code(64, required=True)
    with_date = Day(required=True)
    reason = Text(LONGEST_REASON, required=True)

    @validates_schema
    def _two(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["with_agent"] == data["agent_id"]:
            raise ValidationError("Is the same agent.", "with_agent")


class WhoIsOn(Page):
    """The agents of a team (all), now or at another time."""

    team = Code(64)
    at_time = Instant(data_key="at", load_default=None, allow_none=True, validate=WITHIN)


class GetRoster(Page, Period):
    """The duties of a team's agents, or of one agent, in a period of two months at most."""

    team = Code(64)
    agent_id = Code(64)

    @validates_schema
    def _of_somebody(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("team" in data) == ("agent_id" in data):
            raise ValidationError("Give either team or agent_id.", "team")
        if data["until"] - data["since"] > LONGEST_ROSTER:
            raise ValidationError(f"Is more than {LONGEST_ROSTER.days} days after since.", "until")


class GetAgent(Request):
    """By id."""

    agent_id = Code(64, required=True)


class FindAgents(Page):
    """Any combination of filters."""

    team = Code(64)
    status = fields.String(validate=validate.OneOf([status.value for status in Status]))
    has_room = YesNo()
