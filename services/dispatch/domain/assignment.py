"""Who gets the work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from services.dispatch.domain.agent import Agent
from services.dispatch.domain.order import Order
from services.dispatch.domain.reference import Reference, Team
from services.dispatch.domain.states import CLAIMING, State
from services.dispatch.errors import NoRoom, NotOnTeam

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def claimed_by(order: Order) -> str | None:
    """The agent towards whose load the work counts."""
    return order.agent if order.state in CLAIMING else None


def waits(order: Order) -> bool:
    """Whether the work is to be given to somebody: nobody has it, and it is not over."""
    return order.agent is None and order.state in (State.QUEUED, State.HELD)


def may_take(order: Order, agent: Agent) -> bool:
    """Whether the agent is on the work's team, present, and has room."""
    return agent.has_room and order.team in agent.teams


def in_turn(agents: Iterable[Agent]) -> list[Agent]:
    """The least loaded first; among equals who has gone longest without new work, then by id."""
    return sorted(agents, key=lambda agent: (agent.load, agent.last_assigned_at or LONG_AGO, agent.agent_id))


def former_agent(before: Order, now: Order) -> str | None:
    """Who should have the work back if possible: reopened work goes to who did it."""
    return before.agent if now.round > before.round else None


def destination(order: Order, reference: Reference, team: str | None, agent: Agent | None) -> Team:
    """The team that a transfer goes to: the one named, else the agent's (the work's own if it is on that).

    `NotFound` for a team that does not exist, `NotOnTeam` and `NoRoom` for an agent that cannot take it.
    """
    if agent is None:
        return reference.team(team or order.team)
    code = team or (order.team if order.team in agent.teams else next(iter(agent.teams), order.team))
    if code not in agent.teams:
        raise NotOnTeam(agent.agent_id, code)
    if not agent.has_room and agent.agent_id != order.agent:
        raise NoRoom(agent.agent_id)
    return reference.team(code)
