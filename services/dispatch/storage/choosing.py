"""From an open step that waits to who gets it, and the record of why (ADR 61)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.dispatch.domain import Agent, Decision, Order, Reference, Rule, Visit, assign
from services.dispatch.domain.assigning.record import digest, record
from services.dispatch.domain.people.availability import availability
from services.dispatch.domain.work.candidacy import Around, shift_began
from services.dispatch.domain.work.picking import Picked, pick, terms_of
from services.dispatch.storage.candidates import Candidates, Crowd
from shared.mongo import Transaction


@dataclass(frozen=True, kw_only=True)
class Given:
    """How a step was given to somebody: the record of the choice, with its digest, and the shift of who got it.

    A hand-over makes no choice, and has no record.
    """

    rule: str
    shift: str | None
    shift_since: datetime
    record: Mapping[str, Any] | None = None
    digest: str | None = None


@dataclass
class Choosing:
    """Choices of one claim, or one drain, by the same reference data; what is known of customers is read once."""

    candidates: Candidates
    reference: Reference
    _known: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def among(self, crowd: Crowd, order: Order, visit: Visit, at: datetime, contended: Collection[str] = ()) -> Picked:
        """Who gets the step, of those people; the contended ones are asked last."""
        around = Around(
            at=at,
            roster=self.reference.roster,
            away=crowd.away,
            knows_customer=self._knowing(order),
            contended=contended,
        )
        return pick(order, visit, crowd.agents, around, self.reference.assignment)

    def give(self, order: Order, visit: Visit, at: datetime, picked: Picked, crowd: Crowd) -> tuple[Decision, Given]:
        """The work after who was picked has got the step, and what is kept of that."""
        agent_id = picked.choice.agent_id
        assert agent_id is not None  # noqa: S101 - asked only where somebody was
        recorded = record(picked.task, picked.candidates, picked.choice, self.reference.version)
        given = replace(
            self._given(crowd.agents[agent_id], at, picked.choice.rule), record=recorded, digest=digest(recorded)
        )
        terms = terms_of(order, picked, self.reference.assignment, given.digest)
        return assign(order, at, agent_id, visit.number, picked.choice.rule, terms), given

    def handed(self, agent_id: str, at: datetime, tx: Transaction) -> Given:
        """How a step came to who stands in, or back."""
        return self._given(self.candidates.get(agent_id, tx), at, Rule.STAND_IN)

    def _given(self, agent: Agent, at: datetime, rule: Rule) -> Given:
        stands = availability(agent, self.reference.roster, at)
        return Given(rule=rule.value, shift=stands.shift, shift_since=shift_began(stands, at))

    def crowd(self, order: Order, visit: Visit, at: datetime, tx: Transaction | None = None) -> Crowd:
        """All who may have the step, as the transaction sees them; what is known of the customer is read, too."""
        self._knowing(order)
        wish = order.wishes.get(visit.number)
        alone = wish.agent if wish is not None and wish.only else visit.need.agent
        if alone is not None:
            return self.candidates.of_agent(alone, at, tx)
        return self.candidates.of_team(visit.need.team, at, tx)

    def _knowing(self, order: Order) -> Mapping[str, int]:
        """Read outside the transaction, since it is about work that is over; only where it counts."""
        if not self.reference.assignment.weights["knows_customer"]:
            return {}
        if order.customer_id not in self._known:
            self._known[order.customer_id] = self.candidates.know_customer(order)
        return self._known[order.customer_id]
