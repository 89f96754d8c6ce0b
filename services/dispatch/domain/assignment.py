"""Who gets the work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from services.dispatch.domain.agent import Agent
from services.dispatch.domain.order import Order
from services.dispatch.domain.organisation import Team
from services.dispatch.domain.reference import Reference
from services.dispatch.domain.states import State
from services.dispatch.domain.visit import Need, Visit
from services.dispatch.domain.visiting import chosen
from services.dispatch.errors import NoRoom, NotOnTeam

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def claimed(order: Order) -> dict[int, str]:
    """Visit -> the agent towards whose load it counts: one unit for every open step that somebody has."""
    return {visit.number: visit.agent for visit in order.visits if visit.agent is not None}


def waiting(order: Order) -> tuple[Visit, ...]:
    """The open steps that are to be given to somebody; those of held work, too, as soon as somebody is asked."""
    return tuple(visit for visit in order.visits if visit.agent is None)


def waits_in(order: Order) -> frozenset[tuple[int, str, bool]]:
    """What waits for whom (False) and stands in its queue (True): anything new is a reason to look for an agent."""
    where = {(visit.number, visit.need.key) for visit in waiting(order)}
    queued = (True, False) if order.state is not State.HELD else (False,)
    return frozenset((number, key, stands) for number, key in where for stands in queued)


def queues(order: Order) -> list[str]:
    """The queues that the work stands in; held work stands in none."""
    if order.state is State.HELD:
        return []
    return sorted({visit.need.key for visit in waiting(order)})


def may_take(need: Need, agent: Agent) -> bool:
    """Whether the agent is whom it needs, present, and has room."""
    return agent.has_room and need.key in agent.queues


def in_turn(agents: Iterable[Agent]) -> list[Agent]:
    """The least loaded first; among equals who has gone longest without new work, then by id."""
    return sorted(agents, key=lambda agent: (agent.load, agent.last_assigned_at or LONG_AGO, agent.agent_id))


def destination(
    order: Order, reference: Reference, team: str | None, agent: Agent | None, step: str | None = None
) -> Team:
    """The team that a transfer goes to: the one named, else the agent's (the step's own if it is on that).

    `NotFound` for a team that does not exist, `NotOnTeam` and `NoRoom` for an agent that cannot take it.
    """
    visit = chosen(order, "transfer", step)
    here = visit.need.team
    if agent is None:
        return reference.team(team or here)
    code = team or (here if here in agent.teams else next(iter(agent.teams), here))
    if code not in agent.teams:
        raise NotOnTeam(agent.agent_id, code)
    if not agent.has_room and agent.agent_id != visit.agent:
        raise NoRoom(agent.agent_id)
    return reference.team(code)
