"""The rules of dispatch: pure, and given the time."""

from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.people.agent import Agent, declare, save_agent, set_presence
from services.dispatch.domain.reference.reference import BEFORE_FIRST_APPLY, AgentEntry, Reference, Team
from services.dispatch.domain.work.advance import advance, next_due
from services.dispatch.domain.work.assignment import (
    claimed,
    destination,
    in_turn,
    may_take,
    newly_queued,
    queues,
    waiting,
    waits_in,
)
from services.dispatch.domain.work.deescalating import deescalated
from services.dispatch.domain.work.moves import (
    close,
    go_live,
    hold,
    prioritise,
    reopen,
    reopen_dissatisfied,
    respond,
    resume,
    void_fee,
    withdraw,
)
from services.dispatch.domain.work.opening import open_work, tombstone
from services.dispatch.domain.work.order import Decision, Order, order_no_for
from services.dispatch.domain.work.rerouting import reroute
from services.dispatch.domain.work.states import Stage, State
from services.dispatch.domain.work.stepping import complete_step, resolve, skip_step
from services.dispatch.domain.work.triage import triage_work
from services.dispatch.domain.work.visit import Need, Visit
from services.dispatch.domain.work.visiting import accept, assign, transfer
from services.dispatch.domain.work.wish import Wish

__all__ = [
    "BEFORE_FIRST_APPLY",
    "Agent",
    "AgentEntry",
    "Decision",
    "Need",
    "Order",
    "Reference",
    "Rule",
    "Stage",
    "State",
    "Team",
    "Visit",
    "Wish",
    "accept",
    "advance",
    "assign",
    "claimed",
    "close",
    "complete_step",
    "declare",
    "deescalated",
    "destination",
    "go_live",
    "hold",
    "in_turn",
    "may_take",
    "newly_queued",
    "next_due",
    "open_work",
    "order_no_for",
    "prioritise",
    "queues",
    "reopen",
    "reopen_dissatisfied",
    "reroute",
    "resolve",
    "respond",
    "resume",
    "save_agent",
    "set_presence",
    "skip_step",
    "tombstone",
    "transfer",
    "triage_work",
    "void_fee",
    "waiting",
    "waits_in",
    "withdraw",
]
