"""An agent asks for its next work: the most urgent that it may have, the oldest among equals (ADR 61)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from services.dispatch.domain import Decision, Order, Rule, Wish, waiting
from services.dispatch.errors import Ineligible
from services.dispatch.storage.candidates import Crowd
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.claims import NobodyFree
from services.dispatch.storage.courtesy import Courtesy
from services.dispatch.storage.fitting import OF_ALL_WORK, Fitting
from services.dispatch.storage.queue import Queue
from shared.aggregates import Aggregates
from shared.answered import Answered
from shared.cause import Call
from shared.errors import Conflict, NotFound, Unavailable
from shared.housekeeping import ANSWERS_KEPT

#: Work orders that one call reads at most. Each that the agent may not have excludes all of its like (fitting.py), so
#: that this many different ones would have to wait before one that it may have.
LOOKED_AT = 2000

Answer = dict[str, Any] | None
Decide = Callable[[Order, datetime], Decision]
Claim = Callable[[Call, str, Decide, Callable[[Order], dict[str, Any]]], Answer]
Reply = Callable[[Order, int], dict[str, Any]]


class Pulling:
    """`claim` changes a work order together with its claims; `courtesy` says what is just being given out.

    `answered` keeps that there was nothing, which changes no work order.
    """

    def __init__(
        self,
        orders: Aggregates[Order],
        queue: Queue,
        choosing: Callable[[], Choosing],
        claim: Claim,
        courtesy: Courtesy,
        answered: Answered,
    ) -> None:
        self._orders = orders
        self._queue = queue
        self._choosing = choosing
        self._claim = claim
        self._courtesy = courtesy
        self._answered = answered

    def next_work(self, call: Call, agent_id: str, now: datetime, reply: Reply) -> Answer:
        """The answer about what the agent has got, made by `reply` of the work and the visit; None: there is nothing.

        Asked again, with the same request id, it is the same work, or nothing again. Raises NotFound (agent).
        """
        order_no = self._orders.asked_before(call)
        if order_no is None:
            known = self._answered.standing_alone(call)
            if known is not None:
                return known.reply
            try:
                answer = self._looked_for(call, agent_id, call.at or now, reply)
            except Conflict:  # the same call, delivered twice, may have got something at the same moment
                order_no = self._orders.asked_before(call)
                if order_no is None:
                    raise
            else:
                return answer if answer is not None else self._nothing(call, now)
        return self._claim(call, order_no, _given_already, lambda order: {})

    def _nothing(self, call: Call, now: datetime) -> Answer:
        """That is kept, too, and is the answer for good; unless the same call has got something at the same moment."""
        self._answered.keep(call, None, now + ANSWERS_KEPT)
        order_no = self._orders.asked_before(call)
        return None if order_no is None else self._claim(call, order_no, _given_already, lambda order: {})

    def _looked_for(self, call: Call, agent_id: str, at: datetime, reply: Reply) -> Answer:
        choosing = self._choosing()
        crowd = choosing.candidates.of_agent(agent_id, at)
        if agent_id not in crowd.agents:
            raise NotFound("agent", agent_id)
        fitting = Fitting(crowd.agents[agent_id], choosing.reference.assignment)
        for order in self._in_sight(crowd, agent_id, fitting):
            for visit in waiting(order):
                choice = choosing.among(crowd, _asked_for(order, visit.number, agent_id), visit, at).choice
                limits = choice.limits_of(agent_id)
                if not OF_ALL_WORK.isdisjoint(limits):
                    return None
                fitting.refused(order, visit, limits)
                answer = None if limits else self._claimed(call, order.order_no, visit.number, agent_id, reply)
                if answer is not None:
                    return answer
        return None

    def _in_sight(self, crowd: Crowd, agent_id: str, fitting: Fitting) -> Iterator[Order]:
        """What waits in the queues that it serves, by itself or for another, in turn."""
        served = (agent for name, agent in crowd.agents.items() if crowd.away.get(name, name) == agent_id)
        queues = sorted({queue for agent in served for queue in agent.queues})
        walk = self._queue.walk(queues, fitting=fitting.wanted) if queues else ()
        return (order for _, order in islice(walk, LOOKED_AT))

    def _claimed(self, call: Call, order_no: str, number: int, agent_id: str, reply: Reply) -> Answer:
        """The answer, or None: somebody else was faster, or is just at it."""

        def decide(order: Order, at: datetime) -> Decision:
            if all(visit.number != number for visit in waiting(order)):
                raise NobodyFree(order_no)
            return _asked_for(order, number, agent_id), []

        if not self._courtesy.hold(order_no):
            return None
        try:
            return self._claim(call, order_no, decide, lambda order: reply(order, number))
        except (NobodyFree, Ineligible, Unavailable):
            return None
        finally:
            self._courtesy.let_go(order_no)


def _asked_for(order: Order, visit: int, agent_id: str) -> Order:
    return replace(order, wishes={**order.wishes, visit: Wish(agent_id, Rule.PULLED, only=True)})


def _given_already(order: Order, at: datetime) -> Decision:
    return order, []
