"""Saving an agent: everything that is named must be declared, and its new rota must go with what was arranged."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.people.absences import KEPT
from services.dispatch.domain.people.agent import Agent, AgentDecision, save_agent
from services.dispatch.domain.people.reading import unfit_offset
from services.dispatch.domain.people.rest import require_fit
from services.dispatch.domain.reference.organisation import AgentEntry
from services.dispatch.domain.reference.reference import Reference
from shared.errors import NotFound, ValidationError


def saved_as(agent: Agent, at: datetime, entry: AgentEntry, reference: Reference) -> AgentDecision:
    """The agent as `entry` has it.

    Raises NotFound (team, skill, channel, rota), ValidationError (rota_offset), and TwoDuties or TooLittleRest where an
    extra duty does not go with another rota.
    """
    _require_known(entry, reference)
    wrong = unfit_offset(entry, reference.roster)
    if wrong:
        raise ValidationError({"rota_offset": [wrong]})
    saved, facts = save_agent(agent, at, entry)
    ahead = [each.until for each in agent.exceptions if at < each.until]
    if ahead and (agent.rota, agent.rota_offset) != (saved.rota, saved.rota_offset):
        require_fit(agent, saved, reference.roster, at, min(max(ahead), at + KEPT))
    return saved, facts


def _require_known(entry: AgentEntry, reference: Reference) -> None:
    for team in entry.teams:
        reference.team(team)
    for skill in entry.skills:
        if skill not in reference.skills:
            raise NotFound("skill", skill)
    for channel in entry.channels if reference.channels else ():
        if channel not in reference.channels:
            raise NotFound("channel", channel)
    if entry.rota is not None and entry.rota not in reference.roster.rotas:
        raise NotFound("rota", entry.rota)
