"""The form of dispatch's reference data (deploy/config/dispatch.yaml, calendars/, flows/).

What the parts mean, and whether they fit together, is found by `domain.Reference.from_dict`; a calendar's form, too.
"""

from __future__ import annotations

from marshmallow import fields, validate

from services.dispatch.domain.assigning.assignment import PARTS
from services.dispatch.domain.reference.matter import PRIORITIES
from services.dispatch.domain.reference.organisation import ROLES
from services.dispatch.domain.reference.policy import PROMISED, REOPENING
from services.dispatch.schemas.flows import LONGEST_CONDITION, EscalationForm, FlowForm, Members, texts
from services.dispatch.schemas.people import LARGEST_CAPACITY, LONGEST_CHANNEL, LONGEST_PATTERN, MOST_CODES, AgentFields
from shared.schemas import Code, Number, Request, Text

LARGEST_WEIGHT = 1_000_000
MOST_ROTAS = 200


class Team(Request):
    """Who handles which categories; `supervisor` and `duty_manager` are agents' ids, `expert_team` a team's code."""

    name = Text(120, required=True)
    categories = fields.List(Code(64))
    supervisor = Code(64, allow_none=True)
    duty_manager = Code(64, allow_none=True)
    expert_team = Code(64, allow_none=True)
    calendar = Code(64, allow_none=True)
    skills = fields.List(Code(64), validate=validate.Length(max=MOST_CODES))


class Target(Request):
    """What is promised for a priority, as business time (`15m`, `3wd`)."""

    first_response = Text(40)
    resolution = Text(40)
    next_update = Text(40)
    calendar = Code(64)


class PolicyEscalation(EscalationForm):
    """A level of one of the policy's clocks."""

    clock = fields.String(required=True, validate=validate.OneOf(PROMISED))


class Policy(Request):
    """One policy of the ordered list."""

    code = Code(64, required=True)
    name = Text(120, required=True)
    when = Text(LONGEST_CONDITION)
    calendar = Code(64, required=True)
    warn_at = fields.List(
        Number(validate=validate.Range(0, 1, min_inclusive=False, max_inclusive=False)), validate=validate.Length(max=9)
    )
    targets = Members(
        keys=fields.String(validate=validate.OneOf(PRIORITIES)), values=fields.Nested(Target), required=True
    )
    pause = Members(keys=Code(64), values=fields.List(fields.String()))
    reopening = fields.String(validate=validate.OneOf(REOPENING))
    escalations = fields.List(fields.Nested(PolicyEscalation), validate=validate.Length(max=30))


class Role(Request):
    """What agents of a role may do, as a condition; without one, everything."""

    may = Text(LONGEST_CONDITION)


class Units(Request):
    """What work for which `when` holds takes of an agent's capacity."""

    when = Text(LONGEST_CONDITION)
    units = fields.Integer(required=True, strict=True, validate=validate.Range(1, LARGEST_CAPACITY))


class Triage(Request):
    """The team that first looks at work for which `when` holds."""

    team = Code(64, required=True)
    when = Text(LONGEST_CONDITION, required=True)


class Assignment(Request):
    """How work is given out; `accept_within` are times by the wall clock (`5m`)."""

    weights = Members(
        keys=fields.String(validate=validate.OneOf(PARTS)), values=Number(validate=validate.Range(0, LARGEST_WEIGHT))
    )
    units = fields.List(fields.Nested(Units), validate=validate.Length(max=50))
    accept_within = Members(keys=fields.String(validate=validate.OneOf(PRIORITIES)), values=Text(40))
    triage = fields.Nested(Triage)


class Shift(Request):
    """Hours of a day (`22:00` to `06:00`: into the next), and breaks within (`02:00-02:30`)."""

    name = Text(120, required=True)
    since = Text(5, data_key="from", required=True)
    until = Text(5, data_key="to", required=True)
    breaks = fields.List(Text(11), validate=validate.Length(max=12))


class Rota(Request):
    """Shifts, or `rest`, day by day and over and over, in the wall time of its zone."""

    name = Text(120, required=True)
    zone = Text(64, required=True)
    starts_on = Text(10, required=True)
    pattern = fields.List(Code(64), required=True, validate=validate.Length(1, LONGEST_PATTERN))


class WorkRule(Request):
    """What holds for every roster: the least time between two duties (`11h`)."""

    rest = Text(40)


class Presence(Request):
    """For how long an agent is taken for present without a sign of life (`15m`)."""

    expires_after = Text(40)


class Supervision(Request):
    """How often work may be urged and whom that is told; hold reason -> how long it may last. By the wall clock."""

    urge_every = Text(40)
    urges_to_supervisor = fields.Integer(strict=True, validate=validate.Range(1, 1000))
    hold_limits = Members(keys=Code(64), values=Text(40))


class ReferenceData(Request):
    """The whole of it."""

    default_team = Code(64, required=True)
    teams = Members(keys=Code(64), values=fields.Nested(Team), required=True, validate=validate.Length(min=1))
    skills = Members(keys=Code(64), values=Text(120))
    channels = Members(keys=Code(LONGEST_CHANNEL), values=Text(120))
    hold_reasons = Members(keys=Code(64), values=texts())
    agents = Members(keys=Code(64), values=fields.Nested(AgentFields))
    shifts = Members(keys=Code(64), values=fields.Nested(Shift), validate=validate.Length(max=MOST_ROTAS))
    rotas = Members(keys=Code(64), values=fields.Nested(Rota), validate=validate.Length(max=MOST_ROTAS))
    work_rule = fields.Nested(WorkRule)
    presence = fields.Nested(Presence)
    roles = Members(keys=fields.String(validate=validate.OneOf(ROLES)), values=fields.Nested(Role))
    assignment = fields.Nested(Assignment)
    supervision = fields.Nested(Supervision)
    calendars = Members(keys=Code(64), values=fields.Dict(), required=True)
    policies = fields.List(fields.Nested(Policy), required=True, validate=validate.Length(1, 100))
    flows = Members(keys=Code(64), values=fields.Nested(FlowForm))
