"""Whom work is about: the agent whom a complaint names never gets it, also when that is said only later. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.standing_in import barred
from services.dispatch.domain.work.states import after
from services.dispatch.domain.work.telling import told
from services.dispatch.errors import NothingChanges
from shared.values import replace

NAMING = ("wanted_agent", "complained_of")
"""The entries of a ticket that name an agent."""


def named_agents(ticket: Mapping[str, Any]) -> set[str]:
    """The agents whom a ticket names."""
    return {ticket[name] for name in NAMING if ticket.get(name)}


def checked(ticket: Mapping[str, Any], agents: Collection[str]) -> dict[str, Any]:
    """The ticket as dispatch takes it; `agents`: those of `named_agents` that there are.

    `unknown_agents` has the entries that name none. A ticket that is accepted cannot be refused any more; but where
    nobody knows whom a complaint is about, anybody might be: so it is `sensitive`, and experts see it first.
    """
    unknown = {name: ticket[name] for name in NAMING if ticket.get(name) and ticket[name] not in agents}
    sensitive = bool(ticket.get("sensitive")) or "complained_of" in unknown
    return {**ticket, "sensitive": sensitive, "unknown_agents": unknown}


def set_subject(order: Order, at: datetime, agent: str | None, reason: str) -> Decision:
    """Whom the work is about (None: nobody). What that agent has of it waits again, for anybody else.

    Raises NoSuchMove, NothingChanges.
    """
    after(order.order_no, "set_subject", order.state)
    was = order.asked.subject
    if agent == was:
        raise NothingChanges(order.order_no, agent or "nobody", f"is about {agent or 'nobody'} already")
    known = replace(order, asked=replace(order.asked, subject=agent))
    facts = [told(order, known, "subject_set", at, **{"from": was, "to": agent, "reason": reason})]
    for visit in known.visits:
        if visit.agent is not None and visit.agent == agent:
            known, more = barred(known, at, visit, visit.principal or visit.agent)
            facts += more
    return known, facts
