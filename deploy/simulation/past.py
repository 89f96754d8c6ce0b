"""What an export of one's own work came to, summed up from its histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy.simulation.duty import Duty
from deploy.simulation.measure import Measure, Outcome, Person, outcome
from deploy.simulation.own import Entry
from services.dispatch.domain import Order, State
from services.dispatch.domain.people.agent import Agent

#: Facts after which a step waits (again) for somebody: the step that they name, or all of them.
WAITS = ("step_opened", "work_transferred", "work_declined", "work_lapsed")
BEGINS = ("work_opened", "work_reopened", "work_triaged", "work_rerouted")


@dataclass
class LeftOut:
    """How much of a log stands in no column: work without an end, and work that a mass incident's parent has ended."""

    open: int = 0
    linked: int = 0

    def __str__(self) -> str:
        """For people; empty where it is nothing."""
        parts = [(self.open, "without an end in the log"), (self.linked, "done with a mass incident")]
        return ", ".join(f"{count:,} {why}" for count, why in parts if count)


class Past:
    """Takes history by history."""

    def __init__(self) -> None:
        self._measure = Measure()
        self._given: Counter[str] = Counter()
        self.left_out = LeftOut()

    def take(self, entries: Sequence[Entry], last: Order | None) -> bool:
        """One work order's, with its state after all of it; whether it is to be played under other rules.

        Only what all columns have in common is counted: not what had no end, nor what others' work has ended.
        """
        if last is None or entries[0]["type"] != "work_opened":
            return False
        if last.parent is not None:
            self.left_out.linked += 1
            return False
        if last.state not in (State.RESOLVED, State.CLOSED, State.WITHDRAWN):
            self.left_out.open += 1
            self._given.update(self._units(entries))
            return True
        self._given.update(self._units(entries))
        self._sum_up(entries, last)
        return True

    @staticmethod
    def _units(entries: Sequence[Entry]) -> Counter[str]:
        given: Counter[str] = Counter()
        for entry in entries:
            if entry["type"] == "work_assigned":
                given[str(entry["data"]["agent"])] += int(entry["data"].get("units") or 1)
        return given

    def _sum_up(self, entries: Sequence[Entry], last: Order) -> None:
        self._measure.opened(entries[0]["at"])
        begun: datetime = entries[0]["at"]
        since: dict[int, datetime] = {}
        for entry in entries:
            data, at = entry["data"], entry["at"]
            self._measure.happened(entry["type"], data)
            if entry["type"] in BEGINS:
                begun = at
            elif entry["type"] in WAITS:
                since[data.get("visit") or 0] = at
            elif entry["type"] == "work_assigned":
                self._measure.waited(data["priority"], (at - since.pop(data.get("visit") or 0, begun)).total_seconds())
            self._measure.reached(at)
        if last.state is not State.RESOLVED and last.state is not State.CLOSED:
            self._measure.left_open(last)

    def outcome(self, people: Iterable[tuple[Agent, Duty]]) -> Outcome:
        """The column of the record. When each agent was busy, histories tell only one by one: that is left out."""
        first, last = self._measure.first_at, self._measure.last_at
        persons = [
            Person(
                agent_id=agent.agent_id,
                teams=agent.teams,
                given=self._given[agent.agent_id],
                duty=duty.seconds(first, last) / 3600 if first and last and agent.capacity > 0 else 0.0,
                busy=None,
                overtime=0.0,
            )
            for agent, duty in people
        ]
        return outcome("recorded", self._measure, persons, 0)
