"""The states of a work order and of its open steps, and the tables of their moves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.dispatch.errors import NoSuchMove


class State(StrEnum):
    """Where a work order stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    HELD = "held"
    LINKED = "linked"  # part of a mass incident, and done with it: no step of its own is open
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Stage(StrEnum):
    """Where an open step (a visit) stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"


IN_WORK = (State.QUEUED, State.ASSIGNED, State.ACCEPTED)
"""The states of work that goes on; which of them follows from its open steps (`state_of`)."""

OVER = (State.RESOLVED, State.CLOSED, State.WITHDRAWN)
"""The states of work of which nothing more is to be done, as long as nobody reopens it."""

_IN_WORK = dict.fromkeys(IN_WORK, IN_WORK)
_WORKED_ON = {**_IN_WORK, State.HELD: (State.HELD,)}
_OPEN = {**_WORKED_ON, State.LINKED: (State.LINKED,)}

MOVES: Mapping[str, Mapping[State, tuple[State, ...]]] = MappingProxyType(
    {
        "assign": _WORKED_ON,
        "accept": _IN_WORK,
        "respond": {state: (state,) for state in (State.ASSIGNED, State.ACCEPTED, State.HELD, State.LINKED)},
        "hold": dict.fromkeys(IN_WORK, (State.HELD,)),
        "resume": {State.HELD: IN_WORK},
        "decline": _WORKED_ON,
        "transfer": _WORKED_ON,
        "reassign": _WORKED_ON,
        "hand_over": _WORKED_ON,
        "prioritise": _OPEN,
        "urge": _OPEN,
        "intervene": _OPEN,
        "watch": {state: (state,) for state in State if state not in (State.CLOSED, State.WITHDRAWN)},
        "appoint": _WORKED_ON,
        "set_subject": {**_OPEN, State.RESOLVED: (State.RESOLVED,)},
        "triage": _WORKED_ON,
        "declare": _WORKED_ON,
        "announce": _WORKED_ON,
        "link": dict.fromkeys((*IN_WORK, State.HELD), (State.LINKED,)),
        "unlink": {State.LINKED: IN_WORK},
        "settle": {State.LINKED: (State.RESOLVED,)},
        "complete": dict.fromkeys(IN_WORK, (*IN_WORK, State.RESOLVED)),
        "skip": _IN_WORK,
        "reroute": _WORKED_ON,
        "resolve": dict.fromkeys((State.ASSIGNED, State.ACCEPTED, State.HELD), (State.RESOLVED,)),
        "reopen": {State.RESOLVED: IN_WORK},
        "close": {State.RESOLVED: (State.CLOSED,)},
        "withdraw": dict.fromkeys((*IN_WORK, State.HELD, State.LINKED, State.RESOLVED), (State.WITHDRAWN,)),
    }
)
"""Move -> state of the work -> the states that it may lead to; the first is meant where none is named."""

VISIT_MOVES: Mapping[str, Mapping[Stage, Stage | None]] = MappingProxyType(
    {
        "assign": {Stage.QUEUED: Stage.ASSIGNED},
        "accept": {Stage.ASSIGNED: Stage.ACCEPTED},
        "lapse": {Stage.ASSIGNED: Stage.QUEUED},
        "decline": {Stage.ASSIGNED: Stage.QUEUED, Stage.ACCEPTED: Stage.QUEUED},
        "transfer": dict.fromkeys(Stage, Stage.QUEUED),
        "reassign": dict.fromkeys(Stage, Stage.QUEUED),
        "hand_over": {Stage.ASSIGNED: Stage.ASSIGNED, Stage.ACCEPTED: Stage.ASSIGNED},
        "let_go": {Stage.ASSIGNED: Stage.QUEUED, Stage.ACCEPTED: Stage.QUEUED},
        "complete": {Stage.ASSIGNED: None, Stage.ACCEPTED: None},
        "resolve": dict.fromkeys(Stage),  # also what nobody has, if it is held
        "skip": dict.fromkeys(Stage),
        "reroute": dict.fromkeys(Stage),
        "triage": dict.fromkeys(Stage),
        "link": dict.fromkeys(Stage),
        "withdraw": dict.fromkeys(Stage),
    }
)
"""Move -> stage of the step that it concerns -> the stage that it leads to; None: the visit is over."""


def after(order_no: str, move: str, state: State, to: State | None = None) -> State:
    """The state that `move` leads to; `NoSuchMove` where the table lacks it."""
    reachable = MOVES[move].get(state, ())
    if not reachable or (to is not None and to not in reachable):
        raise NoSuchMove(order_no, move, state)
    return to or reachable[0]


def stage_after(order_no: str, move: str, stage: Stage) -> Stage | None:
    """The stage that `move` leads to, None for the end of the visit; `NoSuchMove` where the table lacks it."""
    if stage not in VISIT_MOVES[move]:
        raise NoSuchMove(order_no, move, stage)
    return VISIT_MOVES[move][stage]


def state_of(stages: set[Stage]) -> State:
    """The state of work that goes on with open steps in these stages: that of the one that has come furthest."""
    return next((state for state in reversed(IN_WORK) if state.value in stages), State.QUEUED)
