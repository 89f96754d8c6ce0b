"""What the lines of agents and hand-overs tell of an instant: who somebody was, what it said of itself, who stood in.

A choice is read from the database between its own time and when it was recorded, and clocks of machines differ a
little: so the answer is all that held at some instant of that while, `SLACK` more on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.people.stand_ins import HandOver, Register, resolve

Entry = Mapping[str, Any]
While = tuple[datetime, datetime]

SLACK = timedelta(seconds=2)
MOMENT = timedelta(milliseconds=1)
_NAMES = tuple(field.name for field in fields(HandOver))


def around(at: datetime, recorded_at: datetime) -> While:
    """When what was written then may have been read."""
    return at - SLACK, max(at, recorded_at) + SLACK


class Witness:
    """Takes the histories of agents and of the register of hand-overs."""

    def __init__(self) -> None:
        self._saved: dict[str, Sequence[Entry]] = {}
        self._said: dict[str, Sequence[Entry]] = {}
        self._hand_overs: dict[str, HandOver] = {}

    def agent(self, agent_id: str, entries: Sequence[Entry]) -> None:
        """What an agent's history tells."""
        self._saved[agent_id] = [entry for entry in entries if entry["type"] == "agent_saved"]
        self._said[agent_id] = [entry for entry in entries if entry["type"] == "presence_set"]

    def register(self, entries: Iterable[Entry]) -> None:
        """What the register's history tells. `KeyError`, `TypeError`, `ValueError` for what is no hand-over."""
        for entry in entries:
            told = {name: entry["data"][name] for name in _NAMES}
            times = {name: datetime.fromisoformat(told[name]) for name in ("since", "until")}
            made = HandOver(**{**told, **times})
            if entry["type"] == "hand_over_cancelled":
                made = replace(made, until=min(made.until, entry["at"]))
            self._hand_overs[made.id] = made

    def knows(self, agent_id: str) -> bool:
        """Whether there is a line of that agent."""
        return agent_id in self._saved

    def has_handed_over(self, agent_id: str) -> bool:
        """Whether it ever did."""
        return any(one.agent == agent_id for one in self._hand_overs.values())

    def holders(self, agent_id: str, within: While) -> set[str]:
        """Who may have had the agent's work then: itself, or the last of its stand-ins."""
        since, until = within
        near = tuple(one for one in self._hand_overs.values() if one.since <= until and since <= one.until)
        edges = {at for one in near for at in (one.since, one.until) if since <= at <= until}
        instants = {since, until, *edges, *(at - MOMENT for at in edges)}
        register = Register(hand_overs=near)
        return {resolve(register, agent_id, at) for at in instants} if near else {agent_id}

    def faults(self, one: Candidate, task: Task, within: While) -> Iterator[tuple[str, str, str]]:
        """What a record says of a candidate and its lines do not: (what, in the record, by the lines)."""
        saved = [entry["data"] for entry in _in_force(self._saved[one.agent_id], within)]
        for name, value in _profile(one).items() if saved else ():
            told = [_told(name, data, task) for data in saved]
            if value not in told:
                yield name, str(value), str(told[-1])
        said = [entry["data"]["status"] for entry in _in_force(self._said[one.agent_id], within)]
        if one.status in (Status.AVAILABLE, Status.BUSY, Status.BREAK, Status.AWAY) and one.status not in said:
            yield "status", one.status, said[-1] if said else Status.OFFLINE.value
        holders = self.holders(one.agent_id, within)
        if (one.handed_over_to or one.agent_id) not in holders:
            yield "handed_over_to", str(one.handed_over_to), ", ".join(sorted(holders))
        if one.stands_in_for and one.agent_id not in (holders := self.holders(one.stands_in_for, within)):
            yield "stands_in_for", one.stands_in_for, f"its work has {', '.join(sorted(holders))}"


def _in_force(entries: Sequence[Entry], within: While) -> list[Entry]:
    """Those that were the last one at some instant of that while."""
    since, until = within
    ends = [*(entry["recorded_at"] for entry in entries[1:]), until]
    return [entry for entry, end in zip(entries, ends, strict=False) if entry["at"] <= until and since <= end]


def _profile(one: Candidate) -> dict[str, Any]:
    """What of a candidate only saving the agent changes."""
    named = ("role", "capacity", "languages", "channels", "level", "kind_limit")
    return {name: getattr(one, name) for name in named}


def _told(name: str, data: Mapping[str, Any], task: Task) -> Any:
    if name == "level":
        return data["skills"].get(task.skill, 0) if task.skill else 0
    if name == "kind_limit":
        return data["at_once"].get(task.type)
    return tuple(data[name]) if isinstance(data[name], list) else data[name]
