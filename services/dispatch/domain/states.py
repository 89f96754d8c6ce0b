"""The states of a work order, and the one table of its moves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.dispatch.errors import NoSuchMove


class State(StrEnum):
    """Where a work order stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    HELD = "held"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


TICKING = frozenset({State.QUEUED, State.ASSIGNED, State.ACCEPTED})
"""The states in which the clocks run."""

CLAIMING = frozenset({State.ASSIGNED, State.ACCEPTED, State.HELD})
"""The states in which work counts towards its agent's load."""

MOVES: Mapping[str, Mapping[State, tuple[State, ...]]] = {
    "assign": {State.QUEUED: (State.ASSIGNED,), State.HELD: (State.HELD,)},
    "accept": {State.ASSIGNED: (State.ACCEPTED,)},
    "respond": {
        State.ASSIGNED: (State.ASSIGNED,),
        State.ACCEPTED: (State.ACCEPTED,),
        State.HELD: (State.HELD,),
    },
    "hold": {State.QUEUED: (State.HELD,), State.ASSIGNED: (State.HELD,), State.ACCEPTED: (State.HELD,)},
    "resume": {State.HELD: (State.QUEUED, State.ASSIGNED, State.ACCEPTED)},
    "transfer": {
        State.QUEUED: (State.QUEUED,),
        State.ASSIGNED: (State.QUEUED,),
        State.ACCEPTED: (State.QUEUED,),
        State.HELD: (State.HELD,),
    },
    "resolve": {
        State.ASSIGNED: (State.RESOLVED,),
        State.ACCEPTED: (State.RESOLVED,),
        State.HELD: (State.RESOLVED,),
    },
    "reopen": {State.RESOLVED: (State.QUEUED,)},
    "close": {State.RESOLVED: (State.CLOSED,)},
    "withdraw": {
        State.QUEUED: (State.WITHDRAWN,),
        State.ASSIGNED: (State.WITHDRAWN,),
        State.ACCEPTED: (State.WITHDRAWN,),
        State.HELD: (State.WITHDRAWN,),
        State.RESOLVED: (State.WITHDRAWN,),
    },
}
"""Move -> state -> the states that it may lead to; the first is meant where none is named."""


def after(order_no: str, move: str, state: State, to: State | None = None) -> State:
    """The state that `move` leads to; `NoSuchMove` where the table lacks it."""
    reachable = MOVES[move].get(state, ())
    if not reachable or (to is not None and to not in reachable):
        raise NoSuchMove(order_no, move, state)
    return to or reachable[0]
