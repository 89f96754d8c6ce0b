"""The register of stand-ins as stored, and the timer that lets open work follow it (ADR 0063).

The timer does not know what has begun or ended. It looks for work that is with somebody who has handed over, and for
work that somebody has for another for whom it does not stand in, and puts each piece where it belongs by an ordinary
change. So it may come late, twice, on every replica at once, or be cut off anywhere: the next turn finds what is left,
also what a claim gave to somebody absent because it had read the register just before.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from services.dispatch.domain.people import stand_ins
from services.dispatch.domain.people.stand_ins import HandOver, Register
from services.dispatch.domain.work.fitness import Caution
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.standing_in import MayStandIn, follow_stand_ins
from services.dispatch.domain.work.states import IN_WORK, State
from services.dispatch.storage.ended_handovers import EndedHandOvers
from shared.aggregates import Aggregates
from shared.cause import Call, Cause
from shared.errors import LoopdeskError, Unavailable
from shared.events import Fact, kernel_fields
from shared.mongo import Database, Transaction
from shared.outage import describe, is_outage

log = logging.getLogger("loopdesk.handovers")

ID = "register"
#: Work orders moved in one turn of the timer: about a second.
AT_A_TIME = 100
#: So many are looked at for that, and taken by lot: replicas then seldom take the same, and what fails blocks nothing.
IN_SIGHT = 1000
_HELD_BY_SOMEBODY = [state.value for state in (*IN_WORK, State.HELD)]

Decide = Callable[[Order, datetime], Decision]
Change = Callable[[Cause, str, Decide], object]
DecideRegister = Callable[[Register, datetime], stand_ins.RegisterDecision]
Reply = Callable[[Register], Mapping[str, Any]]
Answer = dict[str, Any] | None
Cautions = Callable[[HandOver, str], list[Caution]]


class NothingToMove(Exception):
    """All of the work is where it belongs; nothing is written."""


class StandIns:
    """`change` changes a work order together with its claims."""

    def __init__(self, db: Database, orders: Aggregates[Order], change: Change, may_stand_in: MayStandIn) -> None:
        self._db = db
        self._orders = orders.collection
        self._change = change
        self._may_stand_in = may_stand_in
        self.ended = EndedHandOvers(db)
        self.aggregates = Aggregates(
            db,
            "dispatch_handovers",
            what="register of hand-overs",
            to_document=register_document,
            from_document=register_from,
            advance=stand_ins.settle,
            next_due=stand_ins.next_end,
        )

    def register(self) -> Register:
        """All hand-overs that are planned or under way."""
        return self.aggregates.find(ID) or Register()

    def hand_over(self, call: Call, asked: HandOver, cautions: Cautions) -> Answer:
        """One more: the hand-over as callers see it, with what speaks against who gets the work at its start.

        Raises what `stand_ins.hand_over` does.
        """

        def decide(register: Register, at: datetime) -> stand_ins.RegisterDecision:
            return stand_ins.hand_over(register, at, asked)

        def answer(register: Register) -> dict[str, Any]:
            made = next(one for one in register.hand_overs if one.id == asked.id)
            holder = stand_ins.resolve(register, made.agent, made.since)
            warnings = [one._asdict() for one in cautions(made, holder)]
            return {**hand_over_answer(register, asked.id, self._db.clock.now()), "warnings": warnings}

        return self._decided(call, decide, answer)

    def cancel(self, call: Call, id: str, reason: str) -> Answer:
        """One less: `{id, cancelled: true}`. Raises NotFound."""

        def decide(register: Register, at: datetime) -> stand_ins.RegisterDecision:
            return stand_ins.cancel(register, at, id, reason)

        return self._decided(call, decide, lambda register: {"id": id, "cancelled": True})

    def follow(self, now: datetime) -> int:
        """A turn of the timer: what has ended leaves the register, and open work goes where it belongs; gives how much.

        At most `AT_A_TIME`; the next turn goes on.
        """
        self.aggregates.wake(now, act=self._let_end)
        misplaced = dict(self._misplaced(self.register(), now))
        turn = random.sample(sorted(misplaced), min(AT_A_TIME, len(misplaced)))
        return sum(self._move(order_no, misplaced[order_no]) for order_no in turn)

    def _decided(self, call: Call, decide: DecideRegister, reply: Reply) -> Answer:
        call = replace(call, at=None)  # it is about the present, also for a caller who may set times
        return self._db.transact(
            lambda tx: self.aggregates.change_or_create(call, ID, Register, decide, reply, tx, self._keeping(tx))
        )

    def _let_end(self, key: str, cause: Cause) -> None:
        self._db.transact(
            lambda tx: self.aggregates.change(cause, key, lambda now, at: (now, []), tx=tx, settle=self._keeping(tx))
        )

    def _keeping(self, tx: Transaction) -> Callable[[Register, datetime, Sequence[Fact]], stand_ins.RegisterDecision]:
        """What has ended is kept in the same transaction."""

        def settle(register: Register, at: datetime, happened: Sequence[Fact]) -> stand_ins.RegisterDecision:
            self.ended.keep(happened, tx)
            return register, []

        return settle

    def _misplaced(self, register: Register, now: datetime) -> Iterator[tuple[str, str]]:
        """(order number, whose hand-over is the reason) of work that is not where it belongs."""
        away = stand_ins.away(register, now)
        if away:
            wanted = {"agents": {"$in": sorted(away)}, "state": {"$in": _HELD_BY_SOMEBODY}}
            for doc in self._live(wanted, "of_agent"):
                yield doc["_id"], next(agent for agent in doc["agents"] if agent in away)
        for pair in self._pairs():
            owner, agent = pair.split(">")
            if stand_ins.resolve(register, owner, now) != agent:
                yield from ((doc["_id"], owner) for doc in self._live({"acting": pair}, "of_principal"))

    def _live(self, wanted: Mapping[str, Any], index: str) -> Iterable[Mapping[str, Any]]:
        """Work that is not in replay, for which time moves on by the caller's word only."""
        return self._orders.find({**wanted, "replay_until": None}, {"agents": 1}).hint(index).limit(IN_SIGHT)

    def _pairs(self) -> Iterator[str]:
        """Every `owner>agent` that there is among open work; one index entry is read for each."""
        pair = self._next_pair("")
        while pair is not None:
            yield pair
            pair = self._next_pair(pair)

    def _next_pair(self, after: str) -> str | None:
        doc = self._orders.find_one({"acting": {"$gt": after}}, {"acting": 1}, hint="of_principal")
        return min((pair for pair in doc["acting"] if pair > after), default=None) if doc else None

    def _move(self, order_no: str, owner: str) -> bool:
        """Whether something of it had to move; what cannot be moved now is tried again at the next turn."""
        try:
            self._change(Cause(ref=f"hand-over of {owner}"), order_no, self._following)
        except NothingToMove:
            return False
        except Exception as error:
            if is_outage(error):
                raise
            unforeseen = None if isinstance(error, LoopdeskError) else error
            if not isinstance(error, Unavailable):
                log.warning("not handed over: %s", describe(error), exc_info=unforeseen, extra={"aggregate": order_no})
            return False
        return True

    def _following(self, order: Order, at: datetime) -> Decision:
        order, facts = follow_stand_ins(order, at, self.register(), self._may_stand_in)
        if not facts:
            raise NothingToMove
        return order, facts


def register_document(register: Register) -> dict[str, Any]:
    """The register's own fields."""
    return {"hand_overs": [asdict(one) for one in register.hand_overs]}


def register_from(doc: Mapping[str, Any]) -> Register:
    """The register in a document."""
    return Register(hand_overs=tuple(HandOver(**one) for one in doc["hand_overs"]), **kernel_fields(doc))


def hand_over_answer(register: Register, id: str, at: datetime) -> dict[str, Any]:
    """A hand-over as callers see it: `holder` is who has the agent's work at `at`."""
    one = next(one for one in register.hand_overs if one.id == id)
    state = "in_force" if one.in_force(at) else "planned"
    return {**stand_ins.told(one), "state": state, "holder": stand_ins.resolve(register, one.agent, at)}
