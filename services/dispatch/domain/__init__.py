"""The rules of dispatch: pure, and given the time."""

from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.people.agent import Agent, declare, save_agent, set_presence
from services.dispatch.domain.reference.reference import BEFORE_FIRST_APPLY, AgentEntry, Reference, Team
from services.dispatch.domain.work.advance import advance, next_due
from services.dispatch.domain.work.assignment import (
    alarms,
    claimed,
    destination,
    newly_queued,
    queues,
    stranded,
    strandings,
    waiting,
    waits_in,
)
from services.dispatch.domain.work.deescalating import coming_down, deescalated
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
from services.dispatch.domain.work.offering import decline
from services.dispatch.domain.work.opening import open_work, tombstone
from services.dispatch.domain.work.order import Decision, Order, order_no_for
from services.dispatch.domain.work.rerouting import reroute
from services.dispatch.domain.work.states import Stage, State
from services.dispatch.domain.work.stepping import complete_step, resolve, skip_step
from services.dispatch.domain.work.triage import triage_work
from services.dispatch.domain.work.turn import turn
from services.dispatch.domain.work.visit import Need, Visit
from services.dispatch.domain.work.visiting import accept, assign, reassign, transfer
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
    "alarms",
    "assign",
    "claimed",
    "close",
    "coming_down",
    "complete_step",
    "declare",
    "decline",
    "deescalated",
    "destination",
    "go_live",
    "hold",
    "newly_queued",
    "next_due",
    "open_work",
    "order_no_for",
    "prioritise",
    "queues",
    "reassign",
    "reopen",
    "reopen_dissatisfied",
    "reroute",
    "resolve",
    "respond",
    "resume",
    "save_agent",
    "set_presence",
    "skip_step",
    "stranded",
    "strandings",
    "tombstone",
    "transfer",
    "triage_work",
    "turn",
    "void_fee",
    "waiting",
    "waits_in",
    "withdraw",
]
