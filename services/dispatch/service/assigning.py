"""Dispatch's RPC methods: who gets the work, and why it was that agent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch import answers, domain
from services.dispatch.domain import Decision, Order
from services.dispatch.schemas import assigning as schemas_assigning
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class Assigning:
    """Who gets the work, and why it was that agent."""

    store: Mongo[DispatchStore]

    @command("work", schemas_assigning.NextWork)
    def next_work(self, call: Call, agent_id: str) -> Any:
        """The most urgent work that the agent may have, now its own: the receipt with its `visit` and `step`, or null.

        Raises NotFound.
        """
        return self.store.pulling.next_work(call, agent_id, self.store.now(), answers.pulled)

    @command("work", schemas_assigning.Decline)
    def decline(self, call: Call, order_no: str, reason: str, step: str | None) -> Any:
        """Who has it does not take it, and is never offered it again. Raises NotFound, NoSuchMove, NameTheStep."""
        return self.store.change_with_seats(
            call,
            order_no,
            lambda order, at: domain.decline(order, at, reason=reason, step=step),
            answers.receipt,
        )

    @command("supervise", schemas_assigning.Reassign)
    def reassign(
        self, call: Call, order_no: str, agent: str, reason: str, override: str | None, step: str | None
    ) -> Any:
        """To that agent, or refused; `override` is why no limit binds, but that of a complaint's subject.

        Raises NotFound (work, agent, open step), NoSuchMove, NameTheStep, NothingChanges, Ineligible.
        """
        reference = self.store.reference.current()
        taker = self.store.agents.get(agent)

        def decide(order: Order, at: datetime) -> Decision:
            to = domain.destination(order, reference, None, taker, step, move="reassign")
            return domain.reassign(order, at, to, agent, reason=reason, override=override, step=step)

        return self.store.change_with_seats(call, order_no, decide, answers.receipt)

    @query("read", schemas_assigning.ExplainAssignment)
    def explain_assignment(self, call: Call, assignment: int | None, step: str | None, **named: str) -> Any:
        """Every candidate of a choice: what excluded it, or its score; the choice made again. Raises NotFound.

        Of work that waits, unless an assignment is named: the choice that would be made now (`waiting`).
        """
        return self.store.explaining.answer(self.store.order_no(**named), assignment, step)
