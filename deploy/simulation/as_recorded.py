"""A foreign log as it went: every act at its time, every assignment as recorded, the clocks by the rules.

Before each recorded assignment the rules are asked whom they would have chosen, among those of the team, with what
each had then: the share on which they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy.simulation.acts import Act, Kind, is_over
from deploy.simulation.foreign import ForeignWork
from deploy.simulation.measure import Measure, Outcome, Person, outcome
from deploy.simulation.setting import Setting
from deploy.simulation.staff import Staff, Worker
from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Stage, State, Visit
from services.dispatch.domain.assigning.choice import choose
from services.dispatch.domain.work.candidacy import task_of
from shared.errors import LoopdeskError
from shared.values import replace

SOLUTION, LANGUAGE = "as recorded", "en"


@dataclass
class Agreement:
    """Of how many recorded assignments the rules would have chosen the same agent.

    `by_chance`: how many anybody would have hit who drew one of the team; `refused`: acts that the rules forbid.
    """

    asked: int = 0
    same: int = 0
    by_chance: float = 0.0
    refused: int = 0

    @property
    def share(self) -> float | None:
        """None where nothing was assigned."""
        return self.same / self.asked if self.asked else None


@dataclass
class _State:
    order: Order
    since: datetime
    measure: Measure
    units: int = 1


@dataclass
class AsRecorded:
    """Plays it; `measure` and `agreement` are what it comes to."""

    setting: Setting
    measure: Measure = field(default_factory=Measure)
    agreement: Agreement = field(default_factory=Agreement)

    def __post_init__(self) -> None:
        self._aside = Measure()  # of work that the log has no end of: it stands in no column
        self._staff = Staff(self.setting.agents, self.setting.duty_of)
        self._live: dict[str, _State] = {}

    def play(self, work: Sequence[ForeignWork], progress: Callable[[int], None] = lambda _: None) -> Outcome:
        """All of it, in the order of time; of what happens at once, in the order of the log."""
        timed = [(one.opened_at, number, -1) for number, one in enumerate(work)]
        timed += [(act.at, number, place) for number, one in enumerate(work) for place, act in enumerate(one.acts)]
        for count, (at, number, place) in enumerate(sorted(timed), start=1):
            if place < 0:
                self._open(work[number])
            else:
                self._act(str(work[number].ticket["reference"]), work[number].acts[place], at)
            if count % 500 == 0:
                progress(count)
        progress(len(timed))
        return self._outcome()

    def _open(self, one: ForeignWork) -> None:
        reference, measure = self.setting.reference, self.measure if is_over(one.acts) else self._aside
        order, facts = domain.open_work(one.ticket, one.opened_at, reference, lambda _: reference)
        self._live[str(one.ticket["reference"])] = _State(replace(order, version=1), one.opened_at, measure)
        measure.opened(one.opened_at)
        measure.facts(facts)

    def _act(self, name: str, act: Act, at: datetime) -> None:
        state = self._live[name]
        order, facts = domain.advance(state.order, at)
        state.measure.facts(facts)
        self._now(state, order, at)
        try:
            order, facts = self._move(state, act, at)
        except (LoopdeskError, StopIteration):
            self.agreement.refused += 1
            return
        state.measure.facts(facts)
        state.measure.reached(at)
        self._now(state, order, at)

    def _now(self, state: _State, order: Order, at: datetime) -> None:
        """The seats follow: whoever has it no more has it no more."""
        before, after = _holder(state.order), _holder(order)
        state.order = order
        if before == after:
            return
        if before and (worker := self._staff.workers.get(before)):
            worker.give_back(at, order.type, state.units)
            state.since = at
        if after and (worker := self._staff.workers.get(after)):
            worker.take(at, order.type, state.units)
            state.measure.waited(order.priority, (at - state.since).total_seconds())

    def _move(self, state: _State, act: Act, at: datetime) -> Decision:
        order = state.order
        if act.kind is Kind.ASSIGNED:
            return self._assign(state, at, str(act.word))
        if act.kind is Kind.LEFT:
            team = self.setting.reference.team(act.word) if act.word else self.setting.reference.team(order.team)
            return domain.transfer(order, at, team, agent_id=None if act.word else "another")
        return MOVES[act.kind](order, at, act)

    def _assign(self, state: _State, at: datetime, agent_id: str) -> Decision:
        order = state.order
        visit = next(visit for visit in order.visits if visit.agent is None)
        self._ask(order, visit, at, agent_id)
        return domain.assign(order, at, agent_id, visit.number)

    def _ask(self, order: Order, visit: Visit, at: datetime, agent_id: str) -> None:
        rules = self.setting.reference.assignment
        task = task_of(order, visit, at, rules)
        workers: Sequence[Worker] = self._staff.serving.get(visit.need.key, ())
        candidates = [worker.candidate(task, declined=False, subject=False, lapsed=0) for worker in workers]
        chosen = choose(task, candidates, rules)
        self.agreement.asked += 1
        self.agreement.same += chosen.agent_id == agent_id
        self.agreement.by_chance += 1 / len(workers) if workers else 0.0

    def _outcome(self) -> Outcome:
        first, last = self.measure.first_at, self.measure.last_at
        unfinished = 0
        for state in self._live.values():
            if state.order.state not in (State.RESOLVED, State.CLOSED):
                unfinished += state.measure is self.measure
                state.measure.left_open(state.order)
        people = [
            Person(
                agent_id=worker.agent.agent_id,
                teams=worker.agent.teams,
                given=worker.given,
                duty=worker.duty.seconds(first, last) / 3600,
                busy=(worker.busy + (worker.duty.seconds(worker.since, last) if worker.since else 0)) / 3600,
                overtime=0.0,
            )
            for worker in self._staff.workers.values()
            if first and last
        ]
        return outcome("recorded", self.measure, people, unfinished)


def _holder(order: Order) -> str | None:
    return order.visits[0].agent if order.visits else None


def _accept(order: Order, at: datetime, act: Act) -> Decision:
    if order.visits and order.visits[0].state is Stage.ASSIGNED:
        return domain.accept(order, at)
    return order, []


MOVES: dict[Kind, Callable[[Order, datetime, Act], Decision]] = {
    Kind.ACCEPTED: _accept,
    Kind.RESPONDED: lambda order, at, act: domain.respond(order, at),
    Kind.HELD: lambda order, at, act: domain.hold(order, at, str(act.word)),
    Kind.RESUMED: lambda order, at, act: domain.resume(order, at),
    Kind.PRIORITISED: lambda order, at, act: domain.prioritise(order, at, str(act.word), "as recorded"),
    Kind.RESOLVED: lambda order, at, act: domain.resolve(order, at, SOLUTION, LANGUAGE),
    Kind.REOPENED: lambda order, at, act: domain.reopen(order, at, reason="as recorded", cause="customer"),
    Kind.CLOSED: lambda order, at, act: domain.close(order, at, round=order.round, outcome="silent"),
}
