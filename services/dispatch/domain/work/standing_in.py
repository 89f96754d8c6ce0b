"""Open work follows the stand-ins: who has a step is always who has the work of its owner then (ADR 0063). Pure.

The owner of a step is whom its agent stands in for (`principal`), or else its agent. Nothing here asks why something
has to move, only whether it is where it belongs. So it may be asked at any time, any number of times, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.dispatch.domain.people.stand_ins import Register, resolve
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import State, after, stage_after
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.visiting import back, named
from shared.values import replace

#: Why a step has moved: to a stand-in, back to its owner, or to the queue because the stand-in must not have it.
STANDS_IN, RETURNED, BARRED = "stands_in", "returned", "barred"

MayStandIn = Callable[[Order, Visit, str], bool]
"""Whether an agent's role may have the step (`fitness.role_may_have`); asked of stand-ins only."""


def anybody(order: Order, visit: Visit, agent: str) -> bool:
    """Where no role is limited."""
    return True


def follow_stand_ins(order: Order, at: datetime, register: Register, may_stand_in: MayStandIn = anybody) -> Decision:
    """Every open step with who has to have it at `at`; no facts: it is. Work in replay stays where it is.

    Who gets a step has still to accept it, and no offer runs out: it is theirs, whatever room they have, there or not.
    Whom the work complains about, who has declined it, and a stand-in whose role may not have it, does not get it: the
    step waits in its queue again.
    """
    facts = []
    for visit in order.visits if order.replay_until is None else ():
        if visit.agent is None:
            continue
        owner = visit.principal or visit.agent
        holder = resolve(register, owner, at)
        if holder != visit.agent:
            refused = _is_barred(order, holder) or not (holder == owner or may_stand_in(order, visit, holder))
            order, more = barred(order, at, visit, owner) if refused else _moved(order, at, visit, owner, holder)
            facts += more
    return order, facts


def acting(order: Order) -> list[str]:
    """`owner>agent` for each open step that somebody has for somebody else."""
    return sorted({pair(visit.principal, visit.agent) for visit in order.visits if visit.principal and visit.agent})


def pair(owner: str, agent: str) -> str:
    """Of that owner's work, what the agent has; a code holds no `>`."""
    return f"{owner}>{agent}"


def barred(order: Order, at: datetime, visit: Visit, owner: str) -> Decision:
    """The step leaves who has it for its queue, since that one must not have it."""
    after(order.order_no, "hand_over", order.state)
    return _told(order, at, visit, back(order, "let_go", visit), owner, BARRED)


def _moved(order: Order, at: datetime, visit: Visit, owner: str, holder: str) -> Decision:
    after(order.order_no, "hand_over", order.state)
    stage = stage_after(order.order_no, "hand_over", visit.state)
    assert stage is not None  # noqa: S101 - the move ends no visit
    returned = holder == owner
    taken = replace(visit, state=stage, agent=holder, principal=None if returned else owner, accept_by=None)
    return _told(order, at, visit, taken, owner, RETURNED if returned else STANDS_IN)


def _told(order: Order, at: datetime, visit: Visit, gone: Visit, owner: str, why: str) -> Decision:
    before, order = order, order.with_visit(gone) if gone.agent is None else order.with_given(gone)
    gone = named(order, str(visit.number))
    about = {
        "from_agent": visit.agent,
        "principal": owner,
        "why": why,
        "held": order.state is State.HELD,
        "units": gone.units,
        "assignment": gone.assignment,
    }
    return order, [told(before, order, "work_handed_over", at, **having(gone), **step_names(order, gone), **about)]


def _is_barred(order: Order, agent: str) -> bool:
    return agent == order.asked.subject or any(agent == declined.agent for declined in order.declined)
