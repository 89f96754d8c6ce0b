"""What is to be given out, and to whom it might be: an open step and an agent as the choice sees them (ADR 61)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.availability import Availability, availability
from services.dispatch.domain.people.need import Need
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.reference.organisation import SERVES
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.wish import Wish


@dataclass(frozen=True, kw_only=True)
class Around:
    """What counts for all candidates of one choice.

    `away`: agent -> who has its work, for those who have handed over. `knows_customer`: agent -> how many of this
    customer's last work orders it has completed. `contended`: who is just being given other work: asked last.
    """

    at: datetime
    roster: Roster
    away: Mapping[str, str] = field(default_factory=dict)
    knows_customer: Mapping[str, int] = field(default_factory=dict)
    contended: Collection[str] = ()


def task_of(order: Order, visit: Visit, at: datetime, assignment: Assignment, wish: Wish | None = None) -> Task:
    """The open step as the choice sees it; `wish`: who is to have it before all others."""
    need = visit.need
    return Task(
        order_no=order.order_no,
        visit=visit.number,
        at=at,
        team=need.team,
        role=need.role,
        skill=need.skill,
        level=need.level,
        named=need.agent,
        type=order.type,
        category=order.category,
        priority=order.priority,
        tier=order.tier,
        channel=order.channel,
        language=order.asked.language,
        customer_id=order.customer_id,
        units=assignment.units_of(order.matter),
        due=min((clock.due for clock in order.clocks.values() if clock.since and clock.due), default=None),
        wish=wish.agent if wish else None,
        wish_rule=wish.rule.value if wish else None,
        only=wish.only if wish else False,
        override=wish.override if wish else None,
    )


def wishes_of(order: Order, visit: Visit) -> tuple[Wish | None, ...]:
    """Who is to have the step before all others, to be tried in turn: one whom a caller named, or nobody else.

    Otherwise whom the customer asks for, then who did it or had it before. None: nobody in particular.
    """
    wish = order.wishes.get(visit.number)
    if wish is not None and wish.only:
        return (wish,)
    asked = Wish(order.asked.agent, Rule.WISHED) if order.asked.agent else None
    return tuple(one for one in (asked, wish) if one is not None) or (None,)


def serves(agent: Agent, need: Need) -> bool:
    """Whether the need's queue is one of `Agent.queues`."""
    if need.team not in agent.teams:
        return False
    if need.agent is not None:
        return need.agent == agent.agent_id
    return (need.role is None or need.role in SERVES[agent.role]) and (need.skill is None or need.skill in agent.skills)


def stood_in_for(agents: Collection[Agent], need: Need, away: Mapping[str, str]) -> dict[str, str]:
    """Stand-in -> the first, by id, of those who serve the need and have handed over to it."""
    absent = sorted(agent.agent_id for agent in agents if agent.agent_id in away and serves(agent, need))
    return {away[agent_id]: agent_id for agent_id in reversed(absent)}


def candidate_of(agent: Agent, order: Order, visit: Visit, around: Around, standing_in: Mapping[str, str]) -> Candidate:
    """Everything that counts about the agent. `standing_in`: stand-in -> for whom (`stood_in_for`)."""
    need, agent_id = visit.need, agent.agent_id
    own = serves(agent, need)
    for_whom = None if own else standing_in.get(agent_id)
    stands = availability(agent, around.roster, around.at)
    return Candidate(
        agent_id=agent_id,
        serves=own or for_whom is not None,
        level=agent.skills.get(need.skill, 0) if need.skill is not None else 0,
        role=agent.role,
        languages=agent.languages,
        channels=agent.channels,
        capacity=agent.capacity,
        load=agent.load,
        kind_open=agent.kinds.get(order.type, 0),
        kind_limit=agent.at_once.get(order.type),
        status=stands.status,
        duty_since=stands.duty_since,
        duty_until=stands.duty_until,
        declined=any(declined.agent == agent_id for declined in order.declined),
        subject=order.asked.subject == agent_id,
        lapsed=visit.lapsed.count(agent_id),
        contended=agent_id in around.contended,
        last_assigned_at=agent.last_assigned_at,
        knows_customer=around.knows_customer.get(agent_id, 0),
        knows_matter=agent.experience.get(order.category, 0),
        shift_units=shift_units(agent, shift_began(stands, around.at)),
        stands_in_for=for_whom,
        handed_over_to=around.away.get(agent_id),
    )


def shift_began(stands: Availability, at: datetime) -> datetime:
    """Since when what the agent is given is counted for fairness: its duty's begin; without a rota, midnight UTC."""
    if stands.duty_since is not None:
        return stands.duty_since
    return at - timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def shift_units(agent: Agent, began: datetime) -> int:
    """What it was given since its shift began."""
    return agent.shift_units if agent.shift_since == began else 0
