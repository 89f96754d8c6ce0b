"""Whether a stand-in will do: what its role may have, and whether it is there at all (ADR 0063). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.availability import OFF_SHIFT, ON_LEAVE, on_leave
from services.dispatch.domain.people.exceptions import Kind
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.reference.organisation import SERVES
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit

ROLE = "role"

FIRST_DAY = timedelta(days=1)


class Caution(NamedTuple):
    """What speaks against who gets the work when a hand-over begins: on_leave, off_shift or role."""

    agent: str
    code: str


def role_may_have(role: str, order: Order, visit: Visit, assignment: Assignment) -> bool:
    """Whether agents of that role may have the step: the role that it asks for, and what the role may do at all."""
    asked = visit.need.role
    return (asked is None or asked in SERVES[role]) and assignment.role_may(role, order.matter)


def warnings(
    agent: Agent, stand_in: Agent, since: datetime, until: datetime, roster: Roster, assignment: Assignment
) -> list[Caution]:
    """Of a hand-over from `since` to `until`: the stand-in is away for all of its first day, or may have less by role.

    It is made all the same: who hands over knows more than the roster.
    """
    absent = _absent(stand_in, roster, since, min(until, since + FIRST_DAY))
    codes = [*([absent] if absent else []), *([] if _covers(stand_in.role, agent.role, assignment) else [ROLE])]
    return [Caution(stand_in.agent_id, code) for code in codes]


def _absent(agent: Agent, roster: Roster, since: datetime, until: datetime) -> str | None:
    """Why there is no instant of the period at which it might be there; None: there is one."""
    if agent.rota is None:
        return ON_LEAVE if _leave_throughout(agent, since, until) else None
    if roster.duties(agent, since, until):
        return None
    return ON_LEAVE if roster.planned(agent, since, until) else OFF_SHIFT


def _leave_throughout(agent: Agent, since: datetime, until: datetime) -> bool:
    ends = (each.until for each in agent.exceptions if each.kind is Kind.LEAVE and since < each.until < until)
    return all(on_leave(agent, at) for at in (since, *ends))


def _covers(role: str, other: str, assignment: Assignment) -> bool:
    """Whether agents of the one role may have all that those of the other may."""
    limit, others = assignment.roles.get(role), assignment.roles.get(other)
    limited = limit is not None and (others is None or others.source != limit.source)
    return {*SERVES[other]} <= {*SERVES[role]} and not limited
