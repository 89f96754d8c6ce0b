"""What agents and customers do with a work order, each at its time: taken from the course, put through the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deploy.simulation.course import Stint
from deploy.simulation.filling import Filling
from deploy.simulation.live import Do, Job, Live, Point, points_of, rest_of
from deploy.simulation.samples import Samples
from deploy.simulation.staff import Worker
from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Stage, State, Visit
from services.dispatch.domain.assigning.choice import Choice
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.work.visiting import Terms
from shared.errors import LoopdeskError

if TYPE_CHECKING:
    from deploy.simulation.engine import Engine

AGAIN = "as recorded"
STUCK = "could_not_go_on"
MOST_OFFERS = 5
MOST_VISITS = 200  # of one work order: more is a loop that the recorded answers do not end


class Handling:
    """The jobs of all agents."""

    def __init__(self, engine: Engine, samples: Samples) -> None:
        self._engine = engine
        self._samples = samples
        self._filling = Filling()

    def world(self, live: Live) -> None:
        """What does not depend on who has it: priorities that people give, and the customer who takes it back."""
        for after, priority in live.course.priorities:
            self._later(after, self._prioritise, live, priority)
        for after, team in live.course.routed:
            self._later(after, self._route, live, team)
        if live.course.withdrawn is not None:
            self._later(live.course.withdrawn, self._withdraw, live)

    def begin(self, live: Live, visit: Visit, chosen: Choice, task: Task) -> None:
        """The step is given to the chosen agent, who begins at once, or when its duty does."""
        engine, agent_id = self._engine, str(chosen.agent_id)
        worker = engine.staff.workers[agent_id]
        terms = Terms(units=task.units, within=engine.reference.assignment.accept_within(live.order.priority))
        live.order, facts = domain.assign(live.order, engine.now, agent_id, visit.number, chosen.rule, terms)
        engine.measure_of(live).facts(facts)
        stint = live.rest.pop(visit.number, None) or self._stint(live, visit)
        if visit.offers:
            stint = self._offered_again(live, visit, stint)
        job = live.jobs[visit.number] = Job(worker, stint, task.type, task.units, points=points_of(stint))
        worker.take(engine.now, task.type, task.units)
        self._go_on(live, visit.number, job)

    def released(self, live: Live) -> list[Worker]:
        """Who has room by that: the seats of those who have their step no more; what they had done of it is done.

        What somebody goes on having may weigh otherwise by now.
        """
        has = {visit.number: visit.agent for visit in live.order.visits}
        freed = [worker for visit in live.order.visits if (worker := self._weighed(live.jobs.get(visit.number), visit))]
        for number, job in list(live.jobs.items()):
            if has.get(number) != job.worker.agent.agent_id:
                del live.jobs[number]
                job.worker.give_back(self._engine.now, job.kind, job.units)
                freed.append(job.worker)
                if number in has and not job.points:
                    continue
                if number in has:  # taken away from the agent: the next one goes on
                    live.rest[number] = rest_of(job.stint, self._done(job))
        return freed

    def _weighed(self, job: Job | None, visit: Visit) -> Worker | None:
        """The job's worker, if it has more room because its step weighs less by now."""
        if job is None or job.units == visit.units or visit.agent != job.worker.agent.agent_id:
            return None
        more = visit.units - job.units
        job.units += more
        job.worker.load += more
        return job.worker if more < 0 else None

    def _done(self, job: Job) -> float:
        """Seconds of the stint that lie behind; none are added while it stands still."""
        since = job.worker.duty.seconds(job.began, self._engine.now) if job.began else 0.0
        return min(job.done + since, job.stint.seconds)

    def _stint(self, live: Live, visit: Visit) -> Stint:
        recorded = live.course.stints.get(visit.step, ())
        used = live.used[visit.step]
        live.used[visit.step] += 1
        if used < len(recorded):
            return recorded[used]
        return self._samples.stint(visit.step, live.order.priority, f"{live.order.order_no}/{visit.step}/{used}")

    def _offered_again(self, live: Live, visit: Visit, stint: Stint) -> Stint:
        """Who gets it after others takes it up at once if many let it pass: the record does not say more."""
        name = f"{live.order.order_no}/{visit.number}/{visit.offers}"
        return replace(stint, accepted=self._samples.accepted(name) if visit.offers < MOST_OFFERS else 0.0)

    # points of a job

    def _go_on(self, live: Live, number: int, job: Job) -> None:
        """Wait for the next point."""
        if not job.points:
            return
        point, job.began = job.points[-1], self._engine.now
        when, overtime = job.worker.duty.after(self._engine.now, point.after - job.done)
        job.worker.overtime += overtime
        self._engine.at(when, self._reached, live, number, job)

    def _reached(self, live: Live, number: int, job: Job) -> None:
        if live.jobs.get(number) is not job:
            return
        if live.order.state is State.HELD:
            job.deferred = True
            return
        point = job.points.pop()
        job.done, job.began = point.after, None
        DOES[point.do](self, live, number, job, point)

    def accept(self, live: Live, number: int, job: Job, point: Point) -> None:
        """The agent takes it up."""
        if any(visit.number == number and visit.state is Stage.ASSIGNED for visit in live.order.visits):
            self._try(live, lambda order, at: domain.accept(order, at, str(number)))
        self._if_mine(live, number, job)

    def respond(self, live: Live, number: int, job: Job, point: Point) -> None:
        """The customer hears from us."""
        self._try(live, lambda order, at: domain.respond(order, at))
        self._if_mine(live, number, job)

    def hold(self, live: Live, number: int, job: Job, point: Point) -> None:
        """Nothing goes on until somebody else has done something; a reason that these rules lack stops no clock."""
        pause = point.pause
        assert pause is not None  # noqa: S101 - a hold has one
        held = self._try(live, lambda order, at: domain.hold(order, at, pause.reason))
        self._later(pause.lasts, self._resume if held else self._go_on, live, number, job)

    def _resume(self, live: Live, number: int, job: Job) -> None:
        if live.order.state is State.HELD:
            self._try(live, domain.resume)
        self._if_mine(live, number, job)
        for other, one in list(live.jobs.items()):
            if one.deferred:
                one.deferred = False
                self._reached(live, other, one)

    def end(self, live: Live, number: int, job: Job, point: Point) -> None:
        """It goes to another team, or the step is done; where the rules let neither happen, it ends here."""
        visit = next(visit for visit in live.order.visits if visit.number == number)
        if job.stint.to_team is not None and self._transfer(live, visit, job.stint.to_team):
            return
        if job.stint.to_team is not None:  # no such team here: the same agent does the rest
            job.stint = self._stint(live, visit)
            job.done, job.points = 0.0, points_of(job.stint)
            self._go_on(live, number, job)
            return
        job.worker.experience[live.order.category] += 1
        if self._engine.reference.assignment.weights["knows_customer"]:
            job.worker.customers[live.order.customer_id] += 1
        if not self._complete(live, visit, job.stint) and live.jobs.get(number) is job:
            self._stuck(live)

    def _if_mine(self, live: Live, number: int, job: Job) -> None:
        if live.jobs.get(number) is job:
            self._go_on(live, number, job)

    # moves

    def _transfer(self, live: Live, visit: Visit, team: str) -> bool:
        reference, number = self._engine.reference, str(visit.number)
        if team not in reference.teams:
            return False
        return self._try(live, lambda order, at: domain.transfer(order, at, reference.team(team), step=number))

    def _complete(self, live: Live, visit: Visit, stint: Stint) -> bool:
        done = self._try(live, lambda order, at: self._filling.completed(order, at, visit, stint))
        if done and live.order.state is State.RESOLVED:
            self._resolved(live)
        elif done and sum(live.order.visited.values()) > MOST_VISITS:
            self._stuck(live)
        return done

    def _stuck(self, live: Live) -> None:
        """Its flow asks for what the record does not have: it is counted, and taken out."""
        self._engine.measure_of(live).counts[STUCK] += 1
        self._withdraw(live)

    def _resolved(self, live: Live) -> None:
        if live.reopenings < len(live.course.reopened):
            live.reopenings += 1
            self._later(live.course.reopened[live.reopenings - 1], self._reopen, live)
        else:
            self._engine.over(live)

    def _reopen(self, live: Live) -> None:
        if live.order.state is State.RESOLVED:
            self._try(live, lambda order, at: domain.reopen(order, at, reason=AGAIN, cause="customer"))

    def _prioritise(self, live: Live, priority: str) -> None:
        if live.order.order_no in self._engine.live:
            self._try(live, lambda order, at: domain.prioritise(order, at, priority, "as recorded"))

    def _route(self, live: Live, team: str) -> None:
        if live.order.order_no in self._engine.live and live.order.visits:
            self._transfer(live, live.order.visits[0], team)

    def _withdraw(self, live: Live) -> None:
        if live.order.order_no in self._engine.live and live.order.state is not State.RESOLVED:
            self._try(live, lambda order, at: domain.withdraw(order, at, "as recorded"))
            self._engine.over(live)

    def _try(self, live: Live, move: Callable[[Order, datetime], Decision]) -> bool:
        """Whether the rules let it happen: what was right as recorded may not be under others."""
        try:
            self._engine.change(live, move)
        except LoopdeskError:
            return False
        return True

    def _later(self, seconds: float, handler: Callable[..., None], *about: object) -> None:
        self._engine.at(self._engine.now + timedelta(seconds=seconds), handler, *about)


DOES: dict[Do, Callable[[Handling, Live, int, Job, Point], None]] = {
    Do.ACCEPT: Handling.accept,
    Do.RESPOND: Handling.respond,
    Do.HOLD: Handling.hold,
    Do.END: Handling.end,
}
