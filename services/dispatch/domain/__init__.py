"""The rules of dispatch: pure, and given the time."""

from services.dispatch.domain.advance import advance, next_due
from services.dispatch.domain.agent import Agent, declare, save_agent, set_presence
from services.dispatch.domain.assignment import claimed_by, destination, former_agent, in_turn, may_take, waits
from services.dispatch.domain.moves import (
    accept,
    assign,
    close,
    go_live,
    hold,
    reopen,
    reopen_dissatisfied,
    resolve,
    respond,
    resume,
    transfer,
    withdraw,
)
from services.dispatch.domain.order import Decision, Order, open_work, order_no_for, tombstone
from services.dispatch.domain.reference import BEFORE_FIRST_APPLY, AgentEntry, Reference, Team
from services.dispatch.domain.states import State

__all__ = [
    "BEFORE_FIRST_APPLY",
    "Agent",
    "AgentEntry",
    "Decision",
    "Order",
    "Reference",
    "State",
    "Team",
    "accept",
    "advance",
    "assign",
    "claimed_by",
    "close",
    "declare",
    "destination",
    "former_agent",
    "go_live",
    "hold",
    "in_turn",
    "may_take",
    "next_due",
    "open_work",
    "order_no_for",
    "reopen",
    "reopen_dissatisfied",
    "resolve",
    "respond",
    "resume",
    "save_agent",
    "set_presence",
    "tombstone",
    "transfer",
    "waits",
    "withdraw",
]
