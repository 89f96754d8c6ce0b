"""What an export of one's own work came to, summed up from its histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from deploy.simulation.duty import Duty
from deploy.simulation.measure import Measure, Outcome, Person, outcome
from deploy.simulation.own import Entry
from services.dispatch.domain import Order, State
from services.dispatch.domain.people.agent import Agent

#: Facts after which a step waits (again) for somebody: the step that they name, or all of them.
WAITS = ("step_opened", "work_transferred", "work_declined", "work_lapsed")
BEGINS = ("work_opened", "work_reopened", "work_triaged", "work_rerouted")


class Past:
    """Takes history by history."""

    def __init__(self) -> None:
        self._measure = Measure()
        self._given: Counter[str] = Counter()
        self._unfinished = 0

    def take(self, entries: Sequence[Entry], last: Order | None) -> None:
        """One work order's, with its state after all of it."""
        if last is None or entries[0]["type"] != "work_opened":
            return
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
                self._given[str(data["agent"])] += int(data.get("units") or 1)
            self._measure.reached(at)
        if last.state not in (State.RESOLVED, State.CLOSED, State.WITHDRAWN):
            self._unfinished += 1
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
        return outcome("recorded", self._measure, persons, self._unfinished)
