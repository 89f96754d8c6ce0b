"""Reference data: teams, agents, hold reasons, calendars, policies and flows, as one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.reading import read_assignment
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Terms
from services.dispatch.domain.clocks.terms import terms_of
from services.dispatch.domain.flows.flow import Flow
from services.dispatch.domain.flows.steps import Limit
from services.dispatch.domain.people.reading import read_expiry, read_roster, require_rotas
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.reference.before_first_apply import BEFORE_FIRST_APPLY
from services.dispatch.domain.reference.faults import Faults
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.organisation import AgentEntry, Team, read_agents, read_teams
from services.dispatch.domain.reference.policy import Policy
from services.dispatch.domain.reference.policy_reading import read_policies
from services.dispatch.domain.reference.supervision import SupervisionRules, read_supervision
from shared.business_time import Calendar
from shared.errors import NotFound, ValidationError

T = TypeVar("T")

__all__ = ["BEFORE_FIRST_APPLY", "AgentEntry", "Reference", "Team"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One version of dispatch's reference data; everything in it has that version."""

    teams: Mapping[str, Team]
    default_team: str
    calendars: Mapping[str, Calendar]
    policies: tuple[Policy, ...]  # the first that applies is taken; the last one applies always
    flows: Mapping[str, Flow] = field(default_factory=dict)
    agents: Mapping[str, AgentEntry] = field(default_factory=dict)
    skills: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)  # of tickets; none: any may come
    hold_reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    assignment: Assignment = field(default_factory=Assignment)
    roster: Roster = field(default_factory=Roster)
    presence_expires: timedelta | None = None  # without a sign of life; None: never, unless the agent says so
    supervision: SupervisionRules = field(default_factory=SupervisionRules)
    version: int = 0

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int = 0) -> Reference:
        """Reference data from a body that has the form of `reference_schemas.ReferenceData`.

        `ValidationError` names everything that does not fit together, by dotted path.
        """
        faults = Faults()
        teams = read_teams(body, faults)
        agents = read_agents(body, teams, faults)
        calendars = _calendars(body.get("calendars") or {}, version, faults)
        hold_reasons, skills = body.get("hold_reasons") or {}, body.get("skills") or {}
        known = _known(body, teams, agents, calendars)
        policies = read_policies(body["policies"], version, calendars, known, hold_reasons, faults)
        known = replace(known, default_calendars={policy.calendar.code for policy in policies})
        flows = _flows(body.get("flows") or {}, version, known, faults)
        assignment = read_assignment(body, known, faults)
        roster, presence_expires = read_roster(body, faults), read_expiry(body, faults)
        require_rotas(agents, body, roster, faults)
        supervision = read_supervision(body, hold_reasons, faults)
        faults.raise_any()
        return cls(
            teams=teams,
            default_team=body["default_team"],
            calendars=calendars,
            policies=policies,
            flows=flows,
            agents=agents,
            skills=skills,
            channels=body.get("channels") or {},
            hold_reasons=hold_reasons,
            assignment=assignment,
            roster=roster,
            presence_expires=presence_expires,
            supervision=supervision,
            version=version,
        )

    def team(self, code: str) -> Team:
        """The team of that code, or `NotFound`."""
        return _found("team", code, self.teams)

    def team_for(self, category: str) -> Team:
        """The team that handles a category; the default team where none does."""
        named = (team for team in self.teams.values() if category in team.categories)
        return next(named, self.teams[self.default_team])

    def handles(self, category: str) -> bool:
        """Whether a team has it by name."""
        return any(category in team.categories for team in self.teams.values())

    def calendar(self, code: str) -> Calendar:
        """The calendar of that code, or `NotFound`."""
        return _found("calendar", code, self.calendars)

    def policy(self, code: str) -> Policy:
        """The policy of that code, or `NotFound`."""
        return _found("policy", code, {policy.code: policy for policy in self.policies})

    def policy_for(self, matter: Mapping[str, str]) -> Policy:
        """The first policy that applies to the matter (its names: `matter.MATTER`)."""
        return next(policy for policy in self.policies if policy.applies(matter))

    def flow(self, code: str) -> Flow:
        """The flow of that code, or `NotFound`."""
        return _found("flow", code, self.flows)

    def flow_for(self, matter: Mapping[str, str]) -> Flow | None:
        """The first flow, by code, that applies to the matter; None: it is one step."""
        return next((flow for flow in self.flows.values() if flow.when is None or flow.when.holds(matter)), None)

    def hold_reason(self, code: str) -> Mapping[str, str]:
        """The names of a hold reason by language; `ValidationError` at `reason` names the known ones."""
        if code not in self.hold_reasons:
            known = ", ".join(self.hold_reasons) or "none"
            raise ValidationError({"reason": [f"no hold reason {code!r}; known are {known}"]})
        return self.hold_reasons[code]

    def limit_terms(self, flow: Flow, limit: Limit | None, policy: Policy) -> Terms | None:
        """What a flow promises for one of its steps or groups; None: nothing.

        Raises NotFound (calendar), and `ValueError` as `terms_of`: the flow may be of another version.
        """
        if limit is None:
            return None
        calendar = self.calendar(limit.calendar) if limit.calendar else policy.calendar
        return terms_of(limit, calendar, Pin(flow.code, flow.version))


def _found(what: str, code: str, known: Mapping[str, T]) -> T:
    if code not in known:
        raise NotFound(what, code)
    return known[code]


def _calendars(bodies: Mapping[str, Any], version: int, faults: Faults) -> dict[str, Calendar]:
    """Code -> calendar, but for those that are refused."""
    calendars: dict[str, Calendar] = {}
    for code, body in bodies.items():
        try:
            calendars[code] = Calendar.from_dict(code, body, version)
        except ValidationError as error:
            faults.take(error, f"calendars.{code}.")
    return calendars


def _flows(bodies: Mapping[str, Any], version: int, known: Known, faults: Faults) -> dict[str, Flow]:
    flows: dict[str, Flow] = {}
    for code, body in sorted(bodies.items()):  # an order that no way of writing or sending them changes
        try:
            flows[code] = Flow.from_dict(code, body, version, known)
        except ValidationError as error:
            faults.take(error)
    return flows


def _known(
    body: Mapping[str, Any],
    teams: Mapping[str, Team],
    agents: Mapping[str, AgentEntry],
    calendars: Mapping[str, Calendar],
) -> Known:
    """What policies and flows may name; also the calendars that were refused, so that they are not called unknown."""
    refused = dict.fromkeys(body.get("calendars") or {}, timedelta(hours=24))
    return Known(
        teams=tuple(teams),
        with_experts=tuple(team.code for team in teams.values() if team.expert_team),
        skills=tuple(body.get("skills") or {}),
        agents=agents,
        calendars=refused | {code: calendar.working_day for code, calendar in calendars.items()},
    )
