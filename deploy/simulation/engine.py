"""The virtual clock: plays courses through dispatch's own rules, in memory, one event after the other.

The rules are those of services/dispatch/domain, called as the services call them; what is here is the world around
them: time that jumps from event to event, agents who handle what they are given, and queues. Each event costs what the
team and the queues' kinds make it cost, whatever number of work orders there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any

from deploy.simulation.course import Course
from deploy.simulation.handling import Handling
from deploy.simulation.live import Live
from deploy.simulation.measure import Measure, Outcome, Person, outcome
from deploy.simulation.samples import Samples
from deploy.simulation.seating import Seating
from deploy.simulation.setting import Setting
from deploy.simulation.staff import Staff, Worker
from services.dispatch import domain
from services.dispatch.domain import State
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.telling import in_passing
from shared.events import Fact
from shared.values import replace

Handler = Callable[..., None]
Progress = Callable[[int], None]
TOLD_EVERY = 500  # work orders between two words to the progress bar


class Engine:
    """One run. Nothing is kept of a work order that is over but what `measure` sums up."""

    def __init__(self, courses: Iterable[Course], setting: Setting, samples: Samples) -> None:
        self.setting = setting
        self.reference = setting.reference
        self.measure = Measure()
        self._aside = Measure()
        self.staff = Staff(setting.agents, setting.duty_of)
        self.live: dict[str, Live] = {}
        self.now: datetime
        self._books = lambda _: setting.reference
        self._courses: Iterator[Course] = iter(courses)
        self._heap: list[tuple[datetime, int, Handler, tuple[Any, ...]]] = []
        self._turn = count()
        self.seating = Seating(self)
        self.handling = Handling(self, samples)

    def run(self, progress: Progress = lambda _: None) -> Outcome:
        """Plays everything; what nobody could ever take is left over and counted as unfinished."""
        began = time.perf_counter()
        with in_passing():
            self._play(progress)
        return self._outcome(time.perf_counter() - began)

    def _play(self, progress: Progress) -> None:
        coming = next(self._courses, None)
        if coming is not None:
            self._duties_from(coming.opened_at)
        while coming is not None or (self.live and self._heap):
            if coming is not None and (not self._heap or coming.opened_at <= self._heap[0][0]):
                self.now = coming.opened_at
                self._open(coming)
                coming = next(self._courses, None)
                if (done := self._opened) % TOLD_EVERY == 0:
                    progress(done)
            else:
                self.now, _, handler, about = heappop(self._heap)
                handler(*about)
        progress(self._opened)

    @property
    def _opened(self) -> int:
        return self.measure.orders + self._aside.orders

    def measure_of(self, live: Live) -> Measure:
        """What sums up its figures: those of work that the record has no end of are not told."""
        return self.measure if live.course.counted else self._aside

    def at(self, when: datetime, handler: Handler, *about: Any) -> None:
        """Call the handler at that instant; of several at once, in the order of asking."""
        heappush(self._heap, (when, next(self._turn), handler, about))

    # what happens

    def change(self, live: Live, move: Callable[[Order, datetime], tuple[Order, list[Fact]]]) -> None:
        """What was due comes first, then the move; then seats and queues follow. Raises what the move raises."""
        if live.wake is not None and live.wake <= self.now:  # nothing falls due before it is to be woken
            order, due = domain.advance(live.order, self.now)
            self.settle(live, order, due)
        order, facts = move(live.order, self.now)
        self.settle(live, order, facts)

    def settle(self, live: Live, order: Order, facts: Sequence[Fact]) -> None:
        """The work order is now this one: who has it no more has room, and what waits is given out."""
        live.order = order
        self.measure_of(live).facts(facts)
        freed = self.handling.released(live)
        self.seating.seat(live)
        self._wake(live)
        for worker in freed:
            self.seating.drain(worker)

    def _open(self, course: Course) -> None:
        order, facts = domain.open_work(course.ticket, self.now, self.reference, self._books)
        order = replace(order, version=1)  # it is there: what is withdrawn before is another matter
        live = self.live[order.order_no] = Live(order, course)
        self.measure_of(live).opened(self.now)
        self.settle(live, order, facts)
        self.handling.world(live)

    def over(self, live: Live) -> None:
        """Nothing more happens to it."""
        self.live.pop(live.order.order_no, None)
        measure = self.measure_of(live)
        measure.reached(self.now)
        if live.order.state is not State.RESOLVED:
            measure.left_open(live.order)

    def _wake(self, live: Live) -> None:
        """See to it that what falls due next does so; one event at a time for each work order."""
        due = domain.next_due(live.order)
        if due is not None and (live.wake is None or due < live.wake):
            live.wake = due
            self.at(due, self._woken, live.order.order_no)

    def _woken(self, order_no: str) -> None:
        live = self.live.get(order_no)  # by name: work that is over is not to be kept until it would have been late
        if live is None or live.wake != self.now:
            return
        live.wake = None
        order, facts = domain.advance(live.order, self.now)
        self.settle(live, order, facts)

    # duties

    def _duties_from(self, at: datetime) -> None:
        for worker in self.staff.workers.values():
            if span := worker.duty.at(at):
                worker.begins(span)
                self.at(span.until, self._duty_ends, worker)
            elif following := worker.duty.begins_after(at):
                self.at(following.since, self._duty_begins, worker)

    def _duty_begins(self, worker: Worker) -> None:
        span = worker.duty.at(self.now)
        if span is not None:
            worker.begins(span)
            self.at(span.until, self._duty_ends, worker)
            self.seating.drain(worker)

    def _duty_ends(self, worker: Worker) -> None:
        worker.on = False
        if span := worker.duty.at(self.now):  # one duty follows on another
            worker.begins(span)
            self.at(span.until, self._duty_ends, worker)
        elif following := worker.duty.begins_after(self.now):
            self.at(following.since, self._duty_begins, worker)

    # in the end

    def _outcome(self, seconds: float) -> Outcome:
        first = min((one.first_at for one in (self.measure, self._aside) if one.first_at), default=None)
        last = max((one.last_at for one in (self.measure, self._aside) if one.last_at), default=None)
        unfinished = sum(live.course.counted for live in self.live.values())
        for live in self.live.values():
            self.measure_of(live).left_open(live.order)
        people = [self._person(worker, first, last) for worker in self.staff.workers.values() if first and last]
        return outcome(self.setting.name, self.measure, people, unfinished, seconds)

    def _person(self, worker: Worker, first: datetime, last: datetime) -> Person:
        busy = worker.busy + (worker.duty.seconds(worker.since, last) if worker.since else 0.0)
        capable = worker.agent.capacity > 0
        duty = worker.duty.seconds(first, last) if capable else 0.0
        return Person(
            agent_id=worker.agent.agent_id,
            teams=worker.agent.teams,
            given=worker.given,
            duty=duty / 3600,
            busy=busy / 3600,
            overtime=worker.overtime / 3600,
        )
