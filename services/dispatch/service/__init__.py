"""Dispatch's RPC methods. Every command on work answers with the receipt of answers.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch import answers, domain, explaining, rerating, schemas
from services.dispatch.domain import Decision, Order
from services.dispatch.forecast import require_within_reach
from services.dispatch.rerating import Period
from services.dispatch.service.appointments import Appointments
from services.dispatch.service.assigning import Assigning
from services.dispatch.service.export import Export
from services.dispatch.service.handover import HandOvers
from services.dispatch.service.incidents import Incidents
from services.dispatch.service.people import People
from services.dispatch.service.supervision import Supervision
from services.dispatch.storage import rollout_documents
from services.dispatch.store import Decide, DispatchStore
from shared.bus import Call, Health, command, query
from shared.mongo import Mongo
from shared.reference import ReferenceData
from shared.verification import Verification


class Dispatch(
    People,
    HandOvers,
    Assigning,
    Appointments,
    Incidents,
    Supervision,
    Export,
    Health,
    ReferenceData,
    Verification,
):
    """Who does what by when; here what moves a work order, in the modules beside it everything else."""

    name = "dispatch"
    store = Mongo(DispatchStore)

    @command("work", schemas.Accept)
    def accept(self, call: Call, order_no: str, step: str | None) -> Any:
        """The agent takes the step up. Raises NotFound, NoSuchMove, NameTheStep."""
        return self._change(call, order_no, lambda order, at: domain.accept(order, at, step))

    @command("work", schemas.Respond)
    def respond(self, call: Call, order_no: str, note: str | None) -> Any:
        """The customer has heard from us; counts once as the first response. Raises NotFound, NoSuchMove."""
        return self._change(call, order_no, lambda order, at: domain.respond(order, at, note))

    @command("work", schemas.Hold)
    def hold(self, call: Call, order_no: str, reason: str, note: str | None) -> Any:
        """Those clocks stand still that the policy pauses for it. Raises NotFound, NoSuchMove, ValidationError."""
        return self._change(call, order_no, lambda order, at: domain.hold(order, at, reason, note))

    @command("work", schemas.Resume)
    def resume(self, call: Call, order_no: str) -> Any:
        """The clocks run again. Raises NotFound, NoSuchMove."""
        return self._change(call, order_no, domain.resume)

    @command("work", schemas.Transfer)
    def transfer(
        self,
        call: Call,
        order_no: str,
        reason: str | None,
        step: str | None,
        team: str | None = None,
        agent: str | None = None,
    ) -> Any:
        """To another team, or to an agent; given to somebody there at once if there is room.

        Raises NotFound (work, team, agent, open step), NoSuchMove, NameTheStep, NothingChanges, NotOnTeam, Ineligible.
        """
        reference = self.store.reference.current()
        taker = self.store.agents.get(agent) if agent else None

        def decide(order: Order, at: datetime) -> Decision:
            to = domain.destination(order, reference, team, taker, step)
            return domain.transfer(order, at, to, agent_id=agent, reason=reason, step=step)

        return self._reseat(call, order_no, decide)

    @command("work", schemas.Prioritise)
    def prioritise(self, call: Call, order_no: str, priority: str, reason: str) -> Any:
        """Its promises are that priority's, from their original starts. Raises NotFound, NoSuchMove, NothingChanges."""
        return self._change(call, order_no, lambda order, at: domain.prioritise(order, at, priority, reason))

    @command("work", schemas.CompleteStep)
    def complete_step(self, call: Call, order_no: str, fee: dict[str, Any] | None, **given: Any) -> Any:
        """The step is done and the work goes on; the last one ends it with a solution.

        Raises ValidationError (fields, fee, solution), NotFound, NoSuchMove, NameTheStep, CannotLeave, StepsRemain.
        """
        return self._reseat(call, order_no, lambda order, at: domain.complete_step(order, at, fee=fee, **given))

    @command("work", schemas.SkipStep)
    def skip_step(self, call: Call, order_no: str, reason: str, step: str | None) -> Any:
        """On without a late step that may be skipped. Raises NotFound, NoSuchMove, NameTheStep, NotSkippable."""
        return self._reseat(call, order_no, lambda order, at: domain.skip_step(order, at, reason=reason, step=step))

    @command("supervise", schemas.Reroute)
    def reroute(self, call: Call, order_no: str, to: str, reason: str, step: str | None) -> Any:
        """A supervisor sends the work to another step. Raises NotFound, NoSuchMove, NothingChanges, OutOfBlock."""
        return self._reseat(
            call, order_no, lambda order, at: domain.reroute(order, at, to=to, reason=reason, step=step)
        )

    @command("supervise", schemas.VoidFee)
    def void_fee(self, call: Call, order_no: str, fee: int, reason: str) -> Any:
        """A fee counts no more; it stays, with the reason. Raises NotFound (work, fee), AlreadyVoid."""
        return self._change(call, order_no, lambda order, at: domain.void_fee(order, at, fee, reason))

    @command("work", schemas.Resolve)
    def resolve(self, call: Call, order_no: str, solution: str, language: str | None) -> Any:
        """It is done; the agent has room again. Raises NotFound, NoSuchMove, StepsRemain."""
        return self._reseat(call, order_no, lambda order, at: domain.resolve(order, at, solution, language))

    @command("work", schemas.Reopen)
    def reopen(self, call: Call, order_no: str, reason: str, cause: str) -> Any:
        """It was not done: a new round, for its former agent if that has room. Raises NotFound, NoSuchMove."""
        return self._reseat(call, order_no, lambda order, at: domain.reopen(order, at, reason=reason, cause=cause))

    @query("read", schemas.GetWork)
    def get_work(self, call: Call, order_no: str | None = None, ticket_no: str | None = None) -> Any:
        """The work order with its whole history. Raises NotFound."""
        key = order_no or domain.order_no_for(str(ticket_no))
        order, history = self.store.orders.shown(key)
        return answers.work(order, history, self.store.now())

    @query("read", schemas.FindWork)
    def find_work(self, call: Call, limit: int, after: str | None, **filters: str) -> Any:
        """A page, newest first: {work: [...], next: cursor of the next page, or null}."""
        found, more = self.store.find_work(filters, limit, after)
        return {"work": [answers.summary(order) for order in found], "next": more}

    @query("read", schemas.ExplainDeadline)
    def explain_deadline(self, call: Call, clock: str, as_of: datetime | None, **named: str) -> Any:
        """What a deadline counted, interval by interval, and what came of it. Raises NotFound, ValidationError."""
        order, entries = self.store.orders.whole(self.store.order_no(**named))
        return explaining.deadline(order, entries, clock, as_of, self.store.now())

    @query("administer", schemas.Rerate)
    def rerate(
        self,
        call: Call,
        since: datetime,
        until: datetime,
        version: int | None,
        body: dict[str, Any] | None,
        as_of: datetime | None,
        limit: int,
        after: str | None,
    ) -> Any:
        """A page: what would have been met and missed under that version, or body. Raises NotFound, ValidationError."""
        reference = self.store.reference.wanted(version) if body is None else self.store.reference.candidate(body)
        require_within_reach(as_of, self.store.now())
        period = Period(since=since, until=until, as_of=as_of)
        page = rerating.page(self.store.orders, self.store.books, reference, period, limit, after)
        return {"version": reference.version if body is None else None, **page}

    @command("administer", schemas.ApplyToOpen)
    def apply_to_open(self, call: Call, version: int | None, policies: list[str], reason: str) -> Any:
        """Open work comes under that version of the reference data, by and by: the rollout. Raises NotFound."""
        reference = self.store.reference.wanted(version)
        return self.store.rollouts.apply_to_open(call, reference.version, policies, reason)

    @query("read", schemas.GetRollout)
    def get_rollout(self, call: Call, rollout_id: str) -> Any:
        """How far a rollout has come. Raises NotFound."""
        return rollout_documents.rollout_answer(self.store.rollouts.get(rollout_id))

    def _change(self, call: Call, order_no: str, decide: Decide) -> Any:
        return self.store.change(call, order_no, decide, answers.receipt)

    def _reseat(self, call: Call, order_no: str, decide: Decide) -> Any:
        """The same for what always moves a seat."""
        return self.store.change_with_seats(call, order_no, decide, answers.receipt)
