"""Who gets what waits: the choice of services/dispatch/domain/assigning, asked as the claims of dispatch ask it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from deploy.simulation.live import Live
from deploy.simulation.queues import Alike, Entry, Queues
from deploy.simulation.setting import Given
from deploy.simulation.staff import Worker
from services.dispatch import domain
from services.dispatch.domain.assigning.choice import Choice, choose
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.work.candidacy import task_of, wishes_of
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.states import State
from services.dispatch.domain.work.visit import Visit

if TYPE_CHECKING:
    from deploy.simulation.engine import Engine


class Seating:
    """Gives open steps to agents, and keeps in order what nobody can take."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rules = engine.reference.assignment
        self.queues = Queues()

    def seat(self, live: Live) -> None:
        """Each open step that nobody has is given out, or waits; what is over or held waits no more."""
        open_now = {visit.number for visit in live.order.visits}
        for number in [number for number in live.since if number not in open_now]:
            del live.since[number]
            self.queues.drop(live.order.order_no, number)
        for visit in domain.waiting(live.order):
            live.since.setdefault(visit.number, self._engine.now)
            if self._waits_on(live, visit):
                continue
            if not self._give(live, visit, self._engine.staff.serving.get(visit.need.key, ())):
                self._queue(live, visit)

    def drain(self, worker: Worker) -> None:
        """Who has come, or has room again, is given what waits for somebody like that, the most urgent first."""
        tried: set[tuple[str, Alike]] = set()
        while worker.may_have_room(1) and (first := self.queues.first(worker.queues, tried)) is not None:
            live = self._engine.live[first.order_no]
            visit = next(one for one in live.order.visits if one.number == first.visit)
            if not (worker.may_have_room(first.units) and self._give(live, visit, (worker,))):
                tried.add((first.queue, first.alike))

    def _waits_on(self, live: Live, visit: Visit) -> bool:
        """Whether it stands in its queue as it did: then nobody could take it, and nobody else has come since."""
        entry = self.queues.waits(live.order.order_no, visit.number)
        if entry is None:
            return False
        if live.order.state is State.HELD:
            self.queues.drop(live.order.order_no, visit.number)
            return True
        return entry == self._entry(live, visit)

    def _queue(self, live: Live, visit: Visit) -> None:
        if live.order.state is not State.HELD:
            self.queues.put(self._entry(live, visit))

    def _entry(self, live: Live, visit: Visit) -> Entry:
        order = live.order
        units = self._rules.units_of(order.matter)
        alike = self._alike(order, visit, units)
        return Entry(domain.turn(order), order.order_no, visit.number, visit.need.key, units, alike)

    def _alike(self, order: Order, visit: Visit, units: int) -> Alike:
        """What of it the limits look at; work with a story of its own is like no other."""
        own = order.order_no if order.declined or visit.lapsed or order.asked.subject else ""
        matter = tuple(order.matter.values()) if self._rules.roles else ()
        return (str(visit.need.level), order.type, order.channel, order.asked.language, str(units), own, *matter)

    def _give(self, live: Live, visit: Visit, workers: Iterable[Worker]) -> bool:
        """Whether somebody of these takes it."""
        serving = list(workers)
        for wish in wishes_of(live.order, visit):
            task = task_of(live.order, visit, self._engine.now, self._rules, wish)
            chosen = self._chosen(live.order, visit, task, serving)
            if chosen is not None and chosen.agent_id is not None:
                break
        else:
            return False
        self._engine.handling.begin(live, visit, chosen, task)
        self.queues.drop(live.order.order_no, visit.number)
        self._told(live, visit, task.units)
        return True

    def _chosen(self, order: Order, visit: Visit, task: Task, workers: Sequence[Worker]) -> Choice | None:
        """Among those who may have room, and whoever is wished for; None: there is nobody to ask."""
        asked = [worker for worker in workers if worker.may_have_room(task.units) or worker.agent.agent_id == task.wish]
        if not asked:
            return None
        subject, gone = order.asked.subject, {one.agent for one in order.declined}
        candidates = [
            worker.candidate(task, (id := worker.agent.agent_id) in gone, id == subject, visit.lapsed.count(id))
            for worker in asked
        ]
        return choose(task, candidates, self._rules)

    def _told(self, live: Live, visit: Visit, units: int) -> None:
        since = live.since.pop(visit.number, self._engine.now)
        waited, priority = (self._engine.now - since).total_seconds(), live.order.priority
        self._engine.measure_of(live).waited(priority, waited)
        watch = self._engine.setting.watch
        if watch is not None and (job := live.jobs.get(visit.number)) is not None:
            stint = job.stint
            seated = stint.seconds + sum(pause.lasts for pause in stint.pauses)
            watch(Given(visit.need.team, priority, units, since, waited, seated, left(live, stint.seconds)))


def left(live: Live, handling: float) -> dict[str, float]:
    """By promise, how long the work may wait in all to keep it: what is promised, less the handling of all steps."""
    recorded = sum(stint.seconds for stints in live.course.stints.values() for stint in stints)
    needed = {Promise.FIRST_RESPONSE: 0.0, Promise.RESOLUTION: max(recorded, handling)}
    clocks = live.order.clocks
    return {
        promise.value: clocks[promise].target.total_seconds() - seconds
        for promise, seconds in needed.items()
        if promise in clocks
    }
