"""What must be true of agents and of who has what: seats, the documents of assignments, and their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.assigning.record import candidates_of, digest
from shared.clock import from_text
from tests.fault.state import Document, State

Wrong = Iterator[str]

#: What an agent may have said of itself when it was given work; who asks for it may be busy.
THERE = {"available"}
ASKING = {"available", "busy"}
#: A claim counts at the time of what caused it, whenever its process lives again to make it; so does what was said.
AROUND = timedelta(minutes=2)


def loads_equal_open_work(state: State) -> Wrong:
    """An agent's load, how much it has open and of which kinds, are those of the open steps that it has."""
    seats = [seat for order in state.orders.values() for seat in order["seats"].values()]
    for agent_id, agent in state.agents.items():
        own = [seat for seat in seats if seat["agent"] == agent_id]
        load, open_steps = sum(seat["units"] for seat in own), len(own)
        if agent.get("load", 0) != load:
            yield f"{agent_id} has load {agent.get('load', 0)}, but its open steps weigh {load}"
        if agent.get("open", 0) != open_steps:
            yield f"{agent_id} has {agent.get('open', 0)} open, but {open_steps} open steps"
        if agent.get("kinds", {}) != Counter(seat["kind"] for seat in own):
            yield f"{agent_id} has of each kind {agent.get('kinds')}, but open steps {own}"
        there = agent["presence"]["status"] == "available"
        if agent.get("has_room", False) != (there and agent.get("load", 0) < agent["capacity"]):
            yield f"{agent_id}: has_room is {agent.get('has_room')} at {agent.get('load')} of {agent['capacity']}"


def assignments_match(state: State) -> Wrong:
    """Every seat has its assignment, open; every other assignment has ended; numbers run without a gap."""
    seats = {
        f"{order_no}/{seat['assignment']}": seat
        for order_no, order in state.orders.items()
        for seat in order["seats"].values()
    }
    open_ones = {key: one for key, one in state.assignments.items() if one["ended_at"] is None}
    for key in sorted(seats.keys() ^ open_ones.keys()):
        yield f"assignment {key} is {'open without a seat' if key in open_ones else 'not there, or has ended'}"
    for key in seats.keys() & open_ones.keys():
        if (open_ones[key]["agent"], open_ones[key]["units"]) != (seats[key]["agent"], seats[key]["units"]):
            yield f"assignment {key} is of {open_ones[key]['agent']}, the seat {seats[key]}"
    for order_no, order in state.orders.items():
        numbers = sorted(one["number"] for one in state.assignments.values() if one["order_no"] == order_no)
        if numbers != list(range(1, order["given"] + 1)):
            yield f"{order_no} was given {order['given']} times, its assignments are {numbers}"
    for key, one in state.assignments.items():
        if (one["ended_at"] is None) != (one["outcome"] is None):
            yield f"assignment {key} has ended at {one['ended_at']} with {one['outcome']}"


def records_are_true(state: State) -> Wrong:
    """Each choice has the record whose digest the history tells, and was for whom the history tells."""
    for order_no, order in state.orders.items():
        for entry in order["history"]:
            if entry["type"] == "work_assigned":
                told = entry["data"]
                key = f"{order_no}/{told['assignment']}"
                one = state.assignments.get(key)
                if one is None or one["record"] is None:
                    yield f"assignment {key} has no record"
                elif not digest(one["record"]) == one["digest"] == told["choice"]:
                    yield f"assignment {key}: the record is not the one that the history tells of"
                elif one["record"]["agent"] != told["agent"]:
                    yield f"assignment {key} went to {told['agent']}, by its record to {one['record']['agent']}"


def nobody_absent_was_given_work(state: State) -> Wrong:
    """Who got work had said that it was there, by its own history and as the claim saw it; but for what a supervisor or
    a hand-over gave it."""
    said = {agent_id: list(_said(agent)) for agent_id, agent in state.agents.items()}
    for order_no, order in state.orders.items():
        for entry in order["history"]:
            data = entry["data"]
            if entry["type"] == "work_assigned" and data["override"] is None:
                statuses = _statuses(said.get(data["agent"], []), _instant(entry["at"]))
                seen = _as_seen(state, f"{order_no}/{data['assignment']}", data["agent"])
                if seen not in (ASKING if data["rule"] == "pulled" else THERE) or seen not in statuses:
                    yield f"{order_no} was given to {data['agent']} at {entry['at']}, who was {statuses[-1]}"


def _said(agent: Document) -> Iterator[tuple[datetime, str]]:
    for entry in agent["history"]:
        if entry["type"] == "presence_set":
            yield _instant(entry["at"]), entry["data"]["status"]


def _as_seen(state: State, key: str, agent: str) -> str | None:
    """What the claim saw of the agent, by its record."""
    record = (state.assignments.get(key) or {}).get("record")
    return next((one.status for one in candidates_of(record) if one.agent_id == agent), None) if record else None


def _statuses(said: list[tuple[datetime, str]], at: datetime) -> list[str]:
    """What it may have been when the claim was made: a time is taken before the write that it stands in, by seconds
    where processes are killed, so what was said about then may have been written before the claim or after it."""
    before = [status for told, status in said if told < at - AROUND]
    return [*["offline", *before][-1:], *(status for told, status in said if abs(told - at) <= AROUND)]


def _instant(at: Any) -> datetime:
    return at if isinstance(at, datetime) else from_text(at)


CHECKS = (loads_equal_open_work, assignments_match, records_are_true, nobody_absent_was_given_work)
